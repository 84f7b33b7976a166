"""What is kept of an answer, and what a no means."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from airflow.providers.standard.exceptions import HITLTriggerEventError
from airflow.providers.standard.operators import hitl
from airflow.sdk.exceptions import AirflowFailException, TaskAwaitingInput

from include.delivery.delivery_dag import build
from include.delivery.freeze import Freeze
from include.delivery.loader import PROJECTS, load_project
from include.delivery.project import Project
from slipway.operators.approval import ApproveReleaseOperator

AT = datetime(2026, 12, 24, 12, 0, tzinfo=UTC)
KEPT = {"by": "Ada", "at": int(AT.timestamp()), "reason": "the fix is in"}


@pytest.fixture(scope="module")
def project() -> Project:
    return load_project(PROJECTS / "guestbook.yaml")


def approve(project: Project, **environment: Any) -> ApproveReleaseOperator:
    """The task as it stands in production's DAG."""
    prod = project.environments["prod"].model_copy(update=environment)
    one = project.model_copy(update={"environments": {**project.environments, "prod": prod}})
    task: Any = build(one, "guestbook.prod").get_task("approve")
    assert isinstance(task, ApproveReleaseOperator)
    task.clock = lambda: AT
    return task


def frozen() -> Freeze:
    fields = {"from": "2026-12-19", "until": "2027-01-04", "reason": "nobody is here"}
    return Freeze.model_validate(fields)


def answer(task: ApproveReleaseOperator, option: str, **event: Any) -> tuple[Any, dict[str, Any]]:
    """Answer, and return what the task returned or raised, and its XComs."""
    pushed: dict[str, Any] = {}
    ti = SimpleNamespace(xcom_push=lambda key, value: pushed.update({key: value}))
    context: Any = {"ti": ti, "task": task, "params": event.pop("params", {}), "dag_run": None}
    told = {
        "chosen_options": [option], "responded_at": AT, "timedout": False,
        "params_input": {"reason": " the fix is in "},
        "responded_by_user": {"id": "7", "name": "Ada"},
    }  # fmt: skip
    try:
        return task.execute_complete(context, {**told, **event}), pushed
    except AirflowFailException as failure:
        return failure, pushed


def test_a_yes_is_kept_with_who_when_and_why(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    returned, pushed = answer(approve(project), "Approve")
    assert returned == {"approved": True, **KEPT}
    assert pushed == {"approval": returned}
    said = "approved by Ada on 2026-12-24 at 12:00:00 UTC: the fix is in"
    assert said in capsys.readouterr().out


def test_a_no_ends_the_run_for_good_and_is_kept_as_well(project: Project) -> None:
    failure, pushed = answer(approve(project), "Reject")
    # An AirflowFailException is not tried again, so nobody is asked a second time.
    assert isinstance(failure, AirflowFailException)
    assert str(failure).startswith("rejected by Ada on 2026-12-24 at 12:00:00 UTC: the fix is in")
    assert pushed["approval"] == {"approved": False, **KEPT}


@pytest.mark.parametrize("given", [{}, None, {"reason": None}, {"reason": "  "}])
def test_a_reason_may_be_missing_and_that_is_kept(project: Project, given: Any) -> None:
    returned, _ = answer(approve(project), "Approve", params_input=given)
    assert returned["reason"] == ""


def test_a_user_without_a_name_is_known_by_the_id(project: Project) -> None:
    user = {"id": "7", "name": ""}
    assert answer(approve(project), "Approve", responded_by_user=user)[0]["by"] == "7"
    nobody = answer(approve(project), "Approve", responded_by_user=None)[0]
    assert nobody["by"] == "an unnamed user"


def test_a_yes_within_a_freeze_comes_too_late(project: Project) -> None:
    task = approve(project, freeze=(frozen(),))
    failure, pushed = answer(task, "Approve")
    assert "nobody is here (until Tue 2027-01-05 00:00 UTC)" in str(failure)
    assert pushed["approval"]["approved"]
    returned, _ = answer(task, "Approve", params={"override_freeze": "it burns"})
    assert returned["approved"]


def test_nobody_is_asked_again_because_nobody_answered(project: Project) -> None:
    late = {"error": "late", "error_type": "timeout"}
    with pytest.raises(AirflowFailException, match="nobody answered within 7 days"):
        approve(project).execute_complete({}, late)
    with pytest.raises(HITLTriggerEventError):
        approve(project).execute_complete({}, {"error": "odd", "error_type": "unknown"})


def test_the_form_asks_for_the_reason_and_for_nothing_else(project: Project) -> None:
    task = approve(project, freeze=(frozen(),))
    context: Any = {"task_instance": SimpleNamespace(id="x")}
    with (
        mock.patch.object(hitl, "upsert_hitl_detail", autospec=True) as asked,
        pytest.raises(TaskAwaitingInput),
    ):
        hitl.HITLOperator.execute(task, context)
    assert list(asked.call_args.kwargs["params"]) == ["reason"]
    assert asked.call_args.kwargs["options"] == ["Approve", "Reject"]


def test_the_form_shows_the_plan_and_the_override(project: Project) -> None:
    from jinja2 import Environment

    body = approve(project, freeze=(frozen(),)).body or ""
    xcoms: dict[str, Any] = {
        "plan": ["release: 2", "1. launch it"],
        "check_freeze": {"window": "Christmas", "by": "Bob", "reason": "it burns"},
    }
    ti = SimpleNamespace(xcom_pull=lambda task, key=None: xcoms[task])
    shown = Environment(autoescape=True).from_string(body).render(ti=ti)
    assert shown.startswith("- `release: 2`\n- `1. launch it`\n\n")
    assert "The freeze (Christmas) is overridden by Bob: it burns" in shown
    xcoms["check_freeze"] = None
    assert "freeze" not in Environment(autoescape=True).from_string(body).render(ti=ti)
