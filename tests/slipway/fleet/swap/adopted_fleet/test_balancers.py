"""Every balancer of an adopted fleet has the new machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.slipway.fleet.moto_cloud import client, described, launch
from tests.slipway.fleet.swap.adopted import NAME, arn
from tests.slipway.fleet.swap.adopted_fleet import fleets
from tests.slipway.fleet.swap.adopted_fleet.fleets import NEW

if TYPE_CHECKING:
    import pytest

    from slipway.hooks.fleet.cloud import FleetCloud

cloud = fleets.cloud


def test_every_target_group_gets_the_new_machines_and_loses_the_old(cloud: FleetCloud) -> None:
    cloud.launch(launch("2", like=NAME))
    order: list[str] = []
    attach = client("autoscaling").attach_load_balancer_target_groups

    def attached(**asked: Any) -> Any:
        order.extend(asked["TargetGroupARNs"])
        return attach(**asked)

    client("autoscaling").attach_load_balancer_target_groups = attached
    try:
        cloud.attach(NEW, NAME)
        cloud.attach(NEW, NAME)
    finally:
        client("autoscaling").attach_load_balancer_target_groups = attach
    assert set(described(NEW)["TargetGroupARNs"]) == {
        arn(name) for name in ("shop-dev", "internal", "admin")
    }
    assert order[2] == arn("shop-dev"), "the last one tells that all are done"
    cloud.detach(NAME)
    assert described(NAME)["TargetGroupARNs"] == []


def test_a_swap_waits_for_every_balancer_that_calls_anybody_healthy(
    cloud: FleetCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.launch(launch("2", like=NAME))
    cloud.attach(NEW, NAME)
    new, old = ([one["InstanceId"] for one in described(name)["Instances"]] for name in (NEW, NAME))
    words = {
        arn("internal"): {**dict.fromkeys(old, "healthy"), **dict.fromkeys(new, "initial")},
        arn("admin"): dict.fromkeys((*old, *new), "unhealthy"),
    }

    def health(**asked: Any) -> Any:
        states = words[asked["TargetGroupArn"]]
        return {
            "TargetHealthDescriptions": [
                {"Target": {"Id": one}, "TargetHealth": {"State": state}}
                for one, state in states.items()
            ]
        }

    monkeypatch.setattr(client("elbv2"), "describe_target_health", health)
    assert cloud.behind(NEW) == tuple(f"{one} in internal: initial" for one in new)
    words[arn("internal")] |= dict.fromkeys(new, "healthy")
    assert cloud.behind(NEW) == ()
