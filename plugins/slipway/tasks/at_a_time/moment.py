"""The time that a run is set for, which whoever started it gave as a parameter."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from slipway.policies.planned_time import (
    LATEST_CHANGE,
    SKEW,
    PlannedTime,
    read,
    require_ahead,
    until,
)
from slipway.tasks.controls.refusals import NotItsTime
from slipway.tasks.params import reason_of

if TYPE_CHECKING:
    from airflow.sdk import Context

# The parameter.
AT = "at"
_EARLY = (
    "a task that was marked as successful does not make it begin sooner: to deploy now, `fab "
    "cancel` it and trigger a run without a time"
)
_LATE = "nothing was changed: look at what came in between, then trigger a new run"


def planned_time(context: Context) -> PlannedTime | None:
    """Return the time that a run is set for; None for one that begins when it can.

    :param context: the task's.
    :raises BadTime: when what the run was given is no time.
    """
    text = reason_of(context, AT)
    return read(text) if text else None


def require_good_time(context: Context, now: datetime) -> None:
    """Make sure, as a run begins, that the time it is set for is one to come.

    :param context: the task's.
    :param now: with its zone.
    :raises BadTime: when it is not.
    """
    planned = planned_time(context)
    if planned is not None:
        require_ahead(planned, now)


def moment_of(context: Context, now: datetime) -> datetime:
    """Return when a run's change would begin: at its time, or now.

    :param context: the task's.
    :param now: with its zone.
    """
    planned = planned_time(context)
    return max(now, planned.at) if planned is not None else now


def its_time_has_come(context: Context, now: datetime | None = None) -> bool:
    """Tell whether a run begins by itself now, since the time has come that it was set for.

    Some seconds early as well: the worker that found that it has may have another clock.

    :param context: the task's.
    :param now: with its zone; the clock's if not given.
    """
    planned = planned_time(context)
    return planned is not None and planned.at - SKEW <= (now or datetime.now(UTC))


def require_its_time(context: Context, now: datetime) -> None:
    """Make sure that a run changes nothing before its time, nor long after it.

    The clock may be some seconds behind that of the worker by which the time had come, who said so.

    :param context: the task's.
    :param now: with its zone.
    :raises NotItsTime: when that is still to come, or passed without it.
    """
    planned = planned_time(context)
    if planned is not None and now - planned.at > LATEST_CHANGE:
        msg = f"{planned} passed without it: it is {now.astimezone(UTC):%Y-%m-%d %H:%M} UTC by now"
        raise NotItsTime(msg, advice=_LATE)
    if planned is not None and now < planned.at - SKEW:
        msg = f"this deployment is set for {planned}, which is in {until(planned, now)}"
        raise NotItsTime(msg, advice=_EARLY)
