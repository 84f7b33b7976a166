"""The DAG of one environment: what waits there for days is in nobody's way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.delivery.defaults import RUNS
from include.delivery.environment_dag import environment_dag
from tests.include.delivery.commit_dag import projects

if TYPE_CHECKING:
    from include.project.model import Project

project = projects.project
# They wait for days; Airflow counts one that is deferred as one at work.
WAIT = {"choose_release", "approve", "wait_for_time"}


def test_many_that_wait_for_their_time_leave_room_for_one_that_is_urgent(project: Project) -> None:
    dag = environment_dag(project, "prod")
    assert dag.max_active_runs >= 100
    assert set(dag.task_ids) >= WAIT
    unbound = {one.task_id for one in dag.tasks if one.max_active_tis_per_dag is None}
    assert unbound >= WAIT
    for name in ("plan", "bake_image", "swap.launch", "swap.retire_old"):
        assert dag.get_task(name).max_active_tis_per_dag == RUNS, name
