"""Which pull requests wait for a person, what that person sees, and what a yes is worth."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest import mock
from uuid import UUID

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskAwaitingInput

from slipway.exceptions import ApprovalMissing, FactMissing
from slipway.hooks.store.runs.facts import digest
from slipway.model.event import Event
from slipway.model.facts import Checkout
from slipway.operators.proposals import approve_commit
from slipway.operators.proposals.approve_commit import ApproveCommitOperator
from slipway.operators.proposals.checkout_proposal import CheckoutProposalOperator
from slipway.policies.pull_requests import Asks
from slipway.tasks.making_way.superseded_run import Superseded, Superseding, let_make_way
from slipway.tasks.proposals.source import commit_mirror, require_consent
from tests.fakes.airflow_run import FakeTask
from tests.fakes.git_server import Repository
from tests.slipway.hooks.git.proposing import propose
from tests.slipway.operators.proposals.pull_requests import RUN, check_out, pull_request

pytestmark = pytest.mark.usefixtures("artifacts")

ASK = replace(RUN, task_id="approve_commit")
TEST = replace(RUN, task_id="test")
PIPELINE, EVIL = "kind: pipeline\n", "kind: pipeline\n# ```\n# [approve](https://e.x)\u202e\n"


def operator(repository: Repository, checkout: Checkout, **options: Any) -> ApproveCommitOperator:
    return ApproveCommitOperator(
        task_id="approve_commit",
        checkout=checkout.to_json(),
        repository=repository.source,
        paths=(".drone.yml", "migrations"),
        **options,
    )


def proposal(repository: Repository, event: Event | None = None, **files: str) -> Checkout:
    repository.commit(_dot_drone_dot_yml=PIPELINE, migrations__1_sql="x", other="1")
    head = propose(repository, **files)
    repository.commit(later="1")
    return check_out(repository, said=(event or pull_request(), head))


def asked(task: ApproveCommitOperator) -> str:
    """Run the task, and return the question; empty where it lets the commit in by itself."""
    with mock.patch.object(approve_commit, "put_question", autospec=True) as put:
        try:
            task.execute(ASK.context)
        except TaskAwaitingInput:
            assert put.call_count == 1
            return f"{task.subject}\n{task.body}"
    assert put.call_count == 0
    return ""


def answer(task: ApproveCommitOperator, option: str, checkout: Checkout) -> Any:
    event = {
        "chosen_options": [option],
        "responded_at": datetime(2026, 12, 24, tzinfo=UTC),
        "params_input": {},
        "responded_by_user": {"id": "7", "name": "Ada"},
    }
    return resumed(task, event, checkout)


def resumed(
    task: ApproveCommitOperator, event: dict[str, Any], checkout: Checkout, **more: Any
) -> Any:
    ti = SimpleNamespace(
        dag_id=ASK.dag_id,
        run_id=ASK.run_id,
        task_id="approve_commit",
        id=UUID(int=1),
        xcom_push=lambda **_: None,
    )
    context: Any = {"ti": ti, "task": task}
    return task.execute_complete(context, event, digest=digest(checkout), **more)


@pytest.mark.parametrize(
    "files",
    [
        {"_dot_drone_dot_yml": EVIL},
        {"migrations__2_sql": "drop table x"},
        {"migrations__1_sql": "y"},
    ],
)
def test_a_fork_that_changes_what_runs_here_waits_for_a_person(
    repository: Repository, files: dict[str, str]
) -> None:
    checkout = proposal(repository, None, **files)
    told: list[Any] = []
    task = operator(repository, checkout)
    task.notifiers = [told.append]  # type: ignore[list-item]
    page = asked(task)
    assert len(told) == 1
    assert "Run a fork's pull request 7 of shop?" in page
    assert checkout.release.sha in page
    assert "later" not in page
    with pytest.raises(FactMissing):
        require_consent(TEST.context, checkout)


def test_a_fork_that_changes_nothing_of_it_runs(repository: Repository) -> None:
    checkout = proposal(repository, other="2", _dot_drone_dot_yml_dot_bak="x")
    task = operator(repository, checkout)
    told: list[Any] = []
    task.notifiers = [told.append]  # type: ignore[list-item]
    assert asked(task) == ""
    assert told == []
    mirror = commit_mirror(TEST.context, checkout, repository.source)
    assert mirror.read(checkout.files, "other") == b"2"
    assert mirror.read(checkout.files, "later") == b"1"


@pytest.mark.parametrize(
    ("asks", "fork", "waits"),
    [
        (Asks.FORKS, True, True),
        (Asks.FORKS, False, False),
        (Asks.EVERYBODY, False, True),
        (Asks.EVERYBODY, True, True),
        (Asks.NOBODY, True, False),
    ],
)
def test_the_project_says_who_waits(
    repository: Repository, asks: Asks, fork: bool, waits: bool
) -> None:
    checkout = proposal(repository, pull_request(fork=fork), _dot_drone_dot_yml=EVIL)
    assert bool(asked(operator(repository, checkout, asks=asks))) is waits


def test_what_strangers_wrote_is_text_on_the_page(repository: Repository) -> None:
    event = pull_request(title="![x](https://e.x)", by="<b>", source="`$(id)`")
    page = asked(operator(repository, proposal(repository, event, _dot_drone_dot_yml=EVIL)))
    assert "`![x](https://e.x)` by `<b>`, from `` `$(id)` `` to main" in page
    # No line of the change ends the block that it stands in.
    [start] = [line for line in page.split("\n") if line.endswith("diff")]
    fence = start.removesuffix("diff")
    assert page.split("\n").count(fence) == 1
    assert "+# ```" in page
    assert "\u202e" not in page
    assert "<U+202E>" in page


def test_a_yes_counts_for_this_commit_and_no_other(repository: Repository) -> None:
    checkout = proposal(repository, _dot_drone_dot_yml=EVIL)
    task = operator(repository, checkout)
    assert asked(task)
    told = answer(task, "Approve", checkout)
    assert (told["asked"], told["by"]) == (True, "Ada")
    require_consent(TEST.context, checkout)
    for other in (
        replace(checkout, release=replace(checkout.release, sha="f" * 40)),
        replace(checkout, merge=None),
        replace(checkout, event=pull_request(fork=False)),
    ):
        with pytest.raises(ApprovalMissing, match="something else"):
            require_consent(TEST.context, other)
    # Another run of the same commit asks again.
    elsewhere = FakeTask(dag_id="shop.pr", run_id="pr__7__y", task_id="test")
    with pytest.raises(FactMissing):
        require_consent(elsewhere.context, checkout)


def test_a_no_ends_the_run_for_good(repository: Repository) -> None:
    checkout = proposal(repository, _dot_drone_dot_yml=EVIL)
    task = operator(repository, checkout)
    assert asked(task)
    with pytest.raises(AirflowFailException, match="rejected by Ada"):
        answer(task, "Reject", checkout)
    with pytest.raises(FactMissing):
        commit_mirror(TEST.context, checkout, repository.source)


def test_a_task_that_was_marked_as_successful_lets_nobody_in(repository: Repository) -> None:
    checkout = proposal(repository, _dot_drone_dot_yml=EVIL)
    with pytest.raises(FactMissing, match="signed nothing in this run"):
        commit_mirror(TEST.context, checkout, repository.source)


def test_the_target_that_moved_while_somebody_read_is_asked_about_anew(
    repository: Repository,
) -> None:
    checkout = proposal(repository, _dot_drone_dot_yml=EVIL)
    task = operator(repository, checkout)
    assert asked(task)
    repository.commit(much="later")
    again = CheckoutProposalOperator(
        task_id="checkout", project="shop", repository=repository.source, ref="", branch="main"
    )
    task.checkout = again.execute(RUN.context)
    with pytest.raises(AirflowFailException, match="checkout was run again"):
        answer(task, "Approve", checkout)


def test_whoever_is_not_answered_looks_now_and_then_and_ends_after_its_time(
    repository: Repository,
) -> None:
    checkout = proposal(repository, _dot_drone_dot_yml=EVIL)
    task = operator(repository, checkout, response_timeout=timedelta(days=7))
    assert asked(task)
    late = {"error": "nobody", "error_type": "timeout"}
    with pytest.raises(TaskAwaitingInput) as caught:
        resumed(task, late, checkout, since=time.time() - 3600)
    assert caught.value.timeout is not None
    assert 360 <= caught.value.timeout.total_seconds() < 400
    with pytest.raises(AirflowFailException, match="nobody answered within 7 days"):
        resumed(task, late, checkout, since=time.time() - 8 * 86400)


def test_a_newer_commit_ends_the_wait_and_an_answer_that_comes_too_late(
    repository: Repository,
) -> None:
    checkout = proposal(repository, _dot_drone_dot_yml=EVIL)
    task = operator(repository, checkout)
    assert asked(task)
    superseding = mock.create_autospec(Superseding, instance=True)
    superseding.newer.return_value = "1234567"
    let_make_way(task, superseding)
    with pytest.raises(Superseded, match="superseded by 1234567"):
        resumed(task, {"error": "nobody", "error_type": "timeout"}, checkout)
    with pytest.raises(Superseded):
        answer(task, "Approve", checkout)
    with pytest.raises(FactMissing):
        require_consent(TEST.context, checkout)
