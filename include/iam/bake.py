"""The role that bakes machine images, and takes old ones away."""

from __future__ import annotations

from include.iam.policy import Place, Role, Statement
from slipway.hooks.image_catalogue import BAKE_TAG

MODULES = tuple(
    f"plugins/slipway/hooks/{name}.py" for name in ("image_catalogue", "image_retention")
)
_PACKER = "Packer's builder amazon-ebs calls it"
_MADE_BY = ["CopyImage", "CreateImage", "CreateSecurityGroup", "RunInstances"]


def bake_role(place: Place) -> Role:
    """Return the role.

    :param place: whose region the images live in.
    """
    ec2 = f"arn:aws:ec2:{place.region}:*"
    return Role(
        name="bake", modules=MODULES, statements=(*_reading(), *_builders(ec2), *_images(ec2))
    )


def _reading() -> tuple[Statement, ...]:
    return (
        Statement(
            sid="Look",
            actions=(
                "autoscaling:DescribeAutoScalingGroups", "ec2:DescribeImages",
                "ec2:DescribeInstances", "ec2:DescribeKeyPairs",
                "ec2:DescribeLaunchTemplateVersions", "ec2:DescribeLaunchTemplates",
                "ec2:DescribeSecurityGroups", "ec2:DescribeSnapshots", "ec2:DescribeSubnets",
                "ec2:DescribeVpcs",
            ),
        ),
        Statement(
            sid="PackerLooks",
            actions=(
                "ec2:DescribeInstanceStatus", "ec2:DescribeRegions", "ec2:DescribeTags",
                "ec2:DescribeVolumes",
            ),
            reason=_PACKER,
        ),
    )  # fmt: skip


def _builders(ec2: str) -> tuple[Statement, ...]:
    ours = {"StringLike": {f"aws:ResourceTag/{BAKE_TAG}": "*"}}
    asked = {"StringLike": {f"aws:RequestTag/{BAKE_TAG}": "*"}}
    given = tuple(
        f"{ec2}:{kind}/*"
        for kind in ("key-pair", "network-interface", "security-group", "subnet", "volume")
    )
    image = f"arn:aws:ec2:{ec2.split(':')[3]}::image/*"
    return (
        Statement(
            sid="OpenGroups", actions=("ec2:CreateSecurityGroup",),
            resources=(f"{ec2}:security-group/*",), conditions=asked,
        ),
        Statement(
            sid="OpenGroupsInANetwork", actions=("ec2:CreateSecurityGroup",),
            resources=(f"{ec2}:vpc/*",),
        ),
        Statement(
            sid="OwnBuilders",
            actions=(
                "ec2:AuthorizeSecurityGroupIngress", "ec2:DeleteSecurityGroup",
                "ec2:TerminateInstances",
            ),
            resources=(f"{ec2}:security-group/*", f"{ec2}:instance/*"), conditions=ours,
        ),
        # Packer 1.6 does not tag its key pairs.
        Statement(
            sid="DeleteKeyPairs", actions=("ec2:DeleteKeyPair",), resources=(f"{ec2}:key-pair/*",)
        ),
        Statement(
            sid="MakeKeyPairs", actions=("ec2:CreateKeyPair",), resources=(f"{ec2}:key-pair/*",),
            reason=_PACKER,
        ),
        Statement(
            sid="LaunchBuilders", actions=("ec2:RunInstances",), resources=(f"{ec2}:instance/*",),
            conditions=asked, reason=_PACKER,
        ),
        Statement(
            sid="OfWhatBuildersAreMade", actions=("ec2:RunInstances",),
            resources=(*given, image), reason=_PACKER,
        ),
        Statement(
            sid="StopBuilders", actions=("ec2:StopInstances",),
            resources=(f"{ec2}:instance/*",), conditions=ours, reason=_PACKER,
        ),
    )  # fmt: skip


def _images(ec2: str) -> tuple[Statement, ...]:
    region = ec2.split(":")[3]
    kinds = (f"arn:aws:ec2:{region}::image/*", f"arn:aws:ec2:{region}::snapshot/*")
    ours = {"StringLike": {f"aws:ResourceTag/{BAKE_TAG}": "*"}}
    return (
        Statement(
            sid="MakeImages", actions=("ec2:CopyImage", "ec2:CreateImage"),
            resources=(*kinds, f"{ec2}:instance/*"), reason=_PACKER,
        ),
        # No tag is asked for: Packer tags last, so half an image, which a sweep has to take
        # away, has none.
        Statement(
            sid="TakeImagesAway", actions=("ec2:DeleteSnapshot", "ec2:DeregisterImage"),
            resources=kinds,
        ),
        Statement(
            sid="TagImages", actions=("ec2:CreateTags",), resources=kinds, reason=_PACKER
        ),
        Statement(
            sid="TagOwnBuilders", actions=("ec2:CreateTags",),
            resources=(f"{ec2}:instance/*", f"{ec2}:volume/*"), conditions=ours, reason=_PACKER,
        ),
        Statement(
            sid="TagWhatIsMade", actions=("ec2:CreateTags",), resources=(f"{ec2}:*",),
            conditions={"StringEquals": {"ec2:CreateAction": _MADE_BY}},
            reason="a group and a builder are made with their tags",
        ),
    )  # fmt: skip
