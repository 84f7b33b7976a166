"""Which condition keys an action knows for a kind of resource, as far as our policies use them.

A condition on a key that an action does not know never holds, or always: so each that stands in a
policy is looked up here. From AWS's Service Authorization Reference:
https://docs.aws.amazon.com/service-authorization/latest/reference/
"""

from __future__ import annotations

# Action and kind of resource -> keys; a key of tags stands for all of them.
KNOWN: dict[str, str] = {
    "autoscaling:AttachLoadBalancerTargetGroups autoScalingGroup": (
        "autoscaling:TargetGroupARNs aws:ResourceTag"
    ),
    "autoscaling:AttachLoadBalancers autoScalingGroup": (
        "autoscaling:LoadBalancerNames aws:ResourceTag"
    ),
    "autoscaling:AttachTrafficSources autoScalingGroup": (
        "autoscaling:TrafficSourceIdentifiers aws:ResourceTag"
    ),
    "autoscaling:CreateAutoScalingGroup autoScalingGroup": (
        "autoscaling:LaunchConfigurationName autoscaling:LaunchTemplateVersionSpecified "
        "autoscaling:LoadBalancerNames autoscaling:TargetGroupARNs "
        "autoscaling:TrafficSourceIdentifiers autoscaling:VPCZoneIdentifiers aws:RequestTag "
        "aws:ResourceTag"
    ),
    "autoscaling:CreateOrUpdateTags autoScalingGroup": "aws:RequestTag aws:ResourceTag",
    "autoscaling:DeleteAutoScalingGroup autoScalingGroup": "aws:ResourceTag",
    "autoscaling:DetachInstances autoScalingGroup": "aws:ResourceTag",
    "autoscaling:DeleteTags autoScalingGroup": "aws:ResourceTag aws:TagKeys",
    "autoscaling:DetachLoadBalancerTargetGroups autoScalingGroup": (
        "autoscaling:TargetGroupARNs aws:ResourceTag"
    ),
    "autoscaling:DetachLoadBalancers autoScalingGroup": (
        "autoscaling:LoadBalancerNames aws:ResourceTag"
    ),
    "autoscaling:DetachTrafficSources autoScalingGroup": (
        "autoscaling:TrafficSourceIdentifiers aws:ResourceTag"
    ),
    "autoscaling:EnableMetricsCollection autoScalingGroup": "aws:ResourceTag",
    "autoscaling:PutLifecycleHook autoScalingGroup": "aws:ResourceTag",
    "autoscaling:PutNotificationConfiguration autoScalingGroup": "aws:ResourceTag",
    "autoscaling:PutScalingPolicy autoScalingGroup": "aws:ResourceTag",
    "autoscaling:PutScheduledUpdateGroupAction autoScalingGroup": "aws:ResourceTag",
    "autoscaling:PutWarmPool autoScalingGroup": "aws:ResourceTag",
    "autoscaling:ResumeProcesses autoScalingGroup": "aws:ResourceTag",
    "autoscaling:SuspendProcesses autoScalingGroup": "aws:ResourceTag",
    "autoscaling:UpdateAutoScalingGroup autoScalingGroup": (
        "autoscaling:LaunchConfigurationName autoscaling:LaunchTemplateVersionSpecified "
        "autoscaling:VPCZoneIdentifiers aws:ResourceTag"
    ),
    "cloudwatch:PutMetricAlarm alarm": "cloudwatch:AlarmActions",
    "ec2:AuthorizeSecurityGroupIngress security-group": "aws:ResourceTag",
    "ec2:CopyImage image": "ec2:Owner",
    # What the call makes has no tags yet, which is what is asked for.
    "ec2:CreateImage image": "aws:ResourceTag",
    "ec2:CreateImage instance": "aws:ResourceTag",
    "ec2:CreateImage snapshot": "aws:ResourceTag",
    "ec2:CreateLaunchTemplate launch-template": "aws:RequestTag",
    "ec2:CreateSecurityGroup security-group": "aws:RequestTag",
    "ec2:CreateTags image": "aws:RequestTag aws:ResourceTag",
    "ec2:CreateTags instance": "aws:RequestTag aws:ResourceTag aws:TagKeys ec2:CreateAction",
    "ec2:CreateTags launch-template": "aws:RequestTag ec2:CreateAction",
    "ec2:CreateTags network-interface": "aws:RequestTag ec2:CreateAction",
    "ec2:CreateTags security-group": "aws:RequestTag ec2:CreateAction",
    "ec2:CreateTags snapshot": "aws:RequestTag aws:ResourceTag",
    "ec2:CreateTags volume": "aws:RequestTag aws:ResourceTag ec2:CreateAction",
    "ec2:DeleteLaunchTemplate launch-template": "aws:ResourceTag",
    "ec2:DeleteSecurityGroup security-group": "aws:ResourceTag",
    "ec2:DeleteSnapshot snapshot": "aws:ResourceTag",
    "ec2:DeleteTags instance": "aws:ResourceTag aws:TagKeys",
    "ec2:DeregisterImage image": "aws:ResourceTag",
    "ec2:GetConsoleOutput instance": "aws:ResourceTag",
    "ec2:RunInstances image": "aws:ResourceTag ec2:LaunchTemplate ec2:Owner",
    "ec2:RunInstances instance": "aws:RequestTag ec2:InstanceProfile ec2:LaunchTemplate",
    "ec2:RunInstances key-pair": "ec2:LaunchTemplate",
    "ec2:RunInstances launch-template": "aws:ResourceTag",
    "ec2:RunInstances network-interface": "ec2:LaunchTemplate",
    "ec2:RunInstances security-group": "aws:ResourceTag ec2:LaunchTemplate",
    "ec2:RunInstances subnet": "aws:ResourceTag ec2:LaunchTemplate",
    "ec2:RunInstances volume": "aws:RequestTag ec2:LaunchTemplate",
    "ec2:StopInstances instance": "aws:ResourceTag",
    "ec2:TerminateInstances instance": "aws:ResourceTag",
    "iam:CreateServiceLinkedRole role": "iam:AWSServiceName",
    "iam:PassRole role": "iam:PassedToService",
    "ssm:SendCommand instance": "aws:ResourceTag",
    "kms:Decrypt key": "kms:EncryptionContext kms:ViaService",
}


def known(action: str, kind: str) -> frozenset[str] | None:
    """Return the keys, or None where the action does not know such resources."""
    found = KNOWN.get(f"{action} {kind}")
    return frozenset(found.split()) if found is not None else None


def plain(key: str) -> str:
    """Return a condition key without the tag, or the part of a context, that it is about."""
    if key.startswith("kms:EncryptionContext:"):
        return "kms:EncryptionContext"
    return key.partition("/")[0]
