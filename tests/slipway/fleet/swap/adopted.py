"""A fleet as others made it, with everything on it that people hang on one."""

from __future__ import annotations

from typing import Any

from tests.slipway.fleet.moto_cloud import client, image, subnet

NAME = "by-hand"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:fleet"


def make() -> None:
    """Make a group of spot machines in three target groups, as Terraform does."""
    ec2, scaling = client("ec2"), client("autoscaling")
    ec2.create_key_pair(KeyName="ops")
    ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=template())
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    arns = [arn("shop-dev")]
    for name in ("internal", "admin"):
        group = client("elbv2").create_target_group(Name=name, Protocol="HTTP", Port=81, VpcId=vpc)
        arns.append(group["TargetGroups"][0]["TargetGroupArn"])
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=NAME,
        MinSize=1,
        MaxSize=4,
        DesiredCapacity=2,
        VPCZoneIdentifier=subnet("a"),
        MixedInstancesPolicy=mix(),
        TargetGroupARNs=arns,
        PlacementGroup="near",
        TerminationPolicies=["OldestInstance"],
        DefaultCooldown=42,
        CapacityRebalance=True,
        HealthCheckType="ELB",
        HealthCheckGracePeriod=240,
        Tags=[{"Key": "team", "Value": "web", "PropagateAtLaunch": True}],
    )
    scaling.suspend_processes(AutoScalingGroupName=NAME, ScalingProcesses=["AZRebalance", "Launch"])
    scaling.put_notification_configuration(
        AutoScalingGroupName=NAME,
        TopicARN=TOPIC,
        NotificationTypes=["autoscaling:EC2_INSTANCE_LAUNCH"],
    )


def template() -> dict[str, Any]:
    return {
        "ImageId": image(),
        "InstanceType": "m5.large",
        "KeyName": "ops",
        "Monitoring": {"Enabled": True},
        "EbsOptimized": True,
        "UserData": "IyEvYmluL3No",
        "InstanceInitiatedShutdownBehavior": "terminate",
        "MetadataOptions": {"HttpTokens": "optional", "HttpPutResponseHopLimit": 2},
        "NetworkInterfaces": [
            {"DeviceIndex": 0, "AssociatePublicIpAddress": True, "Ipv6AddressCount": 1}
        ],
        "BlockDeviceMappings": [
            {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 200, "VolumeType": "gp3"}}
        ],
        "TagSpecifications": [
            {"ResourceType": "instance", "Tags": [{"Key": "patch", "Value": "weekly"}]}
        ],
    }


def mix() -> dict[str, Any]:
    return {
        "LaunchTemplate": {
            "LaunchTemplateSpecification": {"LaunchTemplateName": "web", "Version": "$Latest"},
            "Overrides": [{"InstanceType": "m5.large"}, {"InstanceType": "m5a.large"}],
        },
        "InstancesDistribution": {
            "OnDemandBaseCapacity": 1,
            "OnDemandPercentageAboveBaseCapacity": 25,
        },
    }


def arn(name: str) -> str:
    found = client("elbv2").describe_target_groups(Names=[name])["TargetGroups"]
    return str(found[0]["TargetGroupArn"])
