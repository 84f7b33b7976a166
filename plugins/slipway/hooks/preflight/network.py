"""Where machines would stand: balancers, subnets, security groups, as they are found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from slipway.hooks.aws.balancer_names import Users, classic_balancers, target_groups
from slipway.hooks.aws.load_balancers import balancers_of
from slipway.hooks.aws.lookup import tags_of
from slipway.model.cloud.preflight_facts import BalancerSeen, SecurityGroupSeen, SubnetSeen
from slipway.model.cloud.preflight_needs import Needs
from slipway.model.cloud.tags import ENVIRONMENT, PROJECT
from slipway.model.text.nearest import Named

Client = Callable[[str], Any]


def server_groups(client: Client) -> tuple[Mapping[str, Any], ...]:
    """Read every server group of the account and region."""
    pages = client("autoscaling").get_paginator("describe_auto_scaling_groups").paginate()
    return tuple(group for page in pages for group in page["AutoScalingGroups"])


def users_of(groups: Iterable[Mapping[str, Any]]) -> Users:
    """Say whose server groups hang on which balancer; those that nobody tagged are nobody's."""
    found: dict[str, set[tuple[str, str]]] = {}
    for group in groups:
        tags = tags_of(group)
        for key in balancers_of(group) if PROJECT in tags else ():
            found.setdefault(key, set()).add((tags[PROJECT], tags.get(ENVIRONMENT, "")))
    return {key: frozenset(users) for key, users in found.items()}


def balancer(client: Client, needs: Needs) -> BalancerSeen | None:
    """Look at the deployment's balancer; None where there is none of that name."""
    if needs.target_group is None:
        return _classic(client, needs.load_balancer or "")
    group = _target_group(client, needs.target_group)
    if group is None:
        return None
    arns = list(group.get("LoadBalancerArns") or ())
    zones: set[str] = set()
    if arns:
        answer = client("elbv2").describe_load_balancers(LoadBalancerArns=arns)
        each = [one.get("AvailabilityZones") or () for one in answer["LoadBalancers"]]
        zones = {zone["ZoneName"] for some in each for zone in some}
    return BalancerSeen(
        name=needs.target_group,
        vpc=group.get("VpcId") or "",
        zones=frozenset(zones),
        listening=bool(arns),
        targets=group.get("TargetType") or "instance",
    )


def _target_group(client: Client, name: str) -> Mapping[str, Any] | None:
    elbv2 = client("elbv2")
    try:
        found: list[Mapping[str, Any]] = elbv2.describe_target_groups(Names=[name])["TargetGroups"]
    except elbv2.exceptions.TargetGroupNotFoundException:
        return None
    return found[0] if found else None


def _classic(client: Client, name: str) -> BalancerSeen | None:
    elb = client("elb")
    try:
        answer = elb.describe_load_balancers(LoadBalancerNames=[name])
    except elb.exceptions.AccessPointNotFoundException:
        return None
    one = answer["LoadBalancerDescriptions"][0]
    return BalancerSeen(
        name=name,
        vpc=one.get("VPCId") or "",
        zones=frozenset(one.get("AvailabilityZones") or ()),
        listening=bool(one.get("ListenerDescriptions")),
    )


def balancers(
    client: Client, needs: Needs, users: Users, *, at: BalancerSeen | None
) -> tuple[Named, ...]:
    """Say whose the balancer is, and, where it is not right, whose the others are.

    :param client: gives the boto3 client of a service by its name.
    :param needs: what the deployment relies on.
    :param users: of each balancer.
    :param at: the balancer as it was found; None where it was not.
    """
    look = target_groups if needs.target_group else classic_balancers
    wanted = needs.target_group or needs.load_balancer or ""
    if at is None:
        return look(client, None, users)
    mine = look(client, wanted, users)
    theirs = [one for one in mine if _claimed(one) and needs.project not in _claimed(one)]
    if theirs or not at.listening:
        others = look(client, None, users, listening=not at.listening)
        return (*mine, *(one for one in others if one.name != wanted))
    return mine


def _claimed(one: Named) -> set[str]:
    tagged = one.tags.get(PROJECT)
    return {project for project, _ in one.users} | ({tagged} if tagged else set())


def subnets(client: Client) -> tuple[SubnetSeen, ...]:
    """Read all subnets of the account and region."""
    pages = client("ec2").get_paginator("describe_subnets").paginate()
    return tuple(
        SubnetSeen(
            id=one["SubnetId"],
            name=tags_of(one).get("Name", ""),
            vpc=one["VpcId"],
            zone=one["AvailabilityZone"],
            free=int(one["AvailableIpAddressCount"]),
            tags=tags_of(one),
        )
        for page in pages
        for one in page["Subnets"]
    )


def security_groups(client: Client) -> tuple[SecurityGroupSeen, ...]:
    """Read all security groups of the account and region."""
    pages = client("ec2").get_paginator("describe_security_groups").paginate()
    return tuple(
        SecurityGroupSeen(
            id=one["GroupId"], name=one["GroupName"], vpc=one.get("VpcId") or "", tags=tags_of(one)
        )
        for page in pages
        for one in page["SecurityGroups"]
    )
