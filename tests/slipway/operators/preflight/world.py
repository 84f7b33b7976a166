"""An account in moto with everything that a deployment of the shop needs, and its neighbours'."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import botocore.client
from botocore.exceptions import ClientError

from slipway.model.facts import MachineImage
from slipway.model.target import DeployTarget
from tests.slipway.fleet.moto_cloud import client
from tests.slipway.fleet.worlds import make_image, make_target

if TYPE_CHECKING:
    import pytest

TAGS = {"slipway:project": "shop", "slipway:environment": "dev"}
TOPIC = "arn:aws:sns:eu-west-1:123456789012:machines"
_OTHERS = {"slipway:project": "blog", "slipway:environment": "dev"}
_LIMITS = {
    "MaxNumberOfAutoScalingGroups": 500,
    "NumberOfAutoScalingGroups": 1,
    "MaxNumberOfLaunchConfigurations": 200,
    "NumberOfLaunchConfigurations": 0,
}
HOOK = {
    "LifecycleHookName": "warm-up",
    "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING",
    "NotificationTargetARN": TOPIC,
    "RoleARN": "arn:aws:iam::123456789012:role/shop-dev-app",
}
Answer = Callable[[dict[str, Any]], Any]


class Answers:
    """What moto does not know, answered here; and what is refused, on top."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.by_call: dict[str, Answer] = {
            "DescribeAccountLimits": lambda _: _LIMITS,
            "GetServiceQuota": lambda _: {"Quota": {"Value": 64.0}},
            "ListServiceQuotas": lambda _: {
                "Quotas": [{"QuotaName": "Launch templates per Region", "Value": 5000.0}]
            },
        }
        # moto calls each hook's target by one name.
        self.by_call["DescribeLifecycleHooks"] = lambda _: {"LifecycleHooks": [HOOK]}
        self.made: list[str] = []
        every: Any = botocore.client.BaseClient
        real = every._make_api_call

        def call(one: Any, name: str, params: dict[str, Any]) -> Any:
            self.made.append(name)
            if name in self.by_call:
                return self.by_call[name](params)
            return real(one, name, params)

        monkeypatch.setattr(every, "_make_api_call", call)

    def refuse(self, name: str, code: str = "AccessDenied", *, said: str = "not for you") -> None:
        def answer(_: dict[str, Any]) -> Any:
            raise ClientError({"Error": {"Code": code, "Message": said}}, name)

        self.by_call[name] = answer


def furnish() -> None:
    """Make everything; nothing of it is missing or wrong."""
    vpc = _network()
    _balancers(vpc)
    _profiles()
    for name in ("shop-errors", "blog-latency"):
        client("cloudwatch").put_metric_alarm(
            AlarmName=name,
            MetricName="m",
            Namespace="n",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1.0,
            ComparisonOperator="GreaterThanThreshold",
            Statistic="Sum",
        )
    key = client("kms").create_key()["KeyMetadata"]["KeyId"]
    for name in ("DATABASE_URL", "SESSION_KEY"):
        client("ssm").put_parameter(
            Name=f"/slipway/shop/dev/{name}", Value="x", Type="SecureString", KeyId=key
        )
    client("sns").create_topic(Name="machines")
    _live_group()


def _network() -> str:
    ec2 = client("ec2")
    vpc = str(ec2.describe_vpcs()["Vpcs"][0]["VpcId"])
    for name, one in zip(("shop-a", "shop-b", "shop-c"), _sorted_subnets(vpc), strict=True):
        _name(one, name)
    other = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    far = ec2.create_subnet(VpcId=other, CidrBlock="10.9.1.0/24", AvailabilityZone="eu-west-1a")
    _name(far["Subnet"]["SubnetId"], "far-a")
    for group, place in (("shop-app", vpc), ("blog-app", vpc), ("far-app", other)):
        ec2.create_security_group(GroupName=group, Description="d", VpcId=place)
    return vpc


def _sorted_subnets(vpc: str) -> list[str]:
    here = [{"Name": "vpc-id", "Values": [vpc]}]
    found = client("ec2").describe_subnets(Filters=here)["Subnets"]
    return [one["SubnetId"] for one in sorted(found, key=lambda one: one["AvailabilityZone"])]


def _name(subnet: str, name: str) -> None:
    client("ec2").create_tags(Resources=[subnet], Tags=[{"Key": "Name", "Value": name}])


def _balancers(vpc: str) -> None:
    elbv2 = client("elbv2")
    two = _sorted_subnets(vpc)[:2]
    tagged: tuple[tuple[str, dict[str, str], bool, str], ...] = (
        ("shop-dev", TAGS, True, "instance"),
        ("shop-dev-idle", TAGS, False, "instance"),
        ("shop-dev-ips", TAGS, True, "ip"),
        ("shop-prod", {**TAGS, "slipway:environment": "prod"}, True, "instance"),
        ("blog-dev", _OTHERS, True, "instance"),
        ("shop-api-dev", {}, True, "instance"),
    )
    for name, tags, listening, kind in tagged:
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        group = elbv2.create_target_group(
            Name=name,
            Protocol="HTTP",
            Port=80,
            VpcId=vpc,
            TargetType=kind,
            **({"Tags": pairs} if pairs else {}),
        )["TargetGroups"][0]["TargetGroupArn"]
        if listening:
            balancer = elbv2.create_load_balancer(Name=name, Subnets=two)["LoadBalancers"][0]
            elbv2.create_listener(
                LoadBalancerArn=balancer["LoadBalancerArn"],
                Port=80,
                Protocol="HTTP",
                DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
            )
    client("elb").create_load_balancer(
        LoadBalancerName="shop-dev-classic",
        AvailabilityZones=["eu-west-1a"],
        Listeners=[{"Protocol": "http", "LoadBalancerPort": 80, "InstancePort": 80}],
    )


def _profiles() -> None:
    iam = client("iam")
    for name, service in (("shop-dev-app", "ec2"), ("shop-dev-job", "lambda")):
        trust = {
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "sts:AssumeRole",
                    "Principal": {"Service": f"{service}.amazonaws.com"},
                }
            ]
        }
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        iam.create_instance_profile(InstanceProfileName=name)
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    iam.create_instance_profile(InstanceProfileName="shop-dev-new")


def _live_group() -> None:
    ec2, autoscaling = client("ec2"), client("autoscaling")
    ec2.create_key_pair(KeyName="shop-ops")
    data = {"ImageId": image(), "InstanceType": "t3.micro", "KeyName": "shop-ops"}
    ec2.create_launch_template(
        LaunchTemplateName="shop-dev-1",
        LaunchTemplateData=data,
        TagSpecifications=[
            {
                "ResourceType": "launch-template",
                "Tags": [{"Key": key, "Value": value} for key, value in TAGS.items()],
            }
        ],
    )
    tags = {**TAGS, "slipway:version": "1", "slipway:live-since": "500"}
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="shop-dev-1",
        MinSize=1,
        DesiredCapacity=2,
        MaxSize=4,
        LaunchTemplate={"LaunchTemplateName": "shop-dev-1", "Version": "1"},
        AvailabilityZones=["eu-west-1a"],
        TargetGroupARNs=[arn("shop-dev")],
        Tags=[
            {
                "Key": key,
                "Value": value,
                "PropagateAtLaunch": True,
                "ResourceId": "shop-dev-1",
                "ResourceType": "auto-scaling-group",
            }
            for key, value in tags.items()
        ],
    )
    autoscaling.put_lifecycle_hook(AutoScalingGroupName="shop-dev-1", **HOOK)


def arn(name: str) -> str:
    (group,) = client("elbv2").describe_target_groups(Names=[name])["TargetGroups"]
    return str(group["TargetGroupArn"])


@lru_cache
def image(architecture: str = "x86_64") -> str:
    of_kind = [{"Name": "architecture", "Values": [architecture]}]
    found = client("ec2").describe_images(Filters=of_kind)["Images"]
    return str(min(one["ImageId"] for one in found))


def target(**more: Any) -> DeployTarget:
    fields: dict[str, Any] = {
        "subnets": ("shop-a", "shop-b"),
        "security_groups": ("shop-app",),
        "profile": "shop-dev-app",
        "alarms": ("shop-errors",),
    }
    return make_target(**(fields | more))


def machine_image(image_id: str) -> MachineImage:
    record = make_image("2")
    return MachineImage.from_json({**record.to_json(), "image_id": image_id, "reused": True})
