"""The role that swaps the fleet of one environment, and holds its lease."""

from __future__ import annotations

from include.iam import further_resources
from include.iam.alarms import CHANGES, alarm_arn, no_neighbour_is_scaled, own_alarms
from include.iam.failed import failed_machines
from include.iam.launch import launching
from include.iam.policy_document import (
    Condition,
    Place,
    Role,
    Statement,
    asked,
    carries,
    every,
    only,
)
from include.iam.server_groups import server_groups
from slipway.model.cloud.tags import FAILED, STANDBY

_HOOKS = "plugins/slipway/hooks"
MODULES = tuple(
    f"{_HOOKS}/{name}.py"
    for name in (
        "aws/load_balancers",
        "aws/lookup",
        "explain/balancer_words",
        "explain/explainer",
        "fleet/alarms",
        "fleet/close_look",
        "fleet/cloud",
        "fleet/describe",
        "fleet/failed_machines",
        "fleet/fence",
        "fleet/group_tags",
        "fleet/group_extras",
        "fleet/inheritance/report",
        "fleet/inheritance/special",
        "fleet/inheritance/table",
        "fleet/inheritance/words",
        "fleet/inherited_machines",
        "fleet/launch_templates",
        "fleet/lifecycle_hooks",
        "fleet/lease",
        "fleet/live_machines",
        "fleet/missing_group",
        "fleet/new_group",
        "fleet/notes",
        "fleet/scaling_rules",
        "fleet/traffic_sources",
        "fleet/changes",
        "aws/balancer_names",
        "preflight/limits",
        "preflight/look",
        "preflight/machine",
        "preflight/network",
        "preflight/notified",
        "preflight/parameters",
        "preflight/passing_on",
    )
)


def deploy_role(place: Place) -> Role:
    """Return the role.

    :param place: the environment that it may touch; others are out of its reach.
    """
    changing = (*server_groups(place), *_balancers(place), *_machines(place), *launching(place))
    statements = (
        *_reading(),
        *_looking_ahead(place),
        *changing,
        *failed_machines(place),
        *_beside(place),
        *_neighbours(place),
    )
    return Role(name="deploy", modules=MODULES, statements=statements)


def _reading() -> tuple[Statement, ...]:
    # None of these calls knows resources or tags.
    return (
        Statement(
            sid="Look",
            actions=(
                "autoscaling:DescribeAccountLimits",
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeLaunchConfigurations",
                "autoscaling:DescribeLifecycleHooks",
                "autoscaling:DescribeNotificationConfigurations",
                "autoscaling:DescribePolicies",
                "autoscaling:DescribeScalingActivities",
                "autoscaling:DescribeScheduledActions",
                "cloudwatch:DescribeAlarms",
                "ec2:DescribeCapacityReservations",
                "ec2:DescribeImages",
                "ec2:DescribeInstanceTypeOfferings",
                "ec2:DescribeInstanceTypes",
                "ec2:DescribeInstances",
                "ec2:DescribeKeyPairs",
                "ec2:DescribeLaunchTemplateVersions",
                "ec2:DescribeLaunchTemplates",
                "ec2:DescribePlacementGroups",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSnapshots",
                "ec2:DescribeSubnets",
                "elasticloadbalancing:DescribeInstanceHealth",
                "elasticloadbalancing:DescribeLoadBalancerAttributes",
                "elasticloadbalancing:DescribeLoadBalancers",
                "elasticloadbalancing:DescribeTags",
                "elasticloadbalancing:DescribeTargetGroupAttributes",
                "elasticloadbalancing:DescribeTargetGroups",
                "elasticloadbalancing:DescribeTargetHealth",
                "ssm:DescribeParameters",
                "ssm:GetCommandInvocation",
            ),
        ),
    )


def _looking_ahead(place: Place) -> tuple[Statement, ...]:
    """What is looked at before anything is changed; without these it is told as not checked."""
    region = place.region
    return (
        Statement(
            sid="LookAtProfiles",
            actions=("iam:GetInstanceProfile", "iam:ListInstanceProfiles"),
            resources=("arn:aws:iam::*:instance-profile/*",) if place.profiles else (),
        ),
        Statement(
            sid="LookAtQuotas",
            actions=("servicequotas:GetServiceQuota", "servicequotas:ListServiceQuotas"),
        ),
        Statement(
            sid="LookAtKeys",
            actions=("kms:DescribeKey",),
            resources=(f"arn:aws:kms:{region}:*:key/*",),
        ),
        # For the nearest right name; neither call knows resources.
        Statement(sid="NameKeysAndTopics", actions=("kms:ListAliases", "sns:ListTopics")),
        Statement(
            sid="LookWhomHooksTell",
            actions=("sns:GetTopicAttributes", "sqs:GetQueueUrl"),
            resources=(f"arn:aws:sns:{region}:*:*", f"arn:aws:sqs:{region}:*:*"),
        ),
    )


def _balancers(place: Place) -> tuple[Statement, ...]:
    groups = (f"arn:aws:autoscaling:{place.region}:*:autoScalingGroup:*:autoScalingGroupName/*",)
    own, targets = carries(place.tags), []
    balancing = f"arn:aws:elasticloadbalancing:{place.region}:*:targetgroup"
    arns = [f"{balancing}/{name}/*" for name in place.target_groups]
    if arns := [*arns, *further_resources.target_groups(place)]:
        targets.append(
            Statement(
                sid="OwnTargetGroups",
                actions=(
                    "autoscaling:AttachLoadBalancerTargetGroups",
                    "autoscaling:DetachLoadBalancerTargetGroups",
                ),
                resources=groups,
                conditions=every(own, only("autoscaling:TargetGroupARNs", arns, like="ArnLike")),
            )
        )
    if classic := (*place.load_balancers, *further_resources.load_balancers(place)):
        names = only("autoscaling:LoadBalancerNames", classic)
        targets.append(
            Statement(
                sid="OwnLoadBalancers",
                actions=("autoscaling:AttachLoadBalancers", "autoscaling:DetachLoadBalancers"),
                resources=groups,
                conditions=every(own, names),
            )
        )
    return (*targets, *further_resources.further(place, groups, own))


def _machines(place: Place) -> tuple[Statement, ...]:
    ec2, made = place.ec2, ("instance", "launch-template", "network-interface", "volume")
    made_by: Condition = {
        "StringEquals": {"ec2:CreateAction": ["CreateLaunchTemplate", "RunInstances"]}
    }
    return (
        Statement(
            sid="MakeTemplates",
            actions=("ec2:CreateLaunchTemplate",),
            resources=(f"{ec2}:launch-template/*",),
            conditions=asked(place.tags),
        ),
        Statement(
            sid="DeleteOwnTemplates",
            actions=("ec2:DeleteLaunchTemplate",),
            resources=(f"{ec2}:launch-template/*",),
            conditions=carries(place.tags),
        ),
        Statement(
            sid="TagWhatIsMade",
            actions=("ec2:CreateTags",),
            resources=tuple(f"{ec2}:{kind}/*" for kind in made),
            conditions=every(made_by, asked(place.tags)),
        ),
        Statement(
            sid="TellMachinesThatTheyStandBy",
            actions=("ec2:CreateTags", "ec2:DeleteTags"),
            resources=(f"{ec2}:instance/*",),
            conditions=every(carries(place.tags), only("aws:TagKeys", (STANDBY, FAILED))),
        ),
    )


def _beside(place: Place) -> tuple[Statement, ...]:
    lease = f"parameter/slipway-leases/{place.project}/{place.environment}"
    service = "autoscaling.amazonaws.com"
    return (
        *own_alarms(place),
        Statement(
            sid="Lease",
            actions=("ssm:DeleteParameter", "ssm:GetParameter", "ssm:PutParameter"),
            resources=(f"arn:aws:ssm:{place.region}:*:{lease}",),
        ),
        Statement(
            sid="GiveMachinesTheirRole",
            actions=("iam:PassRole",),
            resources=tuple(f"arn:aws:iam::*:role/{profile}" for profile in place.profiles),
            conditions={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
            reason="the launch template names the instance profile",
        ),
        Statement(
            sid="FirstGroupOfTheAccount",
            actions=("iam:CreateServiceLinkedRole",),
            resources=(f"arn:aws:iam::*:role/aws-service-role/{service}/*",),
            conditions={"StringEquals": {"iam:AWSServiceName": service}},
            reason="CreateAutoScalingGroup makes Auto Scaling's own role where there is none",
        ),
    )


def _neighbours(place: Place) -> tuple[Statement, ...]:
    """Names that are joined may begin alike: ``shop-dev`` and ``shop-dev-2``."""
    if not place.neighbours:
        return ()
    groups = f"arn:aws:autoscaling:{place.region}:*:autoScalingGroup:*:autoScalingGroupName"
    return (
        Statement(
            sid="NoneOfTheNeighbours",
            actions=(
                "autoscaling:CreateAutoScalingGroup",
                "autoscaling:CreateOrUpdateTags",
                "autoscaling:DeleteTags",
                *CHANGES,
            ),
            resources=(
                *(f"{groups}/{name}-*" for name in place.neighbours),
                *(alarm_arn(place, f"{name}-") for name in place.neighbours),
            ),
            denied=True,
        ),
        no_neighbour_is_scaled(place),
    )
