"""The one door to the cloud's fleets: Auto Scaling, launch templates, balancers.

Nothing here decides anything. Every call may be made twice: what exists already is taken for
done, what is gone already as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from slipway.hooks.cloud_failure import understood
from slipway.hooks.cloud_names import missing, security_group_ids, subnet_ids, tags_of
from slipway.hooks.fleet_view import SCALING, Fleet, Machine, ServerGroup

PROJECT, ENVIRONMENT = "slipway:project", "slipway:environment"
_BALANCER, _TARGET_GROUP = "load balancer", "target group"
VERSION, SHA, STANDBY = "slipway:version", "slipway:sha", "slipway:standby-until"


@dataclass(frozen=True, kw_only=True, slots=True)
class Launch:
    """Everything that a new server group is made from; names are resolved to ids here."""

    name: str
    image_id: str
    instance_type: str
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    profile: str | None
    user_data: str
    tags: Mapping[str, str]
    size: tuple[int, int, int]


class FleetCloud:
    """One region of one account.

    :param client: gives the boto3 client of a service by its name.
    """

    def __init__(self, client: Any) -> None:
        self._autoscaling = client("autoscaling")
        self._ec2 = client("ec2")
        self._elbv2 = client("elbv2")
        self._elb = client("elb")

    # Looking

    @understood
    def observe(
        self, *, project: str, environment: str, target_group: str | None, balancer: str | None
    ) -> Fleet:
        """Read all server groups of an environment.

        A group that carries no project's tag but hangs on the same balancer belongs to the fleet
        as well: it served before Slipway came.

        :raises EnvironmentMisconfigured: when the target group or balancer does not exist.
        :raises CloudUnavailable: when the API does not answer.
        """
        arn = self._target_group_arn(target_group) if target_group else None
        health = self._target_health(arn) if arn else self._instance_health(balancer or "")
        raw = [
            group
            for group in self._all_groups()
            if _belongs(group, project, environment, arn or balancer or "")
        ]
        addresses = self._addresses(
            one["InstanceId"] for group in raw for one in group["Instances"]
        )
        where = arn or balancer or ""
        return Fleet(groups=tuple(_group(one, where, health, addresses) for one in raw))

    def _all_groups(self) -> list[dict[str, Any]]:
        pages = self._autoscaling.get_paginator("describe_auto_scaling_groups").paginate()
        return [group for page in pages for group in page["AutoScalingGroups"]]

    def _addresses(self, instances: Iterable[str]) -> dict[str, str]:
        ids = list(instances)
        if not ids:
            return {}
        # A filter, since asking by id fails for all when one machine is gone already.
        wanted = [{"Name": "instance-id", "Values": ids}]
        pages = self._ec2.get_paginator("describe_instances").paginate(Filters=wanted)
        found = (i for page in pages for r in page["Reservations"] for i in r["Instances"])
        return {i["InstanceId"]: i["PrivateIpAddress"] for i in found if "PrivateIpAddress" in i}

    def _target_health(self, arn: str) -> dict[str, str]:
        answer = self._elbv2.describe_target_health(TargetGroupArn=arn)
        return {
            one["Target"]["Id"]: one["TargetHealth"]["State"]
            for one in answer["TargetHealthDescriptions"]
        }

    def _instance_health(self, balancer: str) -> dict[str, str]:
        try:
            answer = self._elb.describe_instance_health(LoadBalancerName=balancer)
        except ClientError as error:
            raise missing(_BALANCER, balancer, self._balancer_names()) from error
        words = {"InService": "healthy", "OutOfService": "unhealthy"}
        return {one["InstanceId"]: words.get(one["State"], "initial") for one in
                answer["InstanceStates"]}  # fmt: skip

    def _target_group_arn(self, name: str) -> str:
        pages = self._elbv2.get_paginator("describe_target_groups").paginate()
        arns = {g["TargetGroupName"]: g["TargetGroupArn"] for p in pages for g in p["TargetGroups"]}
        if name not in arns:
            raise missing(_TARGET_GROUP, name, arns)
        return str(arns[name])

    def _balancer_names(self) -> list[str]:
        answer = self._elb.describe_load_balancers()["LoadBalancerDescriptions"]
        return [one["LoadBalancerName"] for one in answer]

    # Doing

    @understood
    def launch(self, launch: Launch) -> None:
        """Make a launch template and a server group of it, outside the balancer."""
        subnets = subnet_ids(self._ec2, launch.subnets)
        template = self._template(launch)
        low, desired, high = launch.size
        tags = [
            {
                "Key": key, "Value": value, "PropagateAtLaunch": True,
                "ResourceId": launch.name, "ResourceType": "auto-scaling-group",
            }
            for key, value in launch.tags.items()
        ]  # fmt: skip
        try:
            self._autoscaling.create_auto_scaling_group(
                AutoScalingGroupName=launch.name, MinSize=low, DesiredCapacity=desired,
                MaxSize=high, LaunchTemplate={"LaunchTemplateName": template, "Version": "1"},
                VPCZoneIdentifier=",".join(subnets), HealthCheckType="EC2",
                HealthCheckGracePeriod=60, Tags=tags,
            )  # fmt: skip
        except ClientError as error:
            if _code(error) != "AlreadyExists":
                raise

    def _template(self, launch: Launch) -> str:
        tags = [{"Key": key, "Value": value} for key, value in launch.tags.items()]
        data: dict[str, Any] = {
            "ImageId": launch.image_id, "InstanceType": launch.instance_type,
            "SecurityGroupIds": security_group_ids(self._ec2, launch.security_groups),
            "UserData": launch.user_data,
            # Version 2 of the metadata service only: a request that an application was tricked
            # into cannot read the machine's credentials.
            "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
            "TagSpecifications": [
                {"ResourceType": kind, "Tags": tags} for kind in ("instance", "volume")
            ],
        }  # fmt: skip
        if launch.profile:
            data["IamInstanceProfile"] = {"Name": launch.profile}
        try:
            # The name is what makes this call one call. A client token would answer with a
            # template that was deleted since, when a release comes back within a day.
            self._ec2.create_launch_template(
                LaunchTemplateName=launch.name, LaunchTemplateData=data,
                TagSpecifications=[{"ResourceType": "launch-template", "Tags": tags}],
            )  # fmt: skip
        except ClientError as error:
            if _code(error) != "InvalidLaunchTemplateName.AlreadyExistsException":
                raise
            self._compare_template(launch)
        return launch.name

    def _compare_template(self, launch: Launch) -> None:
        """A template of this name may be what an interrupted try made; no other will do."""
        answer = self._ec2.describe_launch_template_versions(
            LaunchTemplateName=launch.name, Versions=["1"]
        )
        image = answer["LaunchTemplateVersions"][0]["LaunchTemplateData"].get("ImageId")
        if image != launch.image_id:
            # It belongs to an earlier bake of the same release, and no group uses it any more.
            self._ec2.delete_launch_template(LaunchTemplateName=launch.name)
            self._template(launch)

    @understood
    def attach(self, group: str, *, target_group: str | None, balancer: str | None) -> None:
        """Let a group's machines into the balancer."""
        if target_group:
            self._autoscaling.attach_load_balancer_target_groups(
                AutoScalingGroupName=group, TargetGroupARNs=[self._target_group_arn(target_group)]
            )
        else:
            self._autoscaling.attach_load_balancers(
                AutoScalingGroupName=group, LoadBalancerNames=[balancer]
            )

    @understood
    def detach(self, group: str, *, target_group: str | None, balancer: str | None) -> None:
        """Take a group's machines out of the balancer, which lets them finish first."""
        if target_group:
            self._autoscaling.detach_load_balancer_target_groups(
                AutoScalingGroupName=group, TargetGroupARNs=[self._target_group_arn(target_group)]
            )
        else:
            self._autoscaling.detach_load_balancers(
                AutoScalingGroupName=group, LoadBalancerNames=[balancer]
            )

    @understood
    def suspend_scaling(self, group: str) -> None:
        """Keep alarms, schedules and rebalancing away from a group."""
        self._autoscaling.suspend_processes(
            AutoScalingGroupName=group, ScalingProcesses=sorted(SCALING)
        )

    @understood
    def resume_scaling(self, group: str) -> None:
        """Let alarms, schedules and rebalancing work on a group again."""
        self._autoscaling.resume_processes(
            AutoScalingGroupName=group, ScalingProcesses=sorted(SCALING)
        )

    @understood
    def mark_standby(self, group: str, until: int | None) -> None:
        """Note on a group until when it is kept warm; None takes the note off."""
        tag = {
            "ResourceId": group, "ResourceType": "auto-scaling-group", "Key": STANDBY,
            "PropagateAtLaunch": False,
        }  # fmt: skip
        if until is None:
            self._autoscaling.delete_tags(Tags=[tag])
        else:
            self._autoscaling.create_or_update_tags(Tags=[{**tag, "Value": str(until)}])

    @understood
    def delete(self, group: str) -> None:
        """Remove a group with its machines and its launch template."""
        try:
            self._autoscaling.delete_auto_scaling_group(
                AutoScalingGroupName=group, ForceDelete=True
            )
        except ClientError as error:
            # ValidationError is Auto Scaling's word for a group that is gone.
            if "not found" not in str(error).lower():
                raise
        named = [{"Name": "launch-template-name", "Values": [group]}]
        for template in self._ec2.describe_launch_templates(Filters=named)["LaunchTemplates"]:
            self._ec2.delete_launch_template(LaunchTemplateId=template["LaunchTemplateId"])


def _belongs(group: Mapping[str, Any], project: str, environment: str, where: str) -> bool:
    tags = tags_of(group)
    if PROJECT in tags:
        return (tags[PROJECT], tags.get(ENVIRONMENT)) == (project, environment)
    return where in (*group.get("TargetGroupARNs", ()), *group.get("LoadBalancerNames", ()))


def _group(
    raw: Mapping[str, Any], where: str, health: Mapping[str, str], addresses: Mapping[str, str]
) -> ServerGroup:
    tags = tags_of(raw)
    standby = tags.get(STANDBY)
    return ServerGroup(
        name=raw["AutoScalingGroupName"], version=tags.get(VERSION),
        min_size=raw["MinSize"], desired=raw["DesiredCapacity"], max_size=raw["MaxSize"],
        attached=where in (*raw.get("TargetGroupARNs", ()), *raw.get("LoadBalancerNames", ())),
        suspended=frozenset(one["ProcessName"] for one in raw.get("SuspendedProcesses", ())),
        standby_until=int(standby) if standby else None, deleting="Status" in raw,
        machines=tuple(
            Machine(
                instance_id=one["InstanceId"], address=addresses.get(one["InstanceId"]),
                lifecycle=one["LifecycleState"], target_health=health.get(one["InstanceId"]),
            )
            for one in raw["Instances"]
        ),
    )  # fmt: skip


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])
