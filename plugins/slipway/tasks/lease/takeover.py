"""Who may take an environment's lease over: a run, once the one that holds it has ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from slipway.tasks.lease.owner import moved, run_of, run_owner

if TYPE_CHECKING:
    from airflow.sdk import Context

    from slipway.fleet.cloud import Cloud
    from slipway.fleet.lease import Lease

ALIVE = ["queued", "running"]
"""States of a run that may still do something."""


def run_lease(context: Context, cloud: Cloud, log: Callable[..., None]) -> Lease:
    """Return the lease on an environment, for the run of a task.

    :param context: the task's.
    :param cloud: the environment's fleet.
    :param log: a logger's method.
    """
    ti: Any = context["ti"]
    told: set[str] = set()

    def dead(owner: str) -> bool:
        """Ask Airflow for the owner's run: one that has ended, or was deleted, is over."""
        run = run_of(owner)
        if (advice := moved(owner)) and owner not in told:
            told.add(owner)
            log("%s", advice)
        if run == (ti.dag_id, ti.run_id):
            return True  # its own, taken by a task of an earlier version
        if run is None or ti.get_dr_count(dag_id=run[0], run_ids=[run[1]], states=ALIVE):
            return False
        log("the lease was left by %s, which has ended", owner)
        return True

    return cloud.lease(owner=run_owner(ti.dag_id, ti.run_id), is_dead=dead)
