"""Alarms on a live group, as people make them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.slipway.fleet.moto_cloud import client

if TYPE_CHECKING:
    import pytest

OLD, NEW = "shop-dev-1", "shop-dev-2"


def tell_alarms(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unlike AWS, moto does not say which alarms a policy has."""

    def page(**asked: Any) -> list[dict[str, Any]]:
        group = asked["AutoScalingGroupName"]
        answer = client("autoscaling").describe_policies(AutoScalingGroupName=group)
        name = "busy" if group == OLD else f"{group}/busy"
        for policy in answer["ScalingPolicies"]:
            policy["Alarms"] = [{"AlarmName": name}]
        return [answer]

    class Paginator:
        paginate = staticmethod(page)

    real = client("autoscaling").get_paginator
    monkeypatch.setattr(
        client("autoscaling"),
        "get_paginator",
        lambda name: Paginator() if name == "describe_policies" else real(name),
    )
