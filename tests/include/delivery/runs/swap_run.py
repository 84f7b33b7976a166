"""Runs a project's DAG in Airflow itself, before a cloud in memory, and notes what came of it.

A program of its own, since it needs a database of its own: ``AIRFLOW_HOME`` says where. The first
argument is the file for the outcomes, as JSON. Each other one is a task that fails in one run,
or is skipped where ``skip:`` stands before it; ``-`` is a run in which none does.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, BaseSensorOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from include.delivery.commit_dag import build
from include.project.loader import PROJECTS, load_project
from slipway.fleet import swap
from slipway.operators import leased
from slipway.operators import swap as fleet
from slipway.operators.bake_image import BakeImageOperator
from slipway.operators.preflight_look import Preflight
from slipway.operators.record_release import RecordReleaseOperator
from slipway.operators.roll_back import RollBackOperator
from slipway.operators.swap import LaunchOperator, RetireOldOperator, ShiftTrafficOperator
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.slipway.fleet.worlds import deploy, make_image

# What changes the fleet is real; of the others, only what they say.
_REAL = (LaunchOperator, ShiftTrafficOperator, RetireOldOperator, RollBackOperator)
_SAID: dict[type, Any] = {
    BakeImageOperator: make_image("2").to_json(),
    RecordReleaseOperator: {"package": {}, "release": make_image("2").release.to_json()},
}
# Looks that a gate has at the fleet before it opens: the cloud's time passes by them.
_LOOKS = 3


def main(file: str, *failing: str) -> None:
    """Run the DAG once for each task that is to fail."""
    pauses: Any = swap
    pauses._AFTER_CHANGE = pauses._WHILE_WAITING = 0.0
    Path(file).write_text(json.dumps({task: _outcome(task) for task in failing}))


def _outcome(failing: str) -> dict[str, Any]:
    cloud = FakeFleetCloud(healthy={"1", "2"})
    deploy(cloud, "1")
    before = len(cloud.calls)
    doors: Any = fleet
    doors.fleet_cloud = lambda *_, **__: cloud
    doors.require_recorded = lambda *_: None
    # The cloud in memory has server groups and no more.
    looks: Any = Preflight
    looks.require_open = lambda *_: None
    # No commit of these is in a repository, in which one would come after the other.
    order: Any = leased
    order.overtaken = lambda *_: None
    dag = build(load_project(PROJECTS / "guestbook.yaml"), "guestbook")
    for task in dag.tasks:
        _stand_in(task, cloud, fails=task.task_id == failing)
        _pass_over(task, skips=failing == f"skip:{task.task_id}")
    run = dag.test()
    return {
        "run": run.state.value,
        "tasks": _states(dag, run),
        "changes": [call for call, _ in cloud.calls[before:]],
        "attached": sorted(str(one.version) for one in cloud.groups.values() if one.attached),
        "held": sorted(str(one.version) for one in cloud.groups.values() if one.held),
        "there": sorted(str(one.version) for one in cloud.observe().groups if not one.deleting),
        "leases": list(cloud.ssm.parameters),
    }


def _states(dag: DAG, run: Any) -> dict[str, str]:
    states = {one.task_id: str(one.state) for one in run.get_task_instances()}
    return {task.task_id: states[task.task_id] for task in dag.tasks}


def _stand_in(task: Any, cloud: FakeFleetCloud, *, fails: bool) -> None:
    said = _SAID.get(type(task))
    gate = isinstance(task, BaseSensorOperator)
    if fails:
        task.execute = _fail
    elif gate:
        task.execute = _open_after_looks(cloud)
    elif not isinstance(task, _REAL):
        task.execute = lambda context: said


def _pass_over(task: Any, *, skips: bool) -> None:
    if skips:
        task.execute = _skip


def _open_after_looks(cloud: FakeFleetCloud) -> Callable[[Any], None]:
    def look(context: Any) -> None:
        for _ in range(_LOOKS):
            cloud.observe()

    return look


def _fail(context: Any) -> None:
    msg = "as the test wants it"
    raise AirflowFailException(msg)


def _skip(context: Any) -> None:
    msg = "as the test wants it"
    raise AirflowSkipException(msg)


if __name__ == "__main__":
    main(*sys.argv[1:])
