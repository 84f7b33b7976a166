"""Rights to what an adopted fleet hangs on and is made from."""

from __future__ import annotations

from typing import Any

import pytest

from include.iam.further_resources import check
from tests.include.iam.requests import ACCOUNT, EC2, REGION, context
from tests.include.iam.shop import GROUP, MINE, PROD, TARGETS, may

LATTICE = f"arn:aws:vpc-lattice:{REGION}:{ACCOUNT}:targetgroup"


def _attach(call: str, key: str, name: str, owner: dict[str, str] = MINE) -> bool:
    more: dict[str, Any] = {f"autoscaling__{key}": (name,)}
    told = context(has=owner, **more)
    return may("deploy", f"autoscaling:{call}", GROUP, told)


def test_only_the_named_balancers_get_the_fleet() -> None:
    groups, sources = "AttachLoadBalancerTargetGroups", "AttachTrafficSources"
    assert _attach(groups, "TargetGroupARNs", f"{TARGETS}/internal/0a")
    assert not _attach(groups, "TargetGroupARNs", f"{TARGETS}/other/0a")
    assert not _attach(groups, "TargetGroupARNs", f"{TARGETS}/internal/0a", PROD)
    assert _attach(sources, "TrafficSourceIdentifiers", f"{LATTICE}/tg-0a")
    assert not _attach(sources, "TrafficSourceIdentifiers", f"{LATTICE}/tg-0b")
    assert not _attach(sources, "TrafficSourceIdentifiers", f"{LATTICE}/tg-0a", PROD)


def test_only_the_named_key_pair_lets_anybody_in() -> None:
    told = context(ec2__LaunchTemplate=f"{EC2}:launch-template/lt-1")
    assert may("deploy", "ec2:RunInstances", f"{EC2}:key-pair/ops", told)
    assert not may("deploy", "ec2:RunInstances", f"{EC2}:key-pair/other", told)
    assert not may("deploy", "ec2:RunInstances", f"{EC2}:key-pair/ops"), "not past a template"


@pytest.mark.parametrize(
    "arn",
    [
        "ops",
        "arn:aws:s3:::bucket",
        f"{EC2}:instance/i-1",
        f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/app/shop/0a",
    ],
)
def test_what_gives_no_right_is_refused(arn: str) -> None:
    with pytest.raises(ValueError, match="is no target group"):
        check([arn])
