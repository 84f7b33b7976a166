"""What is kept of an answer, and what a no means."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest import mock
from uuid import UUID

import pytest
from airflow.providers.standard.exceptions import HITLTriggerEventError
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskAwaitingInput
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import CommsDecoder, MaskSecret

from include.delivery.commit_dag import build
from include.project.freeze import Freeze
from include.project.loader import PROJECTS, load_project
from include.project.model import Project
from include.project.rights import May
from slipway.hooks.store.approvals import Approval, Proposal
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.controls import ControlBook
from slipway.model.controls import Action, ControlEvent
from slipway.operators import approve as approval
from slipway.operators.approve import ApproveReleaseOperator, question
from slipway.policies.controls import after
from tests.slipway.operators.releases import make_proposal

AT = datetime(2026, 12, 24, 12, 0, tzinfo=UTC)
RUN = {"dag_id": "guestbook.prod", "run_id": "manual__1"}
PROPOSAL = make_proposal("2", environment="prod", made_at=int(AT.timestamp()) - 600, **RUN)
KEPT: dict[str, Any] = {
    "by": "Ada",
    "at": int(AT.timestamp()),
    "reason": "the fix is in",
    "digest": PROPOSAL.digest,
    "started_by": "Bob",
}

TI = UUID(int=1)

pytestmark = pytest.mark.usefixtures("artifacts")


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


def test_a_yes_counts_no_more_while_it_is_asked_for_again(
    project: Project, page: dict[str, Any]
) -> None:
    """The task was cleared, and is marked as successful before anybody answers."""
    task = approve(project)
    answer(task, "Approve")
    assert kept(task) is not None
    ask(task)
    assert kept(task) is None


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


def test_an_answer_that_chooses_nothing_is_a_no(project: Project) -> None:
    task = approve(project)
    failure, pushed = answer(task, "Approve", chosen_options=[])
    assert isinstance(failure, AirflowFailException)
    assert not pushed["approval"]["approved"]


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


class TestNewestOnly:
    """In the commit's own DAG, where a newer commit takes the older one's place."""

    @pytest.fixture
    def task(self, project: Project) -> ApproveReleaseOperator:
        task = approve(project)
        task.newest_only = True
        task.admission.book.supersede(PROPOSAL)
        return task

    @pytest.fixture
    def newer(self, task: ApproveReleaseOperator) -> Proposal:
        newer = make_proposal("3", environment="prod")
        task.admission.book.supersede(newer)
        return newer

    @pytest.mark.parametrize(
        ("waited", "pause"), [(0, 60), (1200, 120), (86_400, 900), (7 * 86_400 - 30, 30)]
    )
    def test_it_looks_for_a_newer_one_from_time_to_time(
        self, task: ApproveReleaseOperator, page: dict[str, Any], waited: int, pause: int
    ) -> None:
        task.clock = lambda: datetime.fromtimestamp(PROPOSAL.made_at + waited, UTC)
        assert ask(task).timeout == timedelta(seconds=pause)
        late = {"error": "late", "error_type": "timeout"}
        with pytest.raises(TaskAwaitingInput):
            task.execute_complete(waiting(), late, digest=PROPOSAL.digest)

    def test_it_ends_when_one_came(self, task: ApproveReleaseOperator, newer: Proposal) -> None:
        late = {"error": "late", "error_type": "timeout"}
        with pytest.raises(AirflowSkipException, match=r"^superseded by 3$"):
            task.execute_complete(waiting(), late, digest=PROPOSAL.digest)

    def test_a_yes_that_comes_after_it_does_nothing(
        self, task: ApproveReleaseOperator, newer: Proposal
    ) -> None:
        failure, pushed = answer(task, "Approve")
        assert isinstance(failure, AirflowSkipException)
        assert pushed["superseded_by"] == "3"
        assert kept(task) is None

    def test_nobody_is_asked_about_the_older_one(
        self, task: ApproveReleaseOperator, newer: Proposal, page: dict[str, Any]
    ) -> None:
        with pytest.raises(AirflowSkipException, match="superseded by 3"):
            task.execute(waiting())
        assert page == {}

    def test_the_newest_is_deployed(self, task: ApproveReleaseOperator) -> None:
        answer(task, "Approve")
        found = kept(task)
        assert found is not None
        assert found.approved

    def test_it_ends_after_a_week(self, task: ApproveReleaseOperator) -> None:
        task.clock = lambda: datetime.fromtimestamp(PROPOSAL.made_at + 7 * 86_400 + 1, UTC)
        late = {"error": "late", "error_type": "timeout"}
        with pytest.raises(AirflowFailException, match="nobody answered within 7 days"):
            task.execute_complete(waiting(), late, digest=PROPOSAL.digest)
