"""What begins a change looks at the clock and at the plan itself, whatever was marked before it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskAwaitingInput

from slipway.operators.choose_release import ChooseReleaseOperator
from slipway.policies.planned_time import read
from tests.slipway.fleet.worlds import deploy, make_target, serving
from tests.slipway.operators.approve import answers
from tests.slipway.operators.approve.answers import AT, RUN, TI, approve
from tests.slipway.operators.at_a_time.timed import context, in_a, planned_again
from tests.slipway.operators.releases import make_proposal
from tests.slipway.operators.swap.begin import runs
from tests.slipway.operators.swap.begin.runs import BEGINS, CHANGES, make, state

if TYPE_CHECKING:
    from unittest import mock

    from include.project.model import Project
    from tests.fakes.fleet_cloud import FakeFleetCloud

pytestmark = pytest.mark.usefixtures("artifacts")
cloud, migrated = runs.cloud, runs.migrated
page, project = answers.page, answers.project


def begin(kind: Any, at: str) -> None:
    task = make(kind)
    task.windows, task.clock = (), lambda: datetime.now(UTC)
    task.execute(context("t", at))


@pytest.mark.parametrize("kind", CHANGES)
def test_before_its_time_nothing_begins(
    kind: Any, cloud: FakeFleetCloud, migrated: mock.Mock
) -> None:
    at, before = in_a(hours=3), state(cloud)
    planned_again(at)
    with pytest.raises(
        AirflowFailException, match=r"is set for .* UTC, which is in (2 h 5\d|3 h 0) m"
    ):
        begin(kind, at)
    assert state(cloud) == before
    migrated.assert_not_called()


@pytest.mark.parametrize("kind", CHANGES)
def test_where_nobody_planned_again_nothing_begins(kind: Any, cloud: FakeFleetCloud) -> None:
    before = state(cloud)
    with pytest.raises(AirflowFailException, match="the task wait_for_time signed nothing"):
        begin(kind, in_a(minutes=-1))
    assert state(cloud) == before


@pytest.mark.parametrize("kind", CHANGES)
@pytest.mark.parametrize("wrong", ["version", "replaces", "time"])
def test_another_plan_than_this_ones_lets_nothing_begin(
    kind: Any, wrong: str, cloud: FakeFleetCloud
) -> None:
    """Two that were set for the same time: the second finds what the first has brought."""
    at, before = in_a(minutes=-2), state(cloud)
    told = {"version": {"version": "1"}, "replaces": {"replaces": "0"}, "time": {}}[wrong]
    planned_again(in_a(minutes=-1) if wrong == "time" else at, **told)
    with pytest.raises(AirflowFailException, match="what was planned for"):
        begin(kind, at)
    assert state(cloud) == before


@pytest.mark.parametrize("kind", CHANGES)
def test_long_after_its_time_nothing_begins(kind: Any, cloud: FakeFleetCloud) -> None:
    """Whatever it waited for, after its plan still held: a bake, or the turn of another."""
    at, before = in_a(hours=-6, minutes=-2), state(cloud)
    planned_again(at)
    with pytest.raises(AirflowFailException, match=r"passed without it(?s:.*)nothing was changed"):
        begin(kind, at)
    assert state(cloud) == before


def test_a_swap_that_has_begun_goes_on_however_late_it_is(cloud: FakeFleetCloud) -> None:
    at = in_a(minutes=-1)
    planned_again(at)
    begin(BEGINS[-1], at)
    deploy(cloud, "2")
    task = make(BEGINS[-1])
    task.windows, task.clock = (), lambda: datetime.now(UTC) + timedelta(days=1)
    task.execute(context("t", at))
    assert "2" in serving(cloud)


@pytest.mark.parametrize("behind", [5, 29])
def test_a_clock_that_is_some_seconds_behind_ends_nothing(
    behind: int, cloud: FakeFleetCloud
) -> None:
    at, before = in_a(), state(cloud)
    planned_again(at)
    task, when = make(BEGINS[0]), read(at).at
    task.windows, task.clock = (), lambda: when - timedelta(seconds=behind)
    task.execute(context("t", at))
    assert state(cloud) != before


def test_of_one_that_is_further_behind_nobody_knows_that_it_is_the_clock(
    cloud: FakeFleetCloud,
) -> None:
    at = in_a()
    planned_again(at)
    task, when = make(BEGINS[0]), read(at).at
    task.windows, task.clock = (), lambda: when - timedelta(seconds=40)
    with pytest.raises(AirflowFailException, match=r"is set for .*, which is in 40 s"):
        task.execute(context("t", at))


@pytest.mark.parametrize("kind", BEGINS)
def test_at_its_time_it_begins_as_planned(kind: Any, cloud: FakeFleetCloud) -> None:
    at = in_a(minutes=-1)
    planned_again(at)
    before = state(cloud)
    begin(kind, at)
    assert state(cloud) != before


def test_a_swap_that_was_interrupted_goes_on_although_its_release_serves_by_now(
    cloud: FakeFleetCloud,
) -> None:
    at = in_a(minutes=-1)
    planned_again(at)
    begin(BEGINS[-1], at)
    deploy(cloud, "2")
    begin(BEGINS[-1], at)
    assert "2" in serving(cloud)


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("tomorrow", "is no day and time"),
        (in_a(hours=-1), "is over"),
        (in_a(days=70), "are the most"),
    ],
)
def test_a_bad_time_ends_the_run_at_its_first_task(at: str, words: str) -> None:
    task = ChooseReleaseOperator(task_id="choose_release", target=make_target(), version="2")
    with pytest.raises(AirflowFailException, match=words):
        task.execute(context("choose_release", at))


class TestQuestion:
    """The yes that is asked beforehand, on the day before Christmas at noon."""

    TIME = "2026-12-25 06:00 UTC"

    def proposed(self, project: Project) -> Any:
        task = approve(project)
        made = int(AT.timestamp()) - 8 * 86400  # longer ago than anything else would be asked
        task.admission.book.propose(
            make_proposal("2", environment="prod", made_at=made, at=self.TIME, **RUN)
        )
        return task

    def asked(self, task: Any, at: str = TIME) -> Any:
        ti = SimpleNamespace(xcom_push=lambda key, value: None, id=TI, **RUN)
        return {"ti": ti, "params": {"at": at}, "dag_run": None}

    def test_it_names_the_time_and_is_open_until_then(
        self, project: Project, page: dict[str, Any]
    ) -> None:
        task = self.proposed(project)
        with pytest.raises(TaskAwaitingInput) as left:
            task.execute(self.asked(task))
        assert page["asked"].subject == f"Deploy shop 2 to prod at {self.TIME}?"
        assert left.value.timeout == timedelta(hours=18)

    def test_an_answer_that_never_came_changes_nothing(self, project: Project) -> None:
        task = self.proposed(project)
        task.clock = lambda: AT + timedelta(hours=18)
        timed_out = {"error": "too late", "error_type": "timeout"}
        with pytest.raises(AirflowFailException, match=f"nobody answered before {self.TIME}"):
            task.execute_complete(self.asked(task), timed_out)
        with pytest.raises(AirflowFailException, match=f"nobody answered before {self.TIME}"):
            task.execute(self.asked(task))
