"""What else sends requests to a server group, besides the environment's own balancer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from slipway.hooks.aws.errors import is_missing
from slipway.hooks.aws.load_balancers import classic_states

_TARGET_GROUP, _CLASSIC = "elbv2", "elb"
# Auto Scaling attaches and detaches this many at once.
_AT_ONCE = 10
# Of a target group that no listener sends to, or that asks nobody for health.
_UNWATCHED = frozenset({"unused", "unavailable"})


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Source:
    """One of them.

    :param kind: ``elbv2`` for target groups, ``elb`` for classic ones, ``vpc-lattice``.
    :param key: an ARN, or a classic balancer's name.
    """

    kind: str
    key: str

    @property
    def name(self) -> str:
        """Return what people call it."""
        return self.key.split("/")[1] if self.kind == _TARGET_GROUP else self.key


def sources_of(group: Mapping[str, Any]) -> tuple[Source, ...]:
    """List all that a described group hangs on; Auto Scaling may name one in two of its lists."""
    found = {Source(kind=_TARGET_GROUP, key=key) for key in group.get("TargetGroupARNs") or ()}
    found |= {Source(kind=_CLASSIC, key=key) for key in group.get("LoadBalancerNames") or ()}
    for one in group.get("TrafficSources") or ():
        kind = one.get("Type") or _kind(one["Identifier"])
        found.add(Source(kind=kind, key=one["Identifier"]))
    return tuple(sorted(found))


def _kind(identifier: str) -> str:
    if ":targetgroup/" in identifier and ":vpc-lattice:" not in identifier:
        return _TARGET_GROUP
    return "vpc-lattice" if identifier.startswith("arn:") else _CLASSIC


def attach(autoscaling: Any, group: str, sources: Iterable[Source]) -> None:
    """Let a group's machines into traffic sources.

    :param autoscaling: a boto3 client, which asks whose turn it is.
    :param group: its name.
    :param sources: the traffic sources.
    """
    for kind, keys in _in_tens(sources):
        match kind:
            case "elbv2":
                autoscaling.attach_load_balancer_target_groups(
                    AutoScalingGroupName=group, TargetGroupARNs=keys
                )
            case "elb":
                autoscaling.attach_load_balancers(
                    AutoScalingGroupName=group, LoadBalancerNames=keys
                )
            case _:
                autoscaling.attach_traffic_sources(
                    AutoScalingGroupName=group, TrafficSources=_typed(kind, keys)
                )


def detach(autoscaling: Any, group: str, sources: Iterable[Source]) -> None:
    """Take a group's machines out of traffic sources, which let them finish first.

    :param autoscaling: a boto3 client, which asks whose turn it is.
    :param group: its name.
    :param sources: the traffic sources.
    """
    for kind, keys in _in_tens(sources):
        match kind:
            case "elbv2":
                autoscaling.detach_load_balancer_target_groups(
                    AutoScalingGroupName=group, TargetGroupARNs=keys
                )
            case "elb":
                autoscaling.detach_load_balancers(
                    AutoScalingGroupName=group, LoadBalancerNames=keys
                )
            case _:
                autoscaling.detach_traffic_sources(
                    AutoScalingGroupName=group, TrafficSources=_typed(kind, keys)
                )


def _in_tens(sources: Iterable[Source]) -> Iterator[tuple[str, list[str]]]:
    every = sorted(sources)
    for kind in sorted({one.kind for one in every}):
        keys = [one.key for one in every if one.kind == kind]
        yield from ((kind, keys[n : n + _AT_ONCE]) for n in range(0, len(keys), _AT_ONCE))


def _typed(kind: str, keys: list[str]) -> list[dict[str, str]]:
    return [{"Identifier": key, "Type": kind} for key in keys]


def states(client: Any, source: Source) -> dict[str, str]:
    """Return a source's word on each machine, by instance id.

    :param client: gives the boto3 client of a service by its name.
    :param source: the traffic source.
    :returns: nothing where there is no word on health, or the source is gone.
    """
    try:
        if source.kind == _TARGET_GROUP:
            elbv2 = client("elbv2")
            answer = elbv2.describe_target_health(TargetGroupArn=source.key)
            found = {
                one["Target"]["Id"]: str(one["TargetHealth"]["State"])
                for one in answer["TargetHealthDescriptions"]
            }
            return {one: state for one, state in found.items() if state not in _UNWATCHED}
        if source.kind == _CLASSIC:
            return classic_states(client("elb"), source.key)
    except ClientError as error:
        if not is_missing(error):
            raise
    return {}


def behind(words: Mapping[Source, Mapping[str, str]], machines: Iterable[str]) -> tuple[str, ...]:
    """Say which machines a source does not call healthy although it does others.

    One that calls nobody healthy says nothing of the release: it did not serve before either.

    :param words: each source's word on each machine.
    :param machines: the instance ids that should be healthy everywhere.
    """
    ours = list(machines)
    return tuple(
        f"{one} in {source.name}: {said.get(one, 'unknown')}"
        for source, said in words.items()
        if any(state == "healthy" for other, state in said.items() if other not in ours)
        for one in ours
        if said.get(one) != "healthy"
    )
