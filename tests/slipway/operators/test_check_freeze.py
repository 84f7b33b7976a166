from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from slipway.model.facts import Json
from slipway.operators.check_freeze import CheckFreezeOperator
from slipway.policies.freeze_windows import FreezeWindow

CHRISTMAS = FreezeWindow(
    begin="2026-12-19T00:00", until="2027-01-05T00:00", zone="UTC", reason="nobody is here"
)
INSIDE, OUTSIDE = datetime(2026, 12, 24, tzinfo=UTC), datetime(2026, 12, 18, tzinfo=UTC)


def check(now: datetime, *, skip: bool = False, user: str | None = "ada", **params: Any) -> Any:
    context: Any = {"params": params, "dag_run": SimpleNamespace(triggering_user_name=user)}
    operator = CheckFreezeOperator(
        task_id="check_freeze", windows=[CHRISTMAS], skip=skip, clock=lambda: now
    )
    return operator.execute(context)


def test_outside_of_every_window_a_run_goes_on() -> None:
    assert check(OUTSIDE) is None
    assert check(OUTSIDE, override_freeze="to be sure") is None


@pytest.mark.parametrize("override", [None, "", "  "])
def test_inside_it_stops_and_names_window_and_end(override: str | None) -> None:
    with pytest.raises(AirflowFailException) as caught:
        check(INSIDE, override_freeze=override)
    said = str(caught.value)
    assert "nobody is here (until Tue 2027-01-05 00:00 UTC)" in said
    assert "override_freeze" in said


def test_a_run_that_nobody_started_is_skipped() -> None:
    with pytest.raises(AirflowSkipException, match="nobody is here"):
        check(INSIDE, skip=True)
    assert check(OUTSIDE, skip=True) is None


@pytest.mark.parametrize(("user", "told"), [("ada", "ada"), (None, "an unnamed user")])
def test_a_reason_lets_it_through_and_is_kept(
    user: str | None, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    kept: Json = check(INSIDE, user=user, override_freeze=" the shop is down ")
    assert kept == {"window": str(CHRISTMAS), "by": told, "reason": "the shop is down"}
    said = capsys.readouterr().out
    assert f"nobody is here (until Tue 2027-01-05 00:00 UTC); overridden by {told}: the" in said


def test_a_dry_run_goes_on_and_says_that_it_is_frozen(capsys: pytest.CaptureFixture[str]) -> None:
    assert check(INSIDE, dry_run=True) is None
    assert "nobody is here" in capsys.readouterr().out
