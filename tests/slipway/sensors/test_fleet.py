from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from slipway.exceptions import CloudUnavailable, EnvironmentMisconfigured, UnhealthyRelease
from slipway.fleet.gates import Gate, GateResult
from slipway.model.target import Canary
from slipway.sensors import fleet
from slipway.sensors.canary_soak import CanarySoakSensor
from slipway.sensors.fleet import FleetSensor
from slipway.sensors.fleet_healthy import FleetHealthySensor
from slipway.sensors.fleet_in_service import FleetInServiceSensor
from slipway.sensors.soak import SoakSensor
from slipway.tasks.failure.failed_release import FailedRelease
from tests.slipway.fleet.worlds import make_image, make_target

TARGET = make_target(soak=5.0)
IMAGE = make_image("1").to_json()


@pytest.fixture(autouse=True)
def explained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note what failures are looked into."""
    told: list[str] = []

    def explain(self: FailedRelease, why: str) -> None:
        assert (self.version, self.target.environment) == ("1", "dev")
        told.append(why)

    monkeypatch.setattr(FailedRelease, "explain", explain)
    return told


def _scripted(monkeypatch: pytest.MonkeyPatch, *answers: bool | Exception) -> list[float]:
    script, waited = list(answers), []

    def ask(gate: Any, swap: Any, *, waited_for: float) -> GateResult:
        waited.append(waited_for)
        answer = script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return GateResult(passed=answer, message="so far")

    monkeypatch.setattr(fleet, "evaluate", lambda g, s, waited: ask(g, s, waited_for=waited))
    monkeypatch.setattr(fleet, "open_swap", lambda *_: None)
    return waited


def _sensor(**more: Any) -> FleetHealthySensor:
    return FleetHealthySensor(
        task_id="fleet_healthy", target=TARGET, image=IMAGE, poke_interval=0.01, **more
    )


def test_pokes_until_the_gate_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    waited = _scripted(monkeypatch, False, False, True)
    _sensor().execute({})
    assert len(waited) == 3


def test_an_unhealthy_release_is_not_tried_again(
    monkeypatch: pytest.MonkeyPatch, explained: list[str]
) -> None:
    _scripted(monkeypatch, False, UnhealthyRelease("0 of 2"))
    with pytest.raises(AirflowFailException, match="0 of 2"):
        _sensor().execute({})
    assert explained == ["0 of 2"]


def test_machines_are_not_asked_about_what_is_not_theirs(
    monkeypatch: pytest.MonkeyPatch, explained: list[str]
) -> None:
    for trouble in (EnvironmentMisconfigured("no such alarm"), CloudUnavailable("away")):
        _scripted(monkeypatch, trouble)
        with pytest.raises((AirflowFailException, CloudUnavailable)):
            _sensor().execute({})
    assert explained == []


def test_a_deferrable_one_leaves_the_worker_only_when_it_takes_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fleet, "POKE_FIRST", 0.05)
    waited = _scripted(monkeypatch, *[False] * 100)
    with pytest.raises(TaskDeferred) as deferred:
        _sensor(deferrable=True).execute({})
    assert 1 < len(waited) < 100
    assert deferred.value.timeout is not None


def test_news_of_a_machine_ends_the_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    told = iter([False, False, True])
    verdicts = iter(
        [
            GateResult(passed=False, message="1 of 2", cheap_recheck=lambda: next(told)),
            GateResult(passed=True, message="2 of 2"),
        ]
    )
    slept: list[float] = []
    monkeypatch.setattr("slipway.sensors.fleet.time.sleep", slept.append)
    monkeypatch.setattr(fleet, "evaluate", lambda *_, **__: next(verdicts))
    monkeypatch.setattr(fleet, "open_swap", lambda *_: None)
    _sensor().execute({})
    assert list(told) == []
    assert len(slept) == 2


def test_without_news_the_question_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another machine may have come, or gone, meanwhile."""
    monkeypatch.setattr(fleet, "PATIENT", 0.02)
    quiet = GateResult(passed=False, message="1 of 2", cheap_recheck=lambda: False)
    verdicts = iter([quiet, quiet, GateResult(passed=True, message="2 of 2")])
    monkeypatch.setattr(fleet, "evaluate", lambda *_, **__: next(verdicts))
    monkeypatch.setattr(fleet, "open_swap", lambda *_: None)
    _sensor().execute({})
    assert list(verdicts) == []


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"error": "0 of 2", "retry": False}, AirflowFailException),
        ({"error": "away", "retry": True}, CloudUnavailable),
    ],
)
def test_what_came_of_it_in_the_triggerer(
    event: dict[str, Any], expected: type[Exception], explained: list[str]
) -> None:
    with pytest.raises(expected, match=event["error"]):
        _sensor().execute_complete({}, event)
    assert explained == ([] if event["retry"] else ["0 of 2"])
    _sensor().execute_complete({}, {"passed": True})


@pytest.mark.parametrize(("told", "since"), [({"at": 1_000_000.0}, 1_000_000.0), ({}, 0.0)])
def test_the_time_that_machines_have_begins_where_the_triggerer_saw_it(
    monkeypatch: pytest.MonkeyPatch, told: dict[str, float], since: float
) -> None:
    """One that was deferred before an upgrade knows no time."""
    begun: list[float] = []
    monkeypatch.setattr(FailedRelease, "explain", lambda self, _: begun.append(self.since))
    with pytest.raises(AirflowFailException):
        _sensor().execute_complete({}, {"error": "0 of 2", "retry": False, **told})
    assert begun == [since]


def test_what_the_triggerer_found_wrong_besides_is_not_the_machines(explained: list[str]) -> None:
    event = {"error": "no such alarm", "retry": False, "unhealthy": False}
    with pytest.raises(AirflowFailException):
        _sensor().execute_complete({}, event)
    assert explained == []


def test_the_configuration_says_whether_to_defer(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not _sensor().deferrable
    monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", "True")
    assert _sensor().deferrable
    assert not _sensor(deferrable=False).deferrable


@pytest.mark.parametrize(
    ("sensor", "gate"),
    [
        (FleetHealthySensor, Gate.HEALTHY),
        (FleetInServiceSensor, Gate.IN_SERVICE),
        (CanarySoakSensor, Gate.CANARY_SOAK),
        (SoakSensor, Gate.SOAK),
    ],
)
def test_each_gate_has_its_sensor(sensor: type[FleetSensor], gate: Gate) -> None:
    assert sensor.gate is gate
    made = sensor(task_id="t", target=TARGET, image=IMAGE)
    # Airflow's own limit comes after the gate's, whose message says more.
    assert made.timeout > max(TARGET.health_timeout, TARGET.soak)


def test_a_long_canary_is_waited_for() -> None:
    target = make_target(canary=Canary(soak=7200.0))
    assert CanarySoakSensor(task_id="t", target=target, image=IMAGE).timeout > 7200
