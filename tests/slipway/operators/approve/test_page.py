"""What the approver's page says, and whose yes counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from include.project.rights import May
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.controls import ControlBook
from slipway.model.controls import Action, ControlEvent
from slipway.operators import approve as approval
from slipway.operators.approve import question
from slipway.policies.controls import after
from tests.slipway.operators.approve import answers
from tests.slipway.operators.approve.answers import (
    PROPOSAL,
    RUN,
    TI,
    answer,
    approve,
    ask,
    frozen,
    kept,
    waiting,
)
from tests.slipway.operators.releases import make_proposal

if TYPE_CHECKING:
    from include.project.model import Project
    from slipway.hooks.store.approvals import Approval, Proposal

pytestmark = pytest.mark.usefixtures("artifacts")
page, project = answers.page, answers.project


def test_the_form_asks_for_the_reason_and_for_nothing_else(
    project: Project, page: dict[str, Any]
) -> None:
    left = ask(approve(project, freeze=(frozen(),)))
    assert list(page["asked"].params) == ["reason"]
    assert page["asked"].options == ["Approve", "Reject"]
    assert left.kwargs == {"digest": PROPOSAL.digest}
    assert left.timeout == timedelta(days=7) - timedelta(seconds=600)


def test_whoever_approves_reads_the_release_and_the_plan_line_by_line(
    project: Project, page: dict[str, Any]
) -> None:
    ask(approve(project))
    assert page["asked"].subject == "Deploy shop 2 to prod?"
    assert page["asked"].body.split("\n") == [
        "- `release: 2, in place of 1`",
        "- `1. launch shop-prod-2`",
        "",
        "Started by Bob.",
        "",
        f"Package `d`, plan `{PROPOSAL.digest}`.",
        "",
    ]


def test_whoever_is_asked_reads_whose_yes_counts(
    project: Project, page: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    simple = "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
    monkeypatch.setenv("AIRFLOW__CORE__AUTH_MANAGER", simple)
    monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS", "False")
    monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS", "eve:op,carl:viewer")
    may = May(approve=("Ada", "role:op"))
    ask(approve(project, approvals=2, four_eyes=True, may=may))
    said = page["asked"].body
    assert "This is yes 1 of 2, each by another person." in said
    assert "Ada, whoever has the role op" in said
    assert "Whoever started the run, or has a commit in it, does not count." in said
    # And Airflow's server refuses the others' answers.
    assert [one.id for one in page["asked"].assigned_users] == ["Ada", "eve"]


def test_whoever_is_asked_reads_what_a_yes_brings_and_whose_it_has_to_be(
    project: Project, page: dict[str, Any]
) -> None:
    task = approve(project, four_eyes=True, may=May(approve=("Ada",)))
    plan: Any = task.dag.get_task("plan")
    assert None not in (plan.between, plan.repository)
    lines = (*PROPOSAL.lines, "brings 1 commit", "migration 2_x.sql")
    task.admission.book.propose(replace(PROPOSAL, lines=lines))
    ask(task)
    told = page["asked"].body
    ends = ("brings 1 commit", "migration 2_x.sql", "A yes counts of: ", "has a commit in it")
    places = [told.index(words) for words in ends]
    assert places == sorted(places)


def test_a_yes_without_the_right_ends_the_run_and_changes_nothing(project: Project) -> None:
    task = approve(project, may=May(approve=("carl",)))
    failure, _ = answer(task, "Approve")
    assert "the yes of Ada does not count: Ada may not approve deployments to prod" in str(failure)
    assert kept(task) is None
    own = approve(project, four_eyes=True)
    by_bob = {"responded_by_user": {"id": "8", "name": "Bob"}}
    failure, _ = answer(own, "Approve", **by_bob)
    assert "who starts a run does not approve it here" in str(failure)


def test_a_rejection_while_somebody_was_asked_counts(project: Project) -> None:
    event = ControlEvent(
        action=Action.REJECT,
        by="eve",
        at=0,
        why="loses orders",
        dag_id="controls",
        run_id="r",
        project="guestbook",
        version="2",
    )
    ControlBook(artifact_store()).note(event, after)
    task = approve(project)
    failure, _ = answer(task, "Approve")
    assert "2 was rejected by eve" in str(failure)
    assert kept(task) is None


def test_what_a_repository_wrote_is_text_on_the_approvers_page() -> None:
    lines = ("schema: 1 -> 2, applies 2_`x`.sql", "![ok](https://e.x/a.png) | [now](https://e.x)")
    _, body = question(make_proposal("2", lines=lines, started_by="<b>Ada</b> www.e.x"))
    assert body.split("\n")[:4] == [
        "- ``schema: 1 -> 2, applies 2_`x`.sql``",
        "- `![ok](https://e.x/a.png) <U+007C> [now](https://e.x)`",
        "",
        "Started by `<b>Ada</b> www.e.x`.",
    ]


def test_the_reason_to_override_a_freeze_is_shown(project: Project) -> None:
    _, body = question(PROPOSAL, "it [burns](https://e.x)")
    assert "A freeze is overridden: `it [burns](https://e.x)`" in body
    assert "freeze" not in question(PROPOSAL)[1]


def test_without_a_plan_nobody_is_asked(project: Project, page: dict[str, Any]) -> None:
    """The task `plan` was marked as successful by hand."""
    task = approve(project)
    other: Any = waiting(ti=SimpleNamespace(dag_id="guestbook.prod", run_id="manual__2", id=TI))
    with pytest.raises(AirflowFailException, match="there is no plan to approve"):
        task.execute(other)
    assert page == {}


def test_nobody_approves_the_plan_before_in_place_of_the_one_that_counts(
    project: Project, page: dict[str, Any]
) -> None:
    """Cleared with `plan`: Airflow goes on showing what it was told first."""
    task = approve(project)
    ask(task)
    task.admission.book.propose(make_proposal("3", environment="prod", **RUN))
    with pytest.raises(AirflowFailException, match="still shows what"):
        task.execute(waiting())


def test_a_plan_that_is_made_anew_while_somebody_reads_is_not_approved(project: Project) -> None:
    task = approve(project)
    anew = make_proposal("3", environment="prod", **RUN)
    task.admission.book.propose(anew)
    failure, _ = answer(task, "Approve")
    assert "the plan was made anew" in str(failure)
    assert task.admission.book.approval(anew) is None


def test_who_may_approve_is_asked_of_one_function(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str]] = []

    def refuse(approval: Approval, proposal: Proposal, *_: object) -> str:
        asked.append((approval.by, proposal.started_by))
        return "the starter of a run may not"

    monkeypatch.setattr(approval, "may_approve", refuse)
    task = approve(project)
    failure, _ = answer(task, "Approve")
    assert "the yes of Ada does not count: the starter of a run may not" in str(failure)
    assert asked == [("Ada", "Bob")]
    assert kept(task) is None
