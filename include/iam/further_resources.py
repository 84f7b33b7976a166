"""What a fleet besides its own hangs on or is made from, as ARNs: each is a right of one kind.

A fleet that Slipway adopts may have a key pair, a placement group, further target groups. Its
successors have them as well, and IAM is asked about each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from include.iam.policy_document import Place, Statement, every, only

_BALANCING, _LATTICE, _ROLE = "elasticloadbalancing", "vpc-lattice", "iam"
# Parts of a machine that RunInstances asks about.
_PARTS = (
    ":key-pair/",
    ":placement-group/",
    ":capacity-reservation/",
    ":snapshot/",
    ":dedicated-host/",
    ":group/",
    ":license-configuration:",
)


def check(arns: Iterable[str]) -> None:
    """Refuse what gives no right.

    :raises ValueError: for an ARN of another kind.
    """
    for arn in arns:
        service = arn.split(":")[2] if arn.startswith("arn:") and arn.count(":") > 4 else ""
        balancer = service == _BALANCING and (":targetgroup/" in arn or _classic(arn))
        role = service == _ROLE and ":role/" in arn
        part = any(kind in arn for kind in _PARTS)
        if not (balancer or role or part or service == _LATTICE):
            msg = (
                f"{arn!r} is no target group, classic load balancer, VPC Lattice target group, key "
                "pair, placement group, host, capacity reservation, snapshot, license or role"
            )
            raise ValueError(msg)


def target_groups(place: Place) -> tuple[str, ...]:
    """Return the ARNs of further target groups."""
    return tuple(arn for arn in place.also if f":{_BALANCING}:" in arn and ":targetgroup/" in arn)


def load_balancers(place: Place) -> tuple[str, ...]:
    """Return the names of further classic load balancers."""
    return tuple(arn.rpartition("/")[2] for arn in place.also if _classic(arn))


def further(
    place: Place, groups: tuple[str, ...], own: Mapping[str, Mapping[str, Any]]
) -> Iterable[Statement]:
    """Return the rights to everything else.

    :param place: the environment.
    :param groups: ARNs of the server groups.
    :param own: the condition that one is the environment's.
    """
    sources = [arn for arn in place.also if f":{_LATTICE}:" in arn]
    parts = [arn for arn in place.also if any(kind in arn for kind in _PARTS)]
    roles = [arn for arn in place.also if f":{_ROLE}:" in arn]
    if sources:
        yield Statement(
            sid="OwnTrafficSources",
            actions=("autoscaling:AttachTrafficSources", "autoscaling:DetachTrafficSources"),
            resources=groups,
            conditions=every(own, only("autoscaling:TrafficSourceIdentifiers", sources)),
        )
    if parts:
        yield Statement(
            sid="LaunchWithWhatTheLiveFleetHas",
            actions=("ec2:RunInstances",),
            resources=tuple(parts),
            reason="the launch template names it",
            conditions={"ArnLike": {"ec2:LaunchTemplate": f"{place.ec2}:launch-template/*"}},
        )
    if roles:
        yield Statement(
            sid="PassRolesOn",
            actions=("iam:PassRole",),
            resources=tuple(roles),
            conditions={"StringEquals": {"iam:PassedToService": "autoscaling.amazonaws.com"}},
            reason="a lifecycle hook, or the group, names the role",
        )


def _classic(arn: str) -> bool:
    return f":{_BALANCING}:" in arn and ":loadbalancer/" in arn and arn.count("/") == 1
