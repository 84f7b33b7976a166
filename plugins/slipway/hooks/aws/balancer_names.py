"""Balancers by name, and whose each is: nobody is pointed at another project's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from slipway.hooks.aws.lookup import tags_of
from slipway.model.text.nearest import Named

Client = Callable[[str], Any]
# Project and environment of the server groups that hang on a balancer, by its key.
Users = Mapping[str, frozenset[tuple[str, str]]]
# ELB takes so many balancers in one question about tags.
_TAGS = 20


def target_groups(
    client: Client, name: str | None, users: Users | None = None, *, listening: bool = False
) -> tuple[Named, ...]:
    """List target groups that take machines, or the one of a name.

    :param client: gives the boto3 client of a service by its name.
    :param name: of one; None lists all.
    :param users: of each, by its ARN.
    :param listening: only those that a listener leads to.
    """
    users = users or {}
    elbv2 = client("elbv2")
    wanted = {"Names": [name]} if name else {}
    pages = elbv2.get_paginator("describe_target_groups").paginate(**wanted)
    found = [
        group
        for page in pages
        for group in page["TargetGroups"]
        if name
        or (
            group.get("TargetType") == "instance"
            and (group.get("LoadBalancerArns") or not listening)
        )
    ]
    arns = [group["TargetGroupArn"] for group in found]
    tags: dict[str, dict[str, str]] = {}
    for some in _parts(arns):
        answer = elbv2.describe_tags(ResourceArns=some)
        tags |= {one["ResourceArn"]: tags_of(one) for one in answer["TagDescriptions"]}
    return tuple(
        Named(
            name=one["TargetGroupName"], tags=tags.get(arn, {}), users=users.get(arn, frozenset())
        )
        for one, arn in zip(found, arns, strict=True)
    )


def classic_balancers(
    client: Client, name: str | None, users: Users | None = None, *, listening: bool = False
) -> tuple[Named, ...]:
    """List classic load balancers, or the one of a name.

    :param client: gives the boto3 client of a service by its name.
    :param name: of one; None lists all.
    :param users: of each, by its name.
    :param listening: only those that listen.
    """
    users = users or {}
    elb = client("elb")
    wanted = {"LoadBalancerNames": [name]} if name else {}
    pages = elb.get_paginator("describe_load_balancers").paginate(**wanted)
    found = [one for page in pages for one in page["LoadBalancerDescriptions"]]
    names = [
        one["LoadBalancerName"]
        for one in found
        if name or one.get("ListenerDescriptions") or not listening
    ]
    tags: dict[str, dict[str, str]] = {}
    for some in _parts(names):
        answer = elb.describe_tags(LoadBalancerNames=some)
        tags |= {one["LoadBalancerName"]: tags_of(one) for one in answer["TagDescriptions"]}
    return tuple(
        Named(name=one, tags=tags.get(one, {}), users=users.get(one, frozenset())) for one in names
    )


def _parts(keys: Sequence[str]) -> Iterable[list[str]]:
    return (list(keys[start : start + _TAGS]) for start in range(0, len(keys), _TAGS))
