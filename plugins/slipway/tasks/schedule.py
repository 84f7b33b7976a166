"""A schedule's time that was missed is not made up for.

After an outage, or once somebody resumes a DAG, Airflow makes a run for the last time that passed:
the tests of last night, in the middle of the day.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

if TYPE_CHECKING:
    from airflow.sdk import Context

# A run that begins later than this has missed its time.
LATE = timedelta(hours=1)


def require_on_time(context: Context) -> None:
    """Skip a run whose time has long passed, unless a person wants it.

    :param context: the task's.
    :raises AirflowSkipException: when it was missed.
    """
    run: Any = context.get("dag_run")
    kind = getattr(run, "run_type", "")
    if getattr(kind, "value", kind) != "scheduled" or getattr(run, "clear_number", 0):
        return
    due, began = getattr(run, "run_after", None), getattr(run, "start_date", None)
    if due is None or began is None or began - due <= LATE:
        return
    msg = (
        f"its time was {due:%Y-%m-%d %H:%M} {due.tzname()}, {_hours(began - due)} ago: a time that "
        "was missed is not made up for; trigger the DAG, or clear this run, to have it all the same"
    )
    raise AirflowSkipException(msg)


def _hours(late: timedelta) -> str:
    return f"{late.total_seconds() / 3600:.1f} h"
