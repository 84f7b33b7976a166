"""What stops a release while it is watched, and what does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from slipway.exceptions import EnvironmentMisconfigured, UnhealthyRelease
from slipway.fleet.gates import Gate, GateResult, evaluate
from slipway.fleet.goals import Goal
from slipway.model.cloud.alarm import Alarm
from slipway.model.cloud.answer import Answer
from slipway.model.cloud.health_check import Scheme
from slipway.model.target import Probe
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.fakes.prober import FakeProber
from tests.slipway.fleet.swap.actors import edit
from tests.slipway.fleet.worlds import deploy, make_swap

NEW = "shop-dev-2"
PAGE = "https://shop.example/ready"
READY = Probe(path="/ready")
QUIET = Alarm(name="shop errors", ringing=False, since=5000.0)


@pytest.fixture
def cloud() -> FakeFleetCloud:
    """Release 1 served, and release 2 is let in beside it."""
    cloud = FakeFleetCloud(healthy={"1", "2"})
    deploy(cloud, "1")
    for wish in (Goal.LAUNCHED, Goal.IN_TRAFFIC):
        make_swap(cloud, "2").converge(wish, timeout=10)
    for _ in range(2):
        cloud.observe()
    edit(cloud, NEW, created=2000.0)
    return cloud


def _machines(cloud: FakeFleetCloud) -> list[str]:
    return [str(one.address) for one in cloud.groups[NEW].machines]


class Answers:
    """Machines and pages that answer as they are told, and then rightly."""

    def __init__(self, **wrong: list[str]) -> None:
        self.wrong = dict(wrong)
        self.asked: list[tuple[str, Any]] = []
        self.prober = FakeProber(machines=self._probe, page=self._probe_url)

    def _probe(self, addresses: list[str], **question: Any) -> list[Answer]:
        self.asked += [(address, question) for address in addresses]
        return [self._answer(address) for address in addresses]

    def _probe_url(self, url: str, *, status: int) -> Answer:
        self.asked.append((url, status))
        return self._answer(url)

    def _answer(self, address: str) -> Answer:
        script = self.wrong.get(address, [])
        said = script.pop(0) if script else "HTTP 200"
        return Answer(address=address, healthy=said == "HTTP 200", said=said)


def _look(cloud: FakeFleetCloud, answers: Answers | None = None, **more: Any) -> GateResult:
    prober = (answers or Answers()).prober
    return evaluate(Gate.SOAK, make_swap(cloud, "2", prober=prober, soak=30.0, **more), waited=10)


def test_each_machine_is_asked_past_the_balancer_and_the_page_as_well(
    cloud: FakeFleetCloud,
) -> None:
    answers = Answers()
    verdict = _look(cloud, answers, probe=replace(READY, url=PAGE, status=204))
    question = {
        "scheme": Scheme.HTTP,
        "port": 80,
        "path": "/ready",
        "status": "204",
        "timeout": 3.0,
    }
    assert answers.asked == [*((one, question) for one in _machines(cloud)), (PAGE, 204)]
    assert verdict == GateResult(passed=False, message="2 machines serve, 10 of 30 s")


def test_a_port_of_its_own(cloud: FakeFleetCloud) -> None:
    answers = Answers()
    _look(cloud, answers, probe=replace(READY, port=9000))
    assert {question["port"] for _, question in answers.asked} == {9000}


def test_a_page_alone(cloud: FakeFleetCloud) -> None:
    answers = Answers()
    _look(cloud, answers, probe=Probe(url=PAGE))
    assert answers.asked == [(PAGE, 200)]


def test_a_lost_packet_stops_nothing(cloud: FakeFleetCloud) -> None:
    first, second = _machines(cloud)
    answers = Answers(**{second: ["ConnectTimeout"] * 2, PAGE: ["HTTP 502"]})
    assert not _look(cloud, answers, probe=replace(READY, url=PAGE)).passed
    # Only who was wrong is asked again.
    assert [who for who, _ in answers.asked] == [first, second, PAGE, second, PAGE, second]


@pytest.mark.parametrize("failures", [1, 3])
def test_a_machine_that_answers_wrongly_in_a_row_is_a_breach(
    cloud: FakeFleetCloud, failures: int
) -> None:
    address = _machines(cloud)[1]
    answers = Answers(**{address: ["HTTP 500"] * failures})
    told = rf"wants HTTP 200, and got {failures} times in a row: i-\S+ at {address}: HTTP 500"
    with pytest.raises(UnhealthyRelease, match=told):
        _look(cloud, answers, probe=replace(READY, failures=failures))
    assert [who for who, _ in answers.asked].count(address) == failures


def test_a_page_that_answers_wrongly_in_a_row_is_a_breach(cloud: FakeFleetCloud) -> None:
    answers = Answers(**{PAGE: ["HTTP 502"] * 3})
    with pytest.raises(UnhealthyRelease, match=rf"row: {PAGE}: HTTP 502"):
        _look(cloud, answers, probe=Probe(url=PAGE))


def test_there_is_a_pause_between_two_tries(cloud: FakeFleetCloud) -> None:
    answers = Answers(**{PAGE: ["HTTP 502"] * 3})
    paused: list[float] = []
    swap = replace(
        make_swap(cloud, "2", prober=answers.prober, probe=Probe(url=PAGE)), sleep=paused.append
    )
    with pytest.raises(UnhealthyRelease):
        evaluate(Gate.SOAK, swap, waited=1)
    assert paused == [1.0, 1.0]


def test_a_machine_that_still_boots_is_not_asked(
    cloud: FakeFleetCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A policy asked for one more; the balancer does not send it anything yet."""
    cloud.groups[NEW] = replace(cloud.groups[NEW], desired=3)
    monkeypatch.setattr(cloud, "observe", lambda **_: FakeFleetCloud.observe(cloud))
    answers = Answers()
    before = _machines(cloud)
    _look(cloud, answers, probe=READY)
    assert len(_machines(cloud)) == 3
    assert [who for who, _ in answers.asked] == before


def test_an_alarm_that_goes_off_is_a_breach(cloud: FakeFleetCloud) -> None:
    cloud.bells = [replace(QUIET, ringing=True, since=2000.0, reason="9 errors"), QUIET]
    with pytest.raises(UnhealthyRelease, match=r"since shop-dev-2 .*: shop errors \(9 errors\)"):
        _look(cloud, alarms=("shop errors",))


def test_an_alarm_that_rang_before_the_launch_does_not_stop_its_cure(cloud: FakeFleetCloud) -> None:
    cloud.bells = [replace(QUIET, ringing=True, since=1999.9)]
    verdict = _look(cloud, alarms=("shop errors",))
    assert verdict.message.endswith("shop errors rang before the launch and does not count")


def test_what_is_quiet_or_lacks_data_or_is_not_listened_to(cloud: FakeFleetCloud) -> None:
    cloud.bells = [QUIET, Alarm(name="other", ringing=True, since=5000.0)]
    assert not _look(cloud, alarms=("shop errors",)).passed
    assert not _look(cloud).passed


@pytest.mark.parametrize("gone", [("shop eror",), ("shop errors", "shop eror")])
def test_an_alarm_that_does_not_exist_is_named_before_anything_is_launched(
    cloud: FakeFleetCloud, gone: tuple[str, ...]
) -> None:
    cloud.bells = [QUIET, replace(QUIET, name="billing")]
    calls = len(cloud.calls)
    told = r"dev is watched by .*not exist: 'shop eror' \(nearest: shop errors\)\n.*soak\.alarms"
    with pytest.raises(EnvironmentMisconfigured, match=told):
        make_swap(cloud, "3", alarms=gone).converge(Goal.LAUNCHED, timeout=10)
    assert len(cloud.calls) == calls
    with pytest.raises(EnvironmentMisconfigured, match=r"'zz' \(nothing there is called alike"):
        make_swap(cloud, "3", alarms=("zz",)).converge(Goal.LAUNCHED, timeout=10)


def test_the_way_back_needs_no_alarm(cloud: FakeFleetCloud) -> None:
    make_swap(cloud, "1", alarms=("gone",)).converge(Goal.LAUNCHED, timeout=10)
    make_swap(cloud, "2", alarms=("gone",)).converge(Goal.ROLLED_BACK, timeout=20)
