"""The role that swaps the fleet of one environment, and holds its lease."""

from __future__ import annotations

from include.iam.policy import Place, Role, Statement
from slipway.hooks.fleet_notes import ENVIRONMENT, PROJECT

_HOOKS = "plugins/slipway/hooks"
MODULES = tuple(
    f"{_HOOKS}/{name}.py"
    for name in (
        "balancers", "cloud_names", "fleet_alarms", "fleet_changes", "fleet_cloud", "fleet_fence",
        "fleet_gone", "fleet_launch", "fleet_lease", "fleet_notes", "fleet_reading", "fleet_rules",
        "launch_templates",
    )
)  # fmt: skip


def deploy_role(place: Place) -> Role:
    """Return the role.

    :param place: the environment that it may touch; others are out of its reach.
    """
    reading, changing = _reading(), (*_groups(place), *_machines(place), *_beside(place))
    return Role(name="deploy", modules=MODULES, statements=(*reading, *changing))


def _reading() -> tuple[Statement, ...]:
    # None of these calls knows resources or tags.
    return (
        Statement(
            sid="Look",
            actions=(
                "autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeLifecycleHooks",
                "autoscaling:DescribePolicies", "autoscaling:DescribeScalingActivities",
                "autoscaling:DescribeScheduledActions", "cloudwatch:DescribeAlarms",
                "ec2:DescribeImages", "ec2:DescribeInstances",
                "ec2:DescribeLaunchTemplateVersions", "ec2:DescribeLaunchTemplates",
                "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets",
                "elasticloadbalancing:DescribeInstanceHealth",
                "elasticloadbalancing:DescribeLoadBalancerAttributes",
                "elasticloadbalancing:DescribeLoadBalancers",
                "elasticloadbalancing:DescribeTargetGroupAttributes",
                "elasticloadbalancing:DescribeTargetGroups",
                "elasticloadbalancing:DescribeTargetHealth",
            ),
        ),
    )  # fmt: skip


def _groups(place: Place) -> tuple[Statement, ...]:
    anywhere = f"arn:aws:autoscaling:{place.region}:*:autoScalingGroup:*"
    return (
        Statement(
            sid="MakeGroups",
            actions=("autoscaling:CreateAutoScalingGroup", "autoscaling:CreateOrUpdateTags"),
            resources=(f"{anywhere}:autoScalingGroupName/{place.project}-{place.environment}-*",),
            conditions=_tagged(place, "aws:RequestTag"),
        ),
        Statement(
            sid="ChangeOwnGroups",
            actions=tuple(
                f"autoscaling:{call}"
                for call in (
                    "AttachLoadBalancerTargetGroups", "AttachLoadBalancers",
                    "CreateOrUpdateTags", "DeleteAutoScalingGroup", "DeleteTags",
                    "DetachLoadBalancerTargetGroups", "DetachLoadBalancers",
                    "EnableMetricsCollection", "PutLifecycleHook", "PutScalingPolicy",
                    "PutScheduledUpdateGroupAction", "ResumeProcesses", "SuspendProcesses",
                    "UpdateAutoScalingGroup",
                )
            ),
            resources=(f"{anywhere}:autoScalingGroupName/*",),
            conditions=_tagged(place, "aws:ResourceTag"),
        ),
    )  # fmt: skip


def _machines(place: Place) -> tuple[Statement, ...]:
    ec2 = f"arn:aws:ec2:{place.region}:*"
    made_by = {"StringEquals": {"ec2:CreateAction": ["CreateLaunchTemplate", "RunInstances"]}}
    return (
        Statement(
            sid="MakeTemplates", actions=("ec2:CreateLaunchTemplate",),
            resources=(f"{ec2}:launch-template/*",),
            conditions=_tagged(place, "aws:RequestTag"),
        ),
        Statement(
            sid="DeleteOwnTemplates", actions=("ec2:DeleteLaunchTemplate",),
            resources=(f"{ec2}:launch-template/*",),
            conditions=_tagged(place, "aws:ResourceTag"),
        ),
        Statement(
            sid="TagWhatIsMade", actions=("ec2:CreateTags",),
            resources=(f"{ec2}:launch-template/*", f"{ec2}:instance/*", f"{ec2}:volume/*"),
            conditions=made_by,
        ),
        Statement(
            sid="TellMachinesThatTheyStandBy", actions=("ec2:CreateTags", "ec2:DeleteTags"),
            resources=(f"{ec2}:instance/*",), conditions=_tagged(place, "aws:ResourceTag"),
        ),
        Statement(
            sid="LaunchFromTemplates", actions=("ec2:RunInstances",),
            conditions={"ArnLike": {"ec2:LaunchTemplate": f"{ec2}:launch-template/*"}},
            reason="CreateAutoScalingGroup asks whether its caller might launch the template",
        ),
    )  # fmt: skip


def _beside(place: Place) -> tuple[Statement, ...]:
    lease = f"parameter/slipway-leases/{place.project}/{place.environment}"
    service = "autoscaling.amazonaws.com"
    return (
        Statement(
            sid="OwnAlarms", actions=("cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm"),
            resources=(
                f"arn:aws:cloudwatch:{place.region}:*:alarm:{place.project}-{place.environment}-*",
            ),
        ),
        Statement(
            sid="Lease", actions=("ssm:DeleteParameter", "ssm:GetParameter", "ssm:PutParameter"),
            resources=(f"arn:aws:ssm:{place.region}:*:{lease}",),
        ),
        Statement(
            sid="GiveMachinesTheirRole", actions=("iam:PassRole",),
            resources=tuple(f"arn:aws:iam::*:role/{profile}" for profile in place.profiles),
            conditions={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
            reason="the launch template names the instance profile",
        ),
        Statement(
            sid="FirstGroupOfTheAccount", actions=("iam:CreateServiceLinkedRole",),
            resources=(f"arn:aws:iam::*:role/aws-service-role/{service}/*",),
            conditions={"StringEquals": {"iam:AWSServiceName": service}},
            reason="CreateAutoScalingGroup makes Auto Scaling's own role where there is none",
        ),
    )  # fmt: skip


def _tagged(place: Place, key: str) -> dict[str, dict[str, str]]:
    wanted = {PROJECT: place.project, ENVIRONMENT: place.environment}
    return {"StringEquals": {f"{key}/{name}": value for name, value in wanted.items()}}
