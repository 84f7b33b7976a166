"""What people held, stopped, rejected and cancelled stays so, whatever happens: counted cases."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from slipway.model.controls import Action
from slipway.operators.swap import LaunchOperator
from tests.slipway.operators.at_a_time.timed import planned_again
from tests.slipway.operators.swap.begin.runs import state
from tests.slipway.operators.swap.controls import asked_again, situations
from tests.slipway.operators.swap.controls.asked_again import BRAKES, admission
from tests.slipway.operators.swap.controls.situations import say, task

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fakes.fleet_cloud import FakeFleetCloud

pytestmark = pytest.mark.usefixtures("artifacts")
cloud = situations.cloud
ROOT = Path(__file__).resolve().parents[5]


def refused(brake: str, **how: Any) -> None:
    """Try to begin, as the task does that would change something first."""
    given = asked_again.context(brake, **how)
    if at := given["params"].get("at"):
        planned_again(at)
    with pytest.raises((AirflowFailException, AirflowSkipException), match=BRAKES[brake][2]):
        _begins(brake).execute(given)


def _begins(brake: str) -> LaunchOperator:
    """The task that would change something first; its time has come just now."""
    made: LaunchOperator = task(LaunchOperator, admission(brake))
    made.clock = lambda: datetime.now(UTC)
    return made


def _restart(brake: str) -> None:
    """A process that knows nothing but the store."""
    asks = subprocess.run(
        [sys.executable, "-m", asked_again.__name__, brake],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert asks.returncode == 3, asks.stderr
    assert BRAKES[brake][2] in asks.stdout


def _retry(brake: str) -> None:
    for _ in range(3):
        refused(brake)


def _clear(brake: str) -> None:
    refused(brake, cleared=1)
    refused(brake, cleared=2)


def _second_airflow(brake: str) -> None:
    """One that shares the store, and has runs of its own that are called the same."""
    refused(brake, host="elsewhere")


AFTER: dict[str, Callable[[str], None]] = {
    "a restart": _restart,
    "a retry": _retry,
    "a clear": _clear,
    "in a second Airflow": _second_airflow,
}


def test_the_table_is_whole() -> None:
    said = {action for action, _, _ in BRAKES.values()}
    assert said == {Action.HOLD, Action.STOP, Action.REJECT, Action.CANCEL}
    assert (len(BRAKES), len(AFTER), len(BRAKES) * len(AFTER)) == (8, 4, 32)


@pytest.mark.parametrize("brake", BRAKES)
@pytest.mark.parametrize("after", AFTER)
def test_nothing_begins_whatever_happened_since(
    brake: str, after: str, cloud: FakeFleetCloud
) -> None:
    action, scope, _ = BRAKES[brake]
    say(action, **scope)
    before = state(cloud)
    refused(brake)
    AFTER[after](brake)
    refused(brake)
    assert state(cloud) == before


@pytest.mark.parametrize("brake", BRAKES)
def test_without_the_brake_it_would_have_begun(brake: str, cloud: FakeFleetCloud) -> None:
    given = asked_again.context(brake)
    if at := given["params"].get("at"):
        planned_again(at)
    before = state(cloud)
    _begins(brake).execute(given)
    assert state(cloud) != before
