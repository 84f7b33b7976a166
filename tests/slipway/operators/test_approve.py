"""What is kept of an answer, and what a no means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.standard.exceptions import HITLTriggerEventError
from airflow.sdk.exceptions import AirflowFailException

from slipway.hooks.store.approvals import Approval
from tests.slipway.operators.approve import answers
from tests.slipway.operators.approve.answers import (
    AT,
    PROPOSAL,
    answer,
    approve,
    ask,
    frozen,
    kept,
    waiting,
)

if TYPE_CHECKING:
    from include.project.model import Project

pytestmark = pytest.mark.usefixtures("artifacts")
page, project = answers.page, answers.project
KEPT: dict[str, Any] = {
    "by": "Ada",
    "at": int(AT.timestamp()),
    "reason": "the fix is in",
    "digest": PROPOSAL.digest,
    "started_by": "Bob",
}


def test_a_yes_is_kept_with_who_when_and_why(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    task = approve(project)
    returned, pushed = answer(task, "Approve")
    assert returned == {"approved": True, **KEPT}
    assert pushed == {"approval": returned}
    assert kept(task) == Approval(approved=True, **KEPT)
    said = "approved by Ada on 2026-12-24 at 12:00:00 UTC: the fix is in"
    assert said in capsys.readouterr().out


def test_a_no_ends_the_run_for_good_and_is_kept_as_well(project: Project) -> None:
    task = approve(project)
    failure, pushed = answer(task, "Reject")
    assert kept(task) == Approval(approved=False, **KEPT)
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
    assert kept(task) is None
    returned, _ = answer(task, "Approve", params={"override_freeze": "it burns"})
    assert returned["approved"]


def test_nobody_is_asked_again_because_nobody_answered(project: Project) -> None:
    late = {"error": "late", "error_type": "timeout"}
    with pytest.raises(AirflowFailException, match="nobody answered within 7 days"):
        approve(project).execute_complete(waiting(), late)
    with pytest.raises(HITLTriggerEventError):
        approve(project).execute_complete(waiting(), {"error": "odd", "error_type": "unknown"})


def test_a_yes_counts_no_more_while_it_is_asked_for_again(
    project: Project, page: dict[str, Any]
) -> None:
    """The task was cleared, and is marked as successful before anybody answers."""
    task = approve(project)
    answer(task, "Approve")
    assert kept(task) is not None
    ask(task)
    assert kept(task) is None


def test_an_answer_that_chooses_nothing_is_a_no(project: Project) -> None:
    task = approve(project)
    failure, pushed = answer(task, "Approve", chosen_options=[])
    assert isinstance(failure, AirflowFailException)
    assert not pushed["approval"]["approved"]
