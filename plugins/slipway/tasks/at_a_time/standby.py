"""A way back that is set for a time by which its warm machines will be gone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from slipway.tasks.at_a_time.moment import its_time_has_come, planned_time

if TYPE_CHECKING:
    from airflow.sdk import Context

    from slipway.model.fleet import Fleet


def gone_by_then(context: Context, fleet: Fleet, version: str) -> list[str]:
    """Return a line where a release is warm now, and will not be at the run's time.

    :param context: the task's.
    :param fleet: as observed.
    :param version: the release that comes.
    """
    planned, group = planned_time(context), fleet.of(version)
    if planned is None or its_time_has_come(context) or group is None:
        return []
    until = group.standby_until
    if until is None or until > planned.seconds:
        return []
    ends = f"{datetime.fromtimestamp(until, UTC):%Y-%m-%d %H:%M} UTC"
    return [
        f"{group.name} is kept warm until {ends}, which is before its time: once it is gone this "
        "is another plan, and does not begin"
    ]
