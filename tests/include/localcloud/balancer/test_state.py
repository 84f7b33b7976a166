"""What moto's classic load balancers ask of HAProxy."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from moto.elb.models import ELBBackend, LoadBalancer

from include.localcloud.balancer.state import Wanted, read_wanted


@pytest.fixture
def elb() -> ELBBackend:
    backend = ELBBackend("eu-west-1", "123456789012")
    port = {"Protocol": "HTTP", "LoadBalancerPort": "8085", "InstancePort": "8000"}
    # Only moto's stubs call it abstract.
    make: Any = LoadBalancer
    backend.load_balancers["shop-old"] = make(
        backend.account_id,
        "shop-old",
        zones=[],
        ports=[port],
        scheme=None,
        vpc_id=None,
        subnets=None,
        security_groups=None,
    )
    return backend


def _wanted(elb: ELBBackend) -> Wanted:
    state: Any = SimpleNamespace(
        lock=threading.Lock(),
        instances=list,
        elb=elb,
        elbv2=SimpleNamespace(target_groups={}, load_balancers={}),
    )
    return read_wanted(state)


def _check(elb: ELBBackend, target: str) -> None:
    elb.configure_health_check(
        "shop-old",
        timeout="2",
        healthy_threshold="3",
        unhealthy_threshold="4",
        interval="5",
        target=target,
    )


def test_its_port_leads_to_its_machines(elb: ELBBackend) -> None:
    [listener] = _wanted(elb).listeners
    assert (listener.port, listener.pools) == (8085, (("classic_shop-old", 1),))


def test_without_a_word_it_connects(elb: ELBBackend) -> None:
    [group] = _wanted(elb).groups
    assert (group.pool.path, group.pool.check_port, group.pool.interval) == ("", 8000, 30)


@pytest.mark.parametrize(
    ("target", "path", "port"),
    [("HTTP:8001/healthz?deep=1", "/healthz?deep=1", 8001), ("TCP:22", "", 22)],
)
def test_it_checks_as_it_was_told(elb: ELBBackend, target: str, path: str, port: int) -> None:
    _check(elb, target)
    [group] = _wanted(elb).groups
    assert (group.pool.path, group.pool.check_port) == (path, port)
    assert (group.pool.interval, group.pool.timeout) == (5, 2)
    assert (group.pool.rise, group.pool.fall) == (3, 4)


@pytest.mark.parametrize(
    ("draining", "seconds"),
    [
        (None, 0),
        ({"Enabled": "true"}, 300),
        ({"Enabled": True, "Timeout": "7"}, 7),
        ({"Enabled": "false", "Timeout": "7"}, 0),
    ],
)
def test_machines_drain_as_long_as_it_says(
    elb: ELBBackend, draining: dict[str, Any] | None, seconds: float
) -> None:
    elb.modify_load_balancer_attributes("shop-old", connection_draining=draining)
    [group] = _wanted(elb).groups
    assert group.delay == seconds
