"""What a deployment's machines are made of, and whether they may be launched."""

from __future__ import annotations

from collections.abc import Iterator

from slipway.fleet.preflight.finding import Finding
from slipway.model.cloud.inherited_facts import InheritedSeen
from slipway.model.cloud.preflight_facts import (
    ImageSeen,
    InstanceTypeSeen,
    ProfileSeen,
    QuotaSeen,
    RefusedSeen,
    SubnetSeen,
    Surroundings,
)
from slipway.model.cloud.preflight_needs import Needs
from slipway.model.text.nearest import Named, Owner, nearest

# EC2's word for what Debian calls an architecture.
_EC2 = {"amd64": "x86_64", "arm64": "arm64"}
_AGAIN = "run the deployment again from bake_image on"
_TYPE = "correct instance.type in the project file"


def image(needs: Needs, seen: Surroundings) -> Iterator[Finding]:
    """Judge the machine image, if there is one by now."""
    if needs.image_id is None or not needs.machines:
        return
    what, found = f"machine image {needs.image_id!r}", seen.image
    if found is None:
        trouble = "does not exist: it was deregistered since the bake"
        yield Finding(what=what, trouble=trouble, cure=_AGAIN)
    elif isinstance(found, ImageSeen):
        if found.state != "available":
            yield Finding(what=what, trouble=f"is {found.state}", cure=_AGAIN)
        yield from _fits(needs, seen, what, found.architecture)


def instance_type(needs: Needs, seen: Surroundings) -> Iterator[Finding]:
    """Judge the instance type: that it exists, where, and that the package runs on it."""
    found, what = seen.instance_type, f"instance type {needs.instance_type!r}"
    if not isinstance(found, InstanceTypeSeen) or not needs.machines:
        return
    if not found.known:
        near = nearest(needs.instance_type, found.names)
        yield Finding(what=what, trouble="does not exist", nearest=near, cure=_TYPE)
        return
    zones = {one.zone for one in _chosen(needs, seen)}
    if zones and not zones & found.zones:
        there = ", ".join(sorted(found.zones)) or "no zone of the region"
        yield Finding(
            what=what,
            trouble=f"is not offered in {', '.join(sorted(zones))}, but in {there}",
            cure=f"{_TYPE}, or instance.subnets",
        )
    if needs.image_id is None:
        architecture = _EC2.get(needs.architecture, "")
        yield from _fits(needs, seen, f"package for {needs.architecture}", architecture)


def _fits(needs: Needs, seen: Surroundings, what: str, architecture: str) -> Iterator[Finding]:
    found = seen.instance_type
    if not architecture or not isinstance(found, InstanceTypeSeen) or not found.architectures:
        return
    if architecture not in found.architectures:
        runs = ", ".join(sorted(found.architectures))
        yield Finding(
            what=what,
            trouble=f"is {architecture}, and {needs.instance_type} runs {runs}",
            cure=f"{_TYPE}, or build the package for {runs}",
        )


def profile(needs: Needs, seen: Surroundings) -> Iterator[Finding]:
    """Judge the instance profile, the application's role."""
    found, what = seen.profile, f"instance profile {needs.profile!r}"
    if not isinstance(found, ProfileSeen) or not needs.machines:
        return
    if not found.known:
        yield Finding(
            what=what,
            trouble="does not exist",
            nearest=nearest(found.name, _owner(needs, seen).usable(found.names)),
            cure="create it, or correct instance.profile in the project file",
        )
    elif not found.roles:
        yield Finding(what=what, trouble="holds no role", cure="add the application's role to it")
    elif not found.trusts_ec2:
        yield Finding(
            what=what,
            trouble=f"holds the role {found.roles[0]}, which machines must not take",
            cure="let ec2.amazonaws.com assume the role",
        )


def quotas(needs: Needs, seen: Surroundings) -> Iterator[Finding]:
    """Judge what the account may have."""
    for one in seen.quotas:
        if isinstance(one, QuotaSeen) and needs.machines and one.used + one.more > one.limit:
            yield Finding(
                what=f"quota of {one.what}",
                trouble=f"is {one.limit}: {one.used} are used, and {one.more} more are needed",
                cure="ask AWS for a higher quota, or remove what nobody uses",
            )


def inherited(needs: Needs, seen: Surroundings) -> Iterator[Finding]:
    """Judge what the serving group passes on."""
    found = seen.inherited
    if not isinstance(found, InheritedSeen) or not needs.machines:
        return
    if found.key_pair:
        yield Finding(
            what=f"key pair {found.key_pair!r} of the serving group",
            trouble="does not exist",
            nearest=nearest(found.key_pair, _owner(needs, seen).usable(found.key_pairs)),
            cure="make it again, or let it not pass on: `instance: {drop: [key_pair]}`",
        )
    for one in found.gone:
        yield Finding(
            what=f"{one.what} of the serving group",
            trouble="does not exist",
            nearest=nearest(one.name, _owner(needs, seen).usable(one.names)),
            cure=f"make it again, or let it not pass on: `instance: {{drop: [{one.drop}]}}`",
        )
    for hook, target in found.hooks:
        yield Finding(
            what=f"lifecycle hook {hook!r} of the serving group",
            trouble=f"tells {target}, which does not exist",
            nearest=_nearest_topic(target, needs, seen, found),
            cure="make it again, or correct the hook, which passes on to the new group; or let "
            "none pass on: `instance: {drop: [hooks]}`",
        )

    for topic in found.lost_topics:
        yield Finding(
            what=f"notifications of the serving group to {topic}",
            trouble="reach nobody: the topic does not exist",
            nearest=_nearest_topic(topic, needs, seen, found),
            cure="make it again, or correct the group's notifications, which pass on to the new "
            "group; or let none pass on: `instance: {drop: [notifications]}`",
        )


def _nearest_topic(arn: str, needs: Needs, seen: Surroundings, found: InheritedSeen) -> str:
    """Return the topic that somebody meant, by its name alone: ARNs are all alike."""
    if arn.split(":")[2] != "sns":
        return ""
    names = {one.name.rpartition(":")[2]: one.name for one in found.topics}
    usable = _owner(needs, seen).usable(Named(name=name) for name in names)
    return names.get(nearest(arn.rpartition(":")[2], usable), "")


def rights(needs: Needs, seen: Surroundings) -> Iterator[Finding]:
    """Judge what the role of the connection may do."""
    for one in seen.rights:
        if isinstance(one, RefusedSeen) and needs.machines:
            yield Finding(
                what=f"right {one.action}",
                trouble=f"is refused: {one.said}",
                cure="give the connection's role the policy that `python -m include.iam` writes",
            )


def _owner(needs: Needs, seen: Surroundings) -> Owner:
    return Owner(project=needs.project, environment=needs.environment, others=seen.projects)


def _chosen(needs: Needs, seen: Surroundings) -> list[SubnetSeen]:
    if not isinstance(seen.subnets, tuple):
        return []
    return [one for one in seen.subnets if {one.id, one.name} & set(needs.subnets)]
