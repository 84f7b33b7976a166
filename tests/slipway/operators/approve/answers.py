"""A question to a person, and answers."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest import mock
from uuid import UUID

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskAwaitingInput
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import CommsDecoder, MaskSecret

from include.delivery.commit_dag import build
from include.project.freeze import Freeze
from include.project.loader import PROJECTS, load_project
from slipway.operators.approve import ApproveReleaseOperator
from tests.slipway.operators.releases import make_proposal

if TYPE_CHECKING:
    from include.project.model import Project
    from slipway.hooks.store.approvals import Approval

AT = datetime(2026, 12, 24, 12, 0, tzinfo=UTC)
RUN = {"dag_id": "guestbook.prod", "run_id": "manual__1"}
PROPOSAL = make_proposal("2", environment="prod", made_at=int(AT.timestamp()) - 600, **RUN)
TI = UUID(int=1)


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
    task.admission.book.propose(PROPOSAL)
    return task


def kept(task: ApproveReleaseOperator) -> Approval | None:
    """What the tasks that change something will find."""
    return task.admission.book.approval(PROPOSAL)


def frozen() -> Freeze:
    fields = {"from": "2026-12-19", "until": "2027-01-04", "reason": "nobody is here"}
    return Freeze.model_validate(fields)


def answer(task: ApproveReleaseOperator, option: str, **event: Any) -> tuple[Any, dict[str, Any]]:
    """Answer, and return what the task returned or raised, and its XComs."""
    pushed: dict[str, Any] = {}
    ti = SimpleNamespace(xcom_push=lambda key, value: pushed.update({key: value}), id=TI, **RUN)
    context: Any = {"ti": ti, "task": task, "params": event.pop("params", {}), "dag_run": None}
    told = {
        "chosen_options": [option],
        "responded_at": AT,
        "timedout": False,
        "params_input": {"reason": " the fix is in "},
        "responded_by_user": {"id": "7", "name": "Ada"},
    }
    try:
        digest = event.pop("digest", PROPOSAL.digest)
        return task.execute_complete(context, {**told, **event}, digest=digest), pushed
    except (AirflowFailException, AirflowSkipException) as failure:
        return failure, pushed


def waiting(**more: Any) -> Any:
    """The context of a task that nobody answered yet."""
    ti = SimpleNamespace(xcom_push=lambda key, value: None, id=TI, **RUN)
    return {"ti": ti, "params": {}, "dag_run": None, **more}


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What Airflow keeps of the question; the first one, for good."""
    shown: dict[str, Any] = {}

    def send(msg: Any) -> Any:
        if isinstance(msg, MaskSecret):
            return None
        shown.setdefault("asked", msg)
        return shown["asked"]

    comms = mock.create_autospec(CommsDecoder, instance=True)
    comms.send.side_effect = send
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", comms, raising=False)
    return shown


def ask(task: ApproveReleaseOperator) -> TaskAwaitingInput:
    with pytest.raises(TaskAwaitingInput) as left:
        task.execute(waiting())
    return left.value
