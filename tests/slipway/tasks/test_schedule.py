"""A time that passed while nobody was there is not made up for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from slipway.tasks.schedule import require_on_time

DUE = datetime(2026, 11, 27, 3, tzinfo=UTC)


def context(late: timedelta, **more: Any) -> Any:
    run = {
        "run_type": "scheduled",
        "run_after": DUE,
        "start_date": DUE + late,
        "clear_number": 0,
        **more,
    }
    return {"dag_run": SimpleNamespace(**run)}


def test_a_run_at_its_time_or_soon_after_it_runs() -> None:
    require_on_time(context(timedelta(seconds=2)))
    require_on_time(context(timedelta(minutes=20)))


def test_last_nights_run_is_not_made_up_for_at_noon() -> None:
    with pytest.raises(AirflowSkipException, match=r"its time was 2026-11-27 03:00 UTC, 9\.0 h"):
        require_on_time(context(timedelta(hours=9)))


@pytest.mark.parametrize("more", [{"run_type": "manual"}, {"clear_number": 1}])
def test_what_a_person_asks_for_runs(more: dict[str, Any]) -> None:
    require_on_time(context(timedelta(hours=9), **more))


def test_outside_of_a_run_nothing_is_late() -> None:
    require_on_time({})
