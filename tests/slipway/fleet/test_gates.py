from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from slipway.exceptions import UnhealthyRelease
from slipway.fleet.gates import Gate, evaluate
from slipway.fleet.goals import Goal
from slipway.model.cloud.alarm import Alarm
from slipway.model.cloud.answer import Answer
from slipway.model.cloud.health_check import HealthCheck, Scheme
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.fakes.prober import FakeProber
from tests.slipway.fleet.worlds import make_swap


@pytest.fixture
def prober() -> FakeProber:
    return FakeProber()


@pytest.fixture
def cloud() -> FakeFleetCloud:
    cloud = FakeFleetCloud(healthy={"1"})
    for version in ("1", "bad"):
        make_swap(cloud, version).converge(Goal.LAUNCHED, timeout=10)
    return cloud


def _answering(prober: FakeProber, *said: str) -> list[Any]:
    asked: list[Any] = []

    def probe(addresses: list[str], **question: Any) -> list[Answer]:
        asked.append(question)
        return [
            Answer(address=address, healthy=word == "HTTP 200", said=word)
            for address, word in zip(addresses, said, strict=True)
        ]

    prober.machines = probe
    return asked


def test_every_machine_must_answer(cloud: FakeFleetCloud, prober: FakeProber) -> None:
    asked = _answering(prober, "HTTP 200", "HTTP 503")
    verdict = evaluate(Gate.HEALTHY, make_swap(cloud, "1", prober=prober), waited=1)
    assert not verdict.passed
    assert verdict.message == "1 of 2 machines healthy (i-shop-dev-1-2 at 10.0.0.2: HTTP 503)"
    [question] = asked
    assert question == {
        "scheme": Scheme.HTTP,
        "port": 80,
        "path": "/",
        "status": "200-299",
        "timeout": 3.0,
    }
    _answering(prober, "HTTP 200", "HTTP 200")
    assert evaluate(Gate.HEALTHY, make_swap(cloud, "1", prober=prober), waited=1).passed


def test_a_fleet_that_never_gets_healthy_says_what_it_answered(
    cloud: FakeFleetCloud, prober: FakeProber
) -> None:
    _answering(prober, "ConnectError", "ConnectError")
    with pytest.raises(UnhealthyRelease, match=r"0 of 2 machines healthy .*ConnectError"):
        evaluate(Gate.HEALTHY, make_swap(cloud, "bad", prober=prober), waited=61)


def test_in_service_believes_the_balancer_alone(cloud: FakeFleetCloud) -> None:
    assert not evaluate(Gate.IN_SERVICE, make_swap(cloud, "1"), waited=1).passed
    for version in ("1", "bad"):
        make_swap(cloud, version).converge(Goal.IN_TRAFFIC, timeout=10)
    assert evaluate(Gate.IN_SERVICE, make_swap(cloud, "1"), waited=1).passed
    assert not evaluate(Gate.IN_SERVICE, make_swap(cloud, "bad"), waited=1).passed
    with pytest.raises(UnhealthyRelease, match=r"i-shop-dev-bad-\d+ at \S+: unhealthy"):
        evaluate(Gate.IN_SERVICE, make_swap(cloud, "bad"), waited=61)


def test_news_of_one_machine_is_cheap_to_ask_for(cloud: FakeFleetCloud, prober: FakeProber) -> None:
    _answering(prober, "HTTP 200", "HTTP 503")
    news = evaluate(Gate.HEALTHY, make_swap(cloud, "1", prober=prober), waited=1).cheap_recheck
    assert news is not None
    asked = _answering(prober, "HTTP 503")
    assert not news()
    [question] = asked
    assert question["timeout"] < 1
    _answering(prober, "HTTP 200")
    assert news()


def test_news_of_the_balancer_is_about_one_machine(cloud: FakeFleetCloud) -> None:
    news = evaluate(Gate.IN_SERVICE, make_swap(cloud, "1"), waited=1).cheap_recheck
    assert news is not None
    assert not news()
    make_swap(cloud, "1").converge(Goal.IN_TRAFFIC, timeout=10)
    assert news()
    assert evaluate(Gate.IN_SERVICE, make_swap(cloud, "1"), waited=1).cheap_recheck is None


def test_a_soak_takes_its_time_and_breaks_at_once(cloud: FakeFleetCloud) -> None:
    make_swap(cloud, "1").converge(Goal.IN_TRAFFIC, timeout=10)
    soaking = make_swap(cloud, "1", soak=30.0)
    assert not evaluate(Gate.SOAK, soaking, waited=29).passed
    assert evaluate(Gate.SOAK, soaking, waited=30).passed
    cloud.healthy.clear()
    with pytest.raises(UnhealthyRelease, match="only 0 of 2"):
        evaluate(Gate.SOAK, soaking, waited=5)


def test_what_served_alone_before_needs_no_soak(cloud: FakeFleetCloud) -> None:
    for wish in (Goal.IN_TRAFFIC, Goal.OLD_RETIRED):
        make_swap(cloud, "1").converge(wish, timeout=10)
    cloud.bells = [Alarm(name="errors", ringing=True, since=5000.0)]
    soaking = make_swap(cloud, "1", soak=30.0, alarms=("errors", "gone"))
    verdict = evaluate(Gate.SOAK, soaking, waited=0)
    assert verdict.passed
    assert verdict.message == "2 machines serve; no soak, since shop-dev-1 served alone before"
    cloud.healthy.clear()
    with pytest.raises(UnhealthyRelease, match="only 0 of 2"):
        evaluate(Gate.SOAK, soaking, waited=0)


def test_a_quota_is_told_when_no_machine_comes(
    cloud: FakeFleetCloud, prober: FakeProber, monkeypatch: pytest.MonkeyPatch
) -> None:
    _answering(prober)
    cloud.resize("shop-dev-1", (1, 3, 4))
    cloud.groups["shop-dev-1"] = replace(cloud.groups["shop-dev-1"], machines=())
    cloud.refusal = "You have requested more vCPU capacity than your current vCPU limit"
    monkeypatch.setattr(cloud, "time_passes", lambda: None)
    with pytest.raises(UnhealthyRelease, match=r"0 of 3 machines .* were launched: .* vCPU limit"):
        evaluate(Gate.HEALTHY, make_swap(cloud, "1", prober=prober), waited=1)


def test_a_group_that_somebody_deleted(cloud: FakeFleetCloud) -> None:
    cloud.groups.clear()
    with pytest.raises(UnhealthyRelease, match="is gone"):
        evaluate(Gate.HEALTHY, make_swap(cloud, "1"), waited=1)


def test_a_further_balancer_holds_the_gate_until_it_has_every_machine(
    cloud: FakeFleetCloud,
) -> None:
    make_swap(cloud, "1").converge(Goal.IN_TRAFFIC, timeout=10)
    make_swap(cloud, "1").observe()
    cloud.groups["shop-dev-1"] = replace(cloud.groups["shop-dev-1"], further=True)
    cloud.late = ("i-1 in internal: initial",)
    verdict = evaluate(Gate.IN_SERVICE, make_swap(cloud, "1"), waited=1)
    assert not verdict.passed
    assert verdict.message.endswith("but not everywhere (i-1 in internal: initial)")
    with pytest.raises(UnhealthyRelease, match="i-1 in internal"):
        evaluate(Gate.IN_SERVICE, make_swap(cloud, "1"), waited=61)
    cloud.late = ()
    assert evaluate(Gate.IN_SERVICE, make_swap(cloud, "1"), waited=1).passed


def test_machines_behind_tls_are_asked_by_https(cloud: FakeFleetCloud, prober: FakeProber) -> None:
    cloud.check = HealthCheck(
        scheme=Scheme.HTTPS, port=8443, path="/up", status="200-399", timeout=10
    )
    asked = _answering(prober, "HTTP 301", "HTTP 301")
    silent: dict[str, Any] = {"health_path": None, "health_port": None}
    verdict = evaluate(Gate.HEALTHY, make_swap(cloud, "1", prober=prober, **silent), waited=1)
    assert asked == [
        {"scheme": Scheme.HTTPS, "port": 8443, "path": "/up", "status": "200-399", "timeout": 10}
    ]
    cloud.check = replace(cloud.check, scheme=Scheme.TCP, path="", remark="it speaks gRPC")
    verdict = evaluate(Gate.HEALTHY, make_swap(cloud, "1", prober=prober, **silent), waited=1)
    assert verdict.message.endswith("; it speaks gRPC")
