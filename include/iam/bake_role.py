"""The role that bakes machine images, and takes old ones away."""

from __future__ import annotations

from include.iam.launch import own_interfaces
from include.iam.policy_document import (
    Condition,
    Place,
    Role,
    Statement,
    asked,
    carries,
    every,
    lacks,
    no_others,
    unclaimed,
    untagged,
)
from slipway.hooks.aws.candidate_images import candidate_tags
from slipway.hooks.aws.image_cleanup import LAYER
from slipway.hooks.aws.machine_images import BAKE_TAG
from slipway.hooks.store.installation import INSTALLATION
from slipway.model.cloud.tags import PROJECT

MODULES = tuple(
    f"plugins/slipway/hooks/aws/{name}.py"
    for name in ("candidate_images", "image_cleanup", "machine_images")
)
_PACKER = "Packer's builder amazon-ebs calls it"
_BASE = {LAYER: "base"}
_AWAY = ("ec2:DeleteSnapshot", "ec2:DeregisterImage")


def bake_role(place: Place) -> Role:
    """Return the role.

    :param place: the environment that is baked for.
    """
    statements = (*_reading(), *_builders(place), *_launching(place), *_images(place))
    return Role(name="bake", modules=MODULES, statements=statements)


def _reading() -> tuple[Statement, ...]:
    return (
        Statement(
            sid="Look",
            actions=(
                "autoscaling:DescribeAutoScalingGroups",
                "ec2:DescribeImages",
                "ec2:DescribeInstances",
                "ec2:DescribeKeyPairs",
                "ec2:DescribeLaunchTemplateVersions",
                "ec2:DescribeLaunchTemplates",
                "ec2:DescribeRegions",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSnapshots",
                "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
            ),
        ),
        Statement(
            sid="PackerLooks",
            actions=("ec2:DescribeInstanceStatus", "ec2:DescribeTags", "ec2:DescribeVolumes"),
            reason=_PACKER,
        ),
    )


def _builders(place: Place) -> tuple[Statement, ...]:
    return (*_builders_of_slipway(place), *_builders_of_packer(place))


def _builders_of_slipway(place: Place) -> tuple[Statement, ...]:
    """What Slipway itself does around a bake."""
    ec2, ours = place.ec2, _builder(place)
    return (
        Statement(
            sid="OpenGroups",
            actions=("ec2:CreateSecurityGroup",),
            resources=(f"{ec2}:security-group/*",),
            conditions=asked(place.tags),
        ),
        Statement(
            sid="OpenGroupsInANetwork",
            actions=("ec2:CreateSecurityGroup",),
            resources=(f"{ec2}:vpc/*",),
        ),
        Statement(
            sid="OwnGroups",
            actions=("ec2:AuthorizeSecurityGroupIngress", "ec2:DeleteSecurityGroup"),
            resources=(f"{ec2}:security-group/*",),
            conditions=ours,
        ),
        Statement(
            sid="OwnBuilders",
            actions=("ec2:TerminateInstances",),
            resources=(f"{ec2}:instance/*",),
            conditions=ours,
        ),
        # By name, since Packer 1.6 does not tag its key pairs.
        Statement(
            sid="DeleteKeyPairs", actions=("ec2:DeleteKeyPair",), resources=(_key_pairs(place),)
        ),
    )


def _builders_of_packer(place: Place) -> tuple[Statement, ...]:
    ec2, ours = place.ec2, _builder(place)
    return (
        Statement(
            sid="MakeKeyPairs",
            actions=("ec2:CreateKeyPair",),
            resources=(_key_pairs(place),),
            reason=_PACKER,
        ),
        Statement(
            sid="StopBuilders",
            actions=("ec2:StopInstances",),
            resources=(f"{ec2}:instance/*",),
            conditions=ours,
            reason=_PACKER,
        ),
        Statement(
            sid="TagOwnBuilders",
            actions=("ec2:CreateTags",),
            resources=(f"{ec2}:instance/*", f"{ec2}:volume/*"),
            conditions=every(ours, no_others(place.tags)),
            reason=_PACKER,
        ),
        Statement(
            sid="TagWhatIsMade",
            actions=("ec2:CreateTags",),
            resources=tuple(f"{ec2}:{kind}/*" for kind in ("instance", "security-group", "volume")),
            conditions=every(
                {"StringEquals": {"ec2:CreateAction": ["CreateSecurityGroup", "RunInstances"]}},
                asked(place.tags),
            ),
            reason="a group and a builder are made with their tags",
        ),
    )


def _launching(place: Place) -> tuple[Statement, ...]:
    ec2 = place.ec2
    image = f"arn:aws:ec2:{place.region}::image/*"
    ours: Condition = {"StringEquals": {"ec2:Owner": "${aws:PrincipalAccount}"}}
    source: Condition = {"StringEquals": {"ec2:Owner": place.source_owner}}
    if place.source_owner == "self":
        source = every(ours, untagged(PROJECT))  # no other project's image
    marked: Condition = {"StringLike": {f"aws:RequestTag/{BAKE_TAG}": "*"}}
    return (
        # A builder has no role of its own, so there is nothing to be read from it.
        _run(
            "Builders",
            (f"{ec2}:instance/*",),
            every(asked(place.tags), marked, lacks("ec2:InstanceProfile")),
        ),
        _run("BuildersDisks", (f"{ec2}:volume/*",), asked(place.tags)),
        _run("InOwnGroups", (f"{ec2}:security-group/*",), _builder(place)),
        _run(
            "InANetwork", (f"{ec2}:network-interface/*", f"{ec2}:subnet/*", _key_pairs(place)), None
        ),
        _run("FromBaseLayers", (image,), every(carries(_BASE), ours)),
        _run("FromTheSource", (image,), source),
        own_interfaces(place),
    )


def _images(place: Place) -> tuple[Statement, ...]:
    kinds = tuple(f"arn:aws:ec2:{place.region}::{kind}/*" for kind in ("image", "snapshot"))
    snapshots, own, project = kinds[1:], {PROJECT: place.project}, f"aws:RequestTag/{PROJECT}"
    new, mine = _new(place), _installation(place)
    return (
        Statement(
            sid="ImageOwnBuilders",
            actions=("ec2:CreateImage",),
            resources=(f"{place.ec2}:instance/*",),
            conditions=_builder(place),
            reason=_PACKER,
        ),
        # What is being made has no tags yet; what is there and somebody's is not meant.
        Statement(
            sid="MakeImages",
            actions=("ec2:CreateImage",),
            resources=kinds,
            conditions=new,
            reason=_PACKER,
        ),
        _tag("TagNewImages", kinds, every(asked(own), new)),
        _tag("TagNewBaseLayers", kinds, every(asked(_BASE), lacks(project), new)),
        # Packer tags an image with its disks, and then the disks once more.
        _tag("TagOwnDisks", snapshots, every(asked(own), carries(own))),
        _tag(
            "TagDisksOfBaseLayers",
            snapshots,
            every(asked(_BASE), lacks(project), carries(_BASE), untagged(PROJECT)),
        ),
        # What was baked beside the tests becomes a release's image, and that only once.
        Statement(
            sid="TakeCandidatesOn",
            actions=("ec2:CreateTags",),
            resources=kinds,
            conditions=every(
                asked({**own, LAYER: "app"}), carries(candidate_tags(place.project)), mine
            ),
        ),
        _take_away("TakeImagesAway", kinds, every(carries(own), mine)),
        _take_away("TakeBaseLayersAway", kinds, every(carries(_BASE), mine)),
        *_copying(place, kinds),
    )


def _copying(place: Place, kinds: tuple[str, ...]) -> tuple[Statement, ...]:
    """Packer encrypts by a copy, and then takes away what it copied, which has no tags yet."""
    if not place.encrypted:
        return ()
    image, snapshot = kinds
    # IAM is not asked about the tags of what is copied; about its owner, perhaps.
    own: Condition = {"StringEqualsIfExists": {"ec2:Owner": "${aws:PrincipalAccount}"}}
    copy = ("ec2:CopyImage",)
    return (
        Statement(
            sid="CopyImages", actions=copy, resources=(image,), conditions=own, reason=_PACKER
        ),
        Statement(sid="CopyTheirDisks", actions=copy, resources=(snapshot,), reason=_PACKER),
        Statement(
            sid="TakeHalfImagesAway",
            actions=_AWAY,
            resources=kinds,
            conditions=_new(place),
            reason=_PACKER,
        ),
    )


def _new(place: Place) -> Condition:
    """What Packer 1.6 has just made: it tags last."""
    return every(unclaimed(place), untagged(LAYER))


def _run(sid: str, resources: tuple[str, ...], conditions: Condition | None) -> Statement:
    return Statement(
        sid=f"Launch{sid}",
        actions=("ec2:RunInstances",),
        resources=resources,
        conditions=conditions,
        reason=_PACKER,
    )


def _tag(sid: str, resources: tuple[str, ...], conditions: Condition) -> Statement:
    return Statement(
        sid=sid,
        actions=("ec2:CreateTags",),
        resources=resources,
        conditions=conditions,
        reason=_PACKER,
    )


def _take_away(sid: str, resources: tuple[str, ...], conditions: Condition) -> Statement:
    return Statement(sid=sid, actions=_AWAY, resources=resources, conditions=conditions)


def _installation(place: Place) -> Condition:
    """What another installation in the account baked is not taken away; of old, nobody knows."""
    if not place.installation:
        return {}
    return {"StringEqualsIfExists": {f"aws:ResourceTag/{INSTALLATION}": place.installation}}


def _key_pairs(place: Place) -> str:
    """Neither a project's nor an environment's name has a dot: no other's begins like these."""
    return f"{place.ec2}:key-pair/slipway-bake-{place.project}.{place.environment}.*"


def _builder(place: Place) -> Condition:
    """A machine or group of a bake; the environment's own machines have no such tag."""
    return every(carries(place.tags), {"StringLike": {f"aws:ResourceTag/{BAKE_TAG}": "*"}})
