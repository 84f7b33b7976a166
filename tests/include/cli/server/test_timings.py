"""Where a run's seconds went, as Airflow's own server says it to whoever may see the run."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from include.cli.server import order
from include.cli.server.client import PAGE
from include.cli.server.errors import RunUnknown
from include.cli.server.timings import ServerRuns, tell_timings
from slipway.hooks.airflow_times import PastRuns
from tests.fakes.airflow_database import runs_of
from tests.include.cli.server.airflow import House, Shell, set_states
from tests.include.cli.server.conftest import DAG

_ASKED = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)


def run(ann: Shell, seconds: float, state: str = "success") -> str:
    """Have a run that ended; its plan took so long, and the check before it one second."""
    assert order.order(ann.desk(), ann.login, DAG, {}, to_the_end=False) == 0
    run_id = list(runs_of(DAG))[-1]
    set_states(DAG, run_id, state, choose_release="success", plan=state)
    times = {"choose_release": (2.0, 3.0), "plan": (5.0, 5.0 + seconds)}
    lay_times(run_id, times)
    return run_id


def lay_times(run_id: str, times: dict[str, tuple[float, float]]) -> None:
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        query = select(DagRun).where(DagRun.dag_id == DAG, DagRun.run_id == run_id)
        session.scalars(query).one().queued_at = _ASKED
        tasks = select(TaskInstance).where(TaskInstance.run_id == run_id)
        for task in session.scalars(tasks):
            if found := times.get(task.task_id):
                task.start_date, task.end_date = (_ASKED + timedelta(seconds=at) for at in found)


def told(shell: Shell, what: str, last: int = 0, *, as_programs: bool = False) -> str:
    out = io.StringIO()
    assert tell_timings(shell.server, out, what, last=last, as_programs=as_programs) == 0
    return out.getvalue()


def test_a_run_is_drawn_as_where_airflow_is(airflow: House) -> None:
    ann = airflow.shell("ann")
    run_id = run(ann, 10)
    for word in (run_id, run_id[:-2], DAG):
        text = told(ann, word).splitlines()
        assert text[0] == (f"{DAG} {run_id}  success: 15.0 s, in 4.0 s of them no step was at work")
        assert [line.split()[1:4] for line in text[1:3]] == [
            ["choose_release", "2.0", "1.0"],
            ["plan", "5.0", "10.0"],
        ]
    [found] = json.loads(told(ann, run_id, as_programs=True))
    assert (found["total"], found["idle"]) == (15.0, 4.0)


def test_the_server_tells_what_airflows_database_has(airflow: House) -> None:
    ann = airflow.shell("ann")
    run(ann, 10)
    failed = run(ann, 20, state="failed")
    afar, beside = ServerRuns(ann.server), PastRuns()

    def sorted_steps(runs: Any) -> Any:
        return [
            (one.run_id, one.state, one.asked, sorted(one.steps, key=lambda step: step.task_id))
            for one in runs
        ]

    assert sorted_steps(afar.last(DAG, PAGE)) == sorted_steps(beside.last(DAG, PAGE))
    assert sorted_steps(afar.named(failed)) == sorted_steps(beside.named(failed))


def test_a_projects_steps_are_compared_over_its_runs(airflow: House) -> None:
    ann = airflow.shell("ann")
    for seconds in (10, 10, 30, 30):
        run(ann, seconds)
    [plan] = [line for line in told(ann, DAG, last=20).splitlines() if line.startswith("plan")]
    assert plan.split() == ["plan", "4", "20.0s", "10.0s", "30.0s", "+200%"]


def test_what_is_no_pattern_of_airflows_finds_nothing_else(airflow: House) -> None:
    ann = airflow.shell("ann")
    run(ann, 10)
    assert ServerRuns(ann.server).named("shell%") == []


def test_a_name_that_is_not_there_has_the_nearest(airflow: House) -> None:
    with pytest.raises(RunUnknown, match="did you mean shop prod"):
        told(airflow.shell("ann"), "shop.prd")


def test_where_nothing_has_ended_yet_that_is_said(
    airflow: House, capsys: pytest.CaptureFixture[str]
) -> None:
    out = io.StringIO()
    ann = airflow.shell("ann")
    assert tell_timings(ann.server, out, DAG, last=0, as_programs=False) == 1
    assert f"nothing of {DAG} has ended yet" in capsys.readouterr().err
