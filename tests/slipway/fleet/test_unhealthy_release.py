"""Why a release failed: asked side by side, bounded, and told in the machines' own words."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from slipway.fleet.unhealthy_release import MOST_MACHINES, FailureAnalysis, Findings, report_lines
from slipway.model.cloud.answer import Answer
from slipway.model.cloud.failure_report import MachineReport
from slipway.model.cloud.health_check import HealthCheck
from slipway.model.target import Probe
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.fakes.prober import FakeProber
from tests.slipway.fleet.worlds import make_group, make_target

CRASHED = ("Traceback (most recent call last):", "KeyError: 'DATABASE_URL'")


@dataclass
class Machines:
    """Stands in for the explainer.

    :param speak: what a machine does when it is asked.
    """

    speak: Callable[[str], MachineReport]
    asked: list[str] = field(default_factory=list)
    questions: Sequence[HealthCheck] = ()

    def __call__(self, questions: Sequence[HealthCheck]) -> Machines:
        self.questions = questions
        return self

    def explain(self, instance_id: str, address: str, *, until: float) -> MachineReport:
        self.asked.append(instance_id)
        return self.speak(instance_id)


def _crashed(name: str) -> MachineReport:
    return MachineReport(
        instance_id=name, source="ssm", journal=CRASHED, listens=("0.0.0.0:9999 (python3)",)
    )


def _broken(addresses: list[str], **_: Any) -> list[Answer]:
    return [Answer(address=one, healthy=False, said="HTTP 500") for one in addresses]


@pytest.fixture
def cloud() -> FakeFleetCloud:
    cloud = FakeFleetCloud()
    group = make_group("2", attached=False, live_since=None)
    cloud.groups = {group.name: group}
    cloud.words = {"i-shop-dev-2-0": "unused: Target.NotInUse"}
    return cloud


def _analyse(
    cloud: FakeFleetCloud,
    machines: Machines,
    *,
    answers: Callable[..., list[Answer]] = _broken,
    **more: Any,
) -> Findings:
    prober = FakeProber(machines=answers)
    fields = {"prober": prober, "target": make_target(), "version": "2", "longest": 2.0, **more}
    return FailureAnalysis(cloud=cloud, explain=machines, **fields).run()


def test_the_reason_stands_in_the_services_own_words(cloud: FakeFleetCloud) -> None:
    found = _analyse(cloud, Machines(_crashed))
    lines = list(report_lines(found.machines(), found.balancer_asks))
    text = "\n".join(lines)
    assert "i-shop-dev-2-0 at 10.1.0.0 (InService):" in lines
    assert "  asked http://10.1.0.0:80/ for 200-299: HTTP 500" in lines
    assert lines[0] == "the balancer asks http://:80/ for 200-299"
    assert "  the balancer says unused: Target.NotInUse" in lines
    assert "it listens on 0.0.0.0:9999 (python3), and not on 80" in text
    assert "    | KeyError: 'DATABASE_URL'" in lines


@pytest.mark.parametrize("stuck", ["machines", "cloud"])
def test_nobody_who_hangs_holds_up_the_way_back(
    cloud: FakeFleetCloud, monkeypatch: pytest.MonkeyPatch, stuck: str
) -> None:
    ever = threading.Event()

    def hangs(*_: Any, **__: Any) -> Any:
        ever.wait(30)
        return _crashed("i")

    if stuck == "cloud":
        monkeypatch.setattr(cloud, "observe", hangs)
    began = time.monotonic()
    found = _analyse(cloud, Machines(hangs), longest=1.0)
    assert time.monotonic() - began < 2.0
    problems = [one.problem for one in found.machines()]
    assert problems == ([] if stuck == "cloud" else ["it did not answer in time"] * 2)
    ever.set()


def test_one_that_hangs_does_not_silence_the_other(cloud: FakeFleetCloud) -> None:
    ever = threading.Event()

    def speak(name: str) -> MachineReport:
        if name.endswith("0"):
            ever.wait(30)
        return _crashed(name)

    found = _analyse(cloud, Machines(speak), longest=1.0)
    ever.set()
    assert [one.journal for one in found.machines()] == [(), CRASHED]


def test_a_mistake_of_ours_is_a_line_in_the_log(cloud: FakeFleetCloud) -> None:
    def breaks(_: str) -> MachineReport:
        msg = "a bug\nwith lines"
        raise RuntimeError(msg)

    found = _analyse(cloud, Machines(breaks))
    assert [one.problem for one in found.machines()] == ["a bug"] * 2


def test_a_large_fleet_is_not_asked_in_full(cloud: FakeFleetCloud) -> None:
    group = make_group("2", size=9, attached=False, live_since=None)
    cloud.groups = {group.name: group}
    machines = Machines(_crashed)
    found = _analyse(cloud, machines)
    assert len(machines.asked) == len(found.machines()) == MOST_MACHINES
    assert len(found.ill) == 9


def test_a_large_fleet_that_hangs_is_not_asked_one_after_the_other(cloud: FakeFleetCloud) -> None:
    """Two seconds each, sixteen at a time: a hundred would take longer than there is."""
    asked: list[str] = []

    def hang(addresses: list[str], **_: Any) -> list[Answer]:
        asked.extend(addresses)
        return [Answer(address=one, healthy=False, said="Timeout") for one in addresses]

    group = make_group("2", size=100, attached=False, live_since=None)
    cloud.groups = {group.name: group}
    found = _analyse(cloud, Machines(_crashed), answers=hang)
    assert len(asked) == len(found.ill) == 16
    assert len(found.machines()) == MOST_MACHINES


def test_only_the_ill_ones_are_asked(cloud: FakeFleetCloud) -> None:
    def asked(addresses: list[str], **_: Any) -> list[Answer]:
        return [
            Answer(address=one, healthy=one == "10.1.0.0", said="HTTP 200") for one in addresses
        ]

    machines = Machines(_crashed)
    _analyse(cloud, machines, answers=asked)
    assert machines.asked == ["i-shop-dev-2-1"]


def test_where_nobody_is_ill_an_alarm_may_speak_of_any(cloud: FakeFleetCloud) -> None:
    def asked(addresses: list[str], **_: Any) -> list[Answer]:
        return [Answer(address=one, healthy=True, said="HTTP 200") for one in addresses]

    assert len(_analyse(cloud, Machines(_crashed), answers=asked).ill) == 2
    assert _analyse(cloud, Machines(_crashed), answers=asked, any_machine=False).ill == ()


def test_healthy_when_asked_but_not_in_service_is_ill(cloud: FakeFleetCloud) -> None:
    """The balancer asks something else: its reasons are what counts."""

    def asked(addresses: list[str], **_: Any) -> list[Answer]:
        return [Answer(address=one, healthy=True, said="HTTP 200") for one in addresses]

    group = make_group("2", health="unhealthy", live_since=None)
    cloud.groups = {group.name: group}
    cloud.words = {"i-shop-dev-2-0": "unhealthy: Target.Timeout: Request timed out"}
    found = _analyse(cloud, Machines(_crashed), answers=asked, any_machine=False)
    assert len(found.ill) == 2
    assert "Target.Timeout" in found.machines()[0].balancer


def test_a_machine_that_never_came_up_is_ill_and_has_no_address(cloud: FakeFleetCloud) -> None:
    group = make_group("2", size=1, attached=False, lifecycle="Pending", live_since=None)
    lost = tuple(replace(one, address=None) for one in group.machines)
    cloud.groups = {group.name: replace(group, machines=lost)}

    def console(name: str) -> MachineReport:
        return MachineReport(instance_id=name, source="console", console=("Kernel panic",))

    found = _analyse(cloud, Machines(console))
    text = "\n".join(report_lines(found.machines(), found.balancer_asks))
    assert "| Kernel panic" in text
    assert "asked" not in text


def test_what_a_soak_asks_the_machine_asks_itself_as_well(cloud: FakeFleetCloud) -> None:
    machines = Machines(_crashed)
    _analyse(cloud, machines, target=make_target(probe=Probe(path="/ready")))
    assert [one.path for one in machines.questions] == ["/", "/ready"]


def test_what_a_probe_got_is_text(cloud: FakeFleetCloud) -> None:
    def asked(addresses: list[str], **_: Any) -> list[Answer]:
        said = "ProtocolError: \x1b[2J\n::endgroup::"
        return [Answer(address=one, healthy=False, said=said) for one in addresses]

    found = _analyse(cloud, Machines(_crashed), answers=asked)
    assert found.machines()[0].answered == "ProtocolError: <U+001B>[2J<U+000A>::endgroup::"


@pytest.mark.parametrize(
    ("asked", "listens", "said"),
    [
        ("http://10.0.0.5:80/a:9/b for 200", ("0.0.0.0:80 (nginx)",), "0.0.0.0:80 (nginx)"),
        ("http://10.0.0.5:80/", ("[::]:8080 (java)",), "[::]:8080 (java), and not on 80"),
        ("tcp://10.0.0.5:6000", (), "no port, and not on 6000"),
        ("", ("[::]:22 (sshd)",), "[::]:22 (sshd)"),
    ],
)
def test_a_service_that_listens_elsewhere(asked: str, listens: tuple[str, ...], said: str) -> None:
    one = MachineReport(instance_id="i-1", source="ssm", asked=asked, listens=listens)
    assert f"  it listens on {said}" in list(report_lines([one], ""))


def test_a_release_without_a_group_has_nothing_to_say(cloud: FakeFleetCloud) -> None:
    cloud.groups = {}
    found = _analyse(cloud, Machines(_crashed))
    assert (found.group, found.ill, found.machines()) == (None, (), ())
