"""What a task does before it begins: wait, where Slipway is being maintained.

A run that begins meanwhile waits at its first task, without a worker: what was pushed is kept, in
order, and goes on by itself afterwards. A run that had begun goes on to its end, or to where it
asks a person, and no further.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import Variable
from airflow.sdk.exceptions import AirflowRescheduleException

from slipway.model.maintenance import VARIABLE, Maintenance
from slipway.model.text.inert import visible

if TYPE_CHECKING:
    from airflow.sdk import Context

# Seconds until a task that waits looks again.
AGAIN = 20
_LOG = logging.getLogger(__name__)


def wait_while_maintained(context: Context) -> None:
    """Leave the worker, and come back later, where this run is held up.

    :param context: the task's.
    :raises AirflowRescheduleException: then; it is no failure, and no try is used up.
    """
    told = Variable.get(VARIABLE, default=None)
    if not told:
        return
    maintenance = Maintenance.read(told)
    run: Any = context["dag_run"]
    began_at = run.start_date.timestamp()
    if not maintenance.holds(run.dag_id, began_at, after_person=_after_person(context["task"])):
        return
    _LOG.info(
        "waiting: Slipway is being maintained since %s (%s: %s); this run goes on afterwards",
        datetime.fromtimestamp(maintenance.at, UTC).isoformat(timespec="seconds"),
        visible(maintenance.by),
        visible(maintenance.why, 500),
    )
    raise AirflowRescheduleException(datetime.now(UTC) + timedelta(seconds=AGAIN))


def _after_person(task: Any) -> bool:
    """Tell whether a task comes right after a person's answer, and before any change."""
    from airflow.providers.standard.operators.hitl import HITLOperator

    before = getattr(task, "upstream_list", ())
    if any(isinstance(one, HITLOperator) for one in before):
        return True
    # What somebody chose is told to every task; a swap that has begun is not held up by that.
    in_swap = str(task.task_id).startswith("swap.")
    return not in_swap and any(getattr(one, "asks_people", False) for one in before)
