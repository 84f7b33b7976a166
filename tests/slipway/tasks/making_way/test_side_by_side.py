"""Once one of the tasks that run side by side has failed, the others end and free the next run."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import pytest
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from slipway.exceptions import CloudUnavailable, TestsFailed
from slipway.operators import (
    bake_image,
    build_deb,
    preflight,
    rehearse_migrations,
    run_pipeline,
)
from slipway.operators.bake_image import BakeImageOperator
from slipway.operators.build_deb import BuildDebOperator
from slipway.operators.migrations import GooseMigrateOperator
from slipway.operators.preflight import PreflightOperator
from slipway.operators.rehearse_migrations import GooseRehearseOperator
from slipway.operators.run_pipeline import RunPipelineOperator
from slipway.tasks.making_way import side_by_side
from slipway.tasks.making_way.side_by_side import STOPPED, SideBySide
from slipway.tasks.retries import no_retry_on_input_error

# Seconds that a task would go on, were it not stopped; and that stopping it may take here.
LONG, SOON = 6.0, 4.0


class Work(BaseOperator):
    """A task; what it left behind is counted."""

    kills = 0

    def on_kill(self) -> None:
        self.kills += 1


@dataclass
class Run:
    """Stands in for Airflow's task instance.

    :param looks: the states of the run's tasks at one look after the other; the last one stays.
    :param others: the XComs ``stopped`` of the other tasks.
    """

    looks: list[dict[str, str | None] | Exception]
    others: dict[str, list[str]] = field(default_factory=dict)
    max_tries: int = 2
    dag_id: str = "shop"
    run_id: str = "commit__1"
    task_id: str = "build_deb"
    asked: int = 0
    pushed: dict[str, Any] = field(default_factory=dict)

    def get_task_states(self, *, dag_id: str, run_ids: list[str]) -> dict[str, Any]:
        assert (dag_id, run_ids) == (self.dag_id, [self.run_id])
        self.asked += 1
        now = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(now, Exception):
            raise now
        return {self.run_id: now}

    def xcom_pull(self, *, task_ids: str, key: str) -> Any:
        assert key == STOPPED
        return self.others.get(task_ids)

    def xcom_push(self, *, key: str, value: Any) -> None:
        self.pushed[key] = value


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(side_by_side, "PAUSE", 0.02)
    monkeypatch.setattr(side_by_side, "AGAIN", 0.02)
    monkeypatch.setattr(side_by_side, "_supervised", lambda: True)
    before = signal.getsignal(signal.SIGUSR1)
    yield
    assert signal.getsignal(signal.SIGUSR1) is before


def work(run: Run, body: Callable[[], Any]) -> Work:
    task = Work(task_id=run.task_id, retries=2)
    with SideBySide(task, {"ti": run}), no_retry_on_input_error():  # type: ignore[typeddict-item]
        body()
    return task


def stopped(run: Run, body: Callable[[], Any], *, because: str) -> None:
    began = time.monotonic()
    with pytest.raises(AirflowFailException, match=f"^stopped, because {because} failed$"):
        work(run, body)
    assert time.monotonic() - began < SOON


def busy() -> None:
    time.sleep(LONG)


def stubborn() -> None:
    until = time.monotonic() + LONG
    while time.monotonic() < until:
        try:
            time.sleep(0.05)
        except Exception:
            continue


def waits_for_a_program() -> None:
    subprocess.run(["sleep", str(LONG)], check=True)


@pytest.mark.parametrize("body", [busy, stubborn, waits_for_a_program])
def test_a_failed_test_stops_the_package_beside_it(body: Callable[[], None]) -> None:
    run = Run(looks=[{"test": "running"}, {"test": "failed", "build_deb": "running"}])
    stopped(run, body, because="test")
    assert run.pushed == {STOPPED: ["test"]}


def test_what_the_task_has_running_elsewhere_is_removed_also_what_came_meanwhile() -> None:
    task = Work(task_id="build_deb", retries=2)
    run: Any = Run(looks=[{"test": "failed"}])
    with pytest.raises(AirflowFailException, match="stopped"), SideBySide(task, {"ti": run}):
        busy()
    assert task.kills == 2


def test_a_failure_of_its_own_that_came_of_being_stopped_is_not_told_as_one() -> None:
    """The container of a step that was removed ends with an exit code, like a failed test."""
    task = Work(task_id="test", retries=2)
    removed: list[bool] = []
    task.on_kill = lambda: removed.append(True)  # type: ignore[method-assign]

    def step() -> None:
        while not removed:
            time.sleep(0.001)
        msg = "the step unit failed with exit code 137"
        raise TestsFailed(msg)

    run: Any = Run(looks=[{"rehearse_migrations": "failed"}], task_id="test")
    with (
        pytest.raises(AirflowFailException, match=r"^stopped, because rehearse_migrations failed$"),
        SideBySide(task, {"ti": run}),
        no_retry_on_input_error(),
    ):
        step()


@pytest.mark.parametrize(
    "state",
    [
        None,
        "scheduled",
        "queued",
        "running",
        "restarting",
        "up_for_retry",
        "deferred",
        "removed",
        "skipped",
        "upstream_failed",
        "success",
    ],
)
def test_a_task_that_was_killed_or_cleared_or_is_tried_again_has_not_failed(
    state: str | None,
) -> None:
    run = Run(looks=[{"test": state, "build_deb": "running"}])
    task = work(run, lambda: time.sleep(0.2))
    assert run.asked > 2
    assert (task.kills, run.pushed) == (0, {})


def test_a_failure_that_is_gone_at_the_next_look_was_none() -> None:
    run = Run(looks=[{"test": "failed"}, {"test": None}, {"test": "failed"}, {"test": "running"}])
    assert work(run, lambda: time.sleep(0.3)).kills == 0


def test_its_own_failure_before_it_was_cleared_is_not_anothers() -> None:
    run = Run(looks=[{"test": "success", "build_deb": "failed"}])
    assert work(run, lambda: time.sleep(0.2)).kills == 0


def test_the_one_that_failed_is_named_and_not_those_that_were_stopped_with_it() -> None:
    looks: list[Any] = [{"test": "failed", "rehearse_migrations": "failed"}]
    run = Run(looks=looks, others={"rehearse_migrations": ["test"]})
    stopped(run, busy, because="test")
    both = Run(looks=looks)
    stopped(both, busy, because="rehearse_migrations and test")


def test_a_task_that_was_stopped_is_no_reason_once_the_one_that_failed_was_cleared() -> None:
    states: dict[str, str | None] = {"test": "queued", "rehearse_migrations": "failed"}
    run = Run(looks=[states], others={"rehearse_migrations": ["test"]})
    assert work(run, lambda: time.sleep(0.2)).kills == 0


def test_who_clears_one_task_of_a_failed_run_sees_how_it_goes() -> None:
    run = Run(looks=[{"test": "failed"}], max_tries=3)
    assert work(run, lambda: time.sleep(0.2)).kills == 0


def test_what_fails_meanwhile_stops_a_cleared_task_as_well() -> None:
    looks: list[Any] = [
        {"test": "failed", "rehearse_migrations": "running"},
        {"test": "failed", "rehearse_migrations": "failed"},
    ]
    stopped(Run(looks=looks, max_tries=3), busy, because="rehearse_migrations")


def test_a_try_that_begins_after_the_failure_ends_at_once() -> None:
    """It waited for its next try, or for a slot, while the other one failed."""
    stopped(Run(looks=[{"test": "failed"}]), busy, because="test")


def test_bad_weather_beside_a_failure_is_not_waited_for() -> None:
    def away() -> None:
        msg = "the registry is away"
        raise CloudUnavailable(msg)

    failed = Run(looks=[{"test": "failed"}])
    with pytest.raises(AirflowFailException, match=r"is away\n.*because test failed"):
        work(failed, away)
    with pytest.raises(CloudUnavailable):
        work(Run(looks=[{"test": "running"}]), away)


def test_bad_weather_is_waited_for_where_a_person_cleared_that_task_alone() -> None:
    def away() -> None:
        time.sleep(0.1)
        msg = "the registry is away"
        raise CloudUnavailable(msg)

    with pytest.raises(CloudUnavailable):
        work(Run(looks=[{"test": "failed"}], max_tries=3), away)


def test_its_own_mistake_keeps_its_words_and_a_skip_stays_one() -> None:
    def wrong() -> None:
        msg = "no such file"
        raise TestsFailed(msg)

    def nothing() -> None:
        raise AirflowSkipException("nothing ran")  # noqa: EM101

    with pytest.raises(AirflowFailException, match=r"^no such file"):
        work(Run(looks=[{"test": "running"}]), wrong)
    with pytest.raises(AirflowSkipException, match="nothing ran"):
        work(Run(looks=[{"test": "running"}]), nothing)


def test_as_long_as_nobody_can_say_the_work_goes_on() -> None:
    run = Run(looks=[ConnectionError("the API server is away")])
    assert work(run, lambda: time.sleep(0.2)).kills == 0
    assert run.asked > 2


def test_where_tasks_run_one_by_one_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    run = Run(looks=[{"test": "failed"}])
    assert work(run, lambda: None).kills == 0
    assert run.asked == 0
    with SideBySide(Work(task_id="build_deb", retries=2), {}):
        pass


def test_what_cannot_be_removed_does_not_keep_the_task_from_ending() -> None:
    task = Work(task_id="bake_image", retries=2)
    task.on_kill = mock.Mock(side_effect=CloudUnavailable("away"))  # type: ignore[method-assign]
    run: Any = Run(looks=[{"preflight": "failed"}])
    with pytest.raises(AirflowFailException, match="because preflight failed"):  # noqa: SIM117
        with SideBySide(task, {"ti": run}):
            busy()


@pytest.mark.parametrize(
    ("module", "kind"),
    [
        (run_pipeline, RunPipelineOperator),
        (rehearse_migrations, GooseRehearseOperator),
        (build_deb, BuildDebOperator),
        (bake_image, BakeImageOperator),
        (preflight, PreflightOperator),
    ],
)
def test_whatever_runs_long_beside_others_looks_on(
    monkeypatch: pytest.MonkeyPatch, module: Any, kind: type[BaseOperator]
) -> None:
    class Opened(Exception):
        pass

    monkeypatch.setattr(module, "SideBySide", mock.Mock(side_effect=Opened))
    with pytest.raises(Opened):
        kind.execute(mock.Mock(), {})
    assert kind.on_kill is not BaseOperator.on_kill


def test_what_changes_an_environment_is_never_stopped_half_way() -> None:
    assert "SideBySide" not in GooseMigrateOperator.work.__code__.co_names


def test_a_stopped_task_ends_for_good_also_where_it_cannot_say_why() -> None:
    """The signal may come in the middle of a talk with the supervisor, and spoil the next one."""
    run = Run(looks=[{"test": "failed"}])
    run.xcom_push = mock.Mock(side_effect=RuntimeError("no answer"))  # type: ignore[method-assign]
    stopped(run, busy, because="test")
