"""Once one of the tasks that run side by side has failed, the others end and free the next run."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from slipway.exceptions import CloudUnavailable, TestsFailed
from slipway.operators import bake_image, build_deb, preflight, rehearse_migrations, run_pipeline
from slipway.operators.bake_image import BakeImageOperator
from slipway.operators.build_deb import BuildDebOperator
from slipway.operators.migrations import GooseMigrateOperator
from slipway.operators.preflight import PreflightOperator
from slipway.operators.rehearse_migrations import GooseRehearseOperator
from slipway.operators.run_pipeline import RunPipelineOperator
from slipway.tasks.making_way.side_by_side import STOPPED, SideBySide
from tests.slipway.tasks.making_way.side_by_side import neighbours
from tests.slipway.tasks.making_way.side_by_side.neighbours import (
    LONG,
    Run,
    Work,
    busy,
    stopped,
    work,
)

if TYPE_CHECKING:
    from collections.abc import Callable

quickly = neighbours.quickly


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
