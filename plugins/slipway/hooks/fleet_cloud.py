"""The one door to the cloud's fleets: Auto Scaling, launch templates, balancers.

Nothing here decides anything. Every call may be made twice: what exists already is taken for
done, what is gone already as well; the next look tells whether it is what was meant.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from slipway.hooks.balancers import Balancer, balancers_of, classic_balancer, target_group
from slipway.hooks.cloud_failure import patiently
from slipway.hooks.cloud_names import subnet_ids, tags_of
from slipway.hooks.fleet_view import Fleet, Machine, ServerGroup
from slipway.hooks.launch_templates import Launch, delete_template, make_template, template_names

PROJECT, ENVIRONMENT = "slipway:project", "slipway:environment"
VERSION, SHA, IMAGE = "slipway:version", "slipway:sha", "slipway:image"
# Notes on a server group, from which a task that was killed picks up the thread.
STANDBY, LIVE, HELD = "slipway:standby-until", "slipway:live-since", "slipway:held"
# EC2 takes this many values in one filter.
_FILTER_VALUES = 200


class FleetCloud:
    """One environment's fleet, in one region of one account.

    :param client: gives the boto3 client of a service by its name; asked for what is needed only.
    :param project: the project's name.
    :param environment: the environment's name.
    :param target_group: name of the environment's target group, or
    :param load_balancer: name of its classic load balancer.
    """

    def __init__(
        self,
        client: Any,
        *,
        project: str,
        environment: str,
        target_group: str | None = None,
        load_balancer: str | None = None,
    ) -> None:
        self._client = client
        self._tags = {PROJECT: project, ENVIRONMENT: environment}
        self._target_group = target_group
        self._load_balancer = load_balancer
        self._found: Balancer | None = None

    @property
    def _autoscaling(self) -> Any:
        return self._client("autoscaling")

    @property
    def _ec2(self) -> Any:
        return self._client("ec2")

    @property
    def _balancer(self) -> Balancer:
        if self._found is None:
            self._found = (
                target_group(self._client, self._target_group)
                if self._target_group
                else classic_balancer(self._client, self._load_balancer or "")
            )
        return self._found

    # Looking

    @patiently
    def observe(self) -> Fleet:
        """Read all server groups of the environment.

        A group that carries no project's tag but hangs on the same balancer belongs to the fleet
        as well: it served before Slipway came.

        :raises EnvironmentMisconfigured: when the target group or balancer does not exist.
        :raises CloudUnavailable: when the API does not answer.
        """
        key = self._balancer.key
        pages = self._autoscaling.get_paginator("describe_auto_scaling_groups").paginate()
        every = (group for page in pages for group in page["AutoScalingGroups"])
        raw = [group for group in every if self._belongs(group, key)]
        # After the groups, never before: a machine that joined in between would look unknown to
        # the balancer, and a group with such a machine drained.
        health = self._balancer.health()
        addresses = self._addresses(one["InstanceId"] for one in _machines(raw))
        return Fleet(
            groups=tuple(_group(one, key, health, addresses) for one in raw),
            templates=template_names(self._ec2, self._tags),
        )

    def _belongs(self, group: Mapping[str, Any], key: str) -> bool:
        tags = tags_of(group)
        if PROJECT in tags:
            return tags | self._tags == tags
        return key in balancers_of(group)

    def _addresses(self, instances: Iterable[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        rest = iter(instances)
        while ids := list(islice(rest, _FILTER_VALUES)):
            # A filter, since asking by id fails for all when one machine is gone already.
            wanted = [{"Name": "instance-id", "Values": ids}]
            pages = self._ec2.get_paginator("describe_instances").paginate(Filters=wanted)
            machines = (i for page in pages for r in page["Reservations"] for i in r["Instances"])
            found |= {
                i["InstanceId"]: i["PrivateIpAddress"] for i in machines if "PrivateIpAddress" in i
            }
        return found

    def trouble(self, group: str) -> str:
        """Return what Auto Scaling said when it last failed to launch a machine, or nothing."""
        try:
            answer = self._autoscaling.describe_scaling_activities(
                AutoScalingGroupName=group, MaxRecords=10
            )
        except ClientError:
            # Only ever asked to enrich a failure, which must not be lost for it.
            return ""
        failed = (one for one in answer["Activities"] if one["StatusCode"] == "Failed")
        return next((one.get("StatusMessage", "") for one in failed), "")

    # Doing

    @patiently
    def launch(self, launch: Launch) -> None:
        """Make a launch template and a server group of it, outside the balancer.

        :raises EnvironmentMisconfigured: when it names what the cloud does not have.
        """
        subnets = subnet_ids(self._ec2, launch.subnets)
        make_template(self._ec2, launch)
        low, desired, high = launch.size
        tags = [_tag(launch.name, key, value, inherited=True) for key, value in launch.tags.items()]
        template = {"LaunchTemplateName": launch.name, "Version": "1"}
        try:
            self._autoscaling.create_auto_scaling_group(
                AutoScalingGroupName=launch.name, MinSize=low, DesiredCapacity=desired,
                MaxSize=high, LaunchTemplate=template, VPCZoneIdentifier=",".join(subnets),
                HealthCheckType="EC2", HealthCheckGracePeriod=60, Tags=tags,
            )  # fmt: skip
        except ClientError as error:
            if not error.response["Error"]["Code"].startswith("AlreadyExists"):
                raise

    @patiently
    def resize(self, group: str, size: tuple[int, int, int]) -> None:
        """Give a group another min, desired and max."""
        low, desired, high = size
        self._autoscaling.update_auto_scaling_group(
            AutoScalingGroupName=group, MinSize=low, DesiredCapacity=desired, MaxSize=high
        )

    @patiently
    def attach(self, group: str) -> None:
        """Let a group's machines into the balancer."""
        self._balancer.attach(group)

    @patiently
    def detach(self, group: str) -> None:
        """Take a group's machines out of the balancer, which lets them finish first."""
        self._balancer.detach(group)

    @patiently
    def hold(self, group: str, processes: frozenset[str]) -> None:
        """Suspend processes of a group, and note that it was us.

        The note comes first: a crash between the two leaves a note too many, which is harmless.

        :param processes: Auto Scaling's names; without any, nothing happens.
        """
        if processes:
            self._note(group, HELD, " ".join(sorted(processes)))
            self._autoscaling.suspend_processes(
                AutoScalingGroupName=group, ScalingProcesses=sorted(processes)
            )

    @patiently
    def release(self, group: str, processes: frozenset[str]) -> None:
        """Resume processes of a group, and take the note off.

        :param processes: Auto Scaling's names; without any, nothing happens.
        """
        # An empty list would mean all there are, also what somebody else suspended.
        if processes:
            self._autoscaling.resume_processes(
                AutoScalingGroupName=group, ScalingProcesses=sorted(processes)
            )
            self._note(group, HELD, None)

    @patiently
    def mark_standby(self, group: str, until: int | None) -> None:
        """Note on a group until when it is kept warm; None takes the note off."""
        self._note(group, STANDBY, None if until is None else str(until))

    @patiently
    def mark_live(self, group: str, since: int) -> None:
        """Note on a group since when it serves alone."""
        self._note(group, LIVE, str(since))

    @patiently
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
        delete_template(self._ec2, group)

    def _note(self, group: str, key: str, value: str | None) -> None:
        if value is None:
            self._autoscaling.delete_tags(Tags=[_tag(group, key)])
        else:
            self._autoscaling.create_or_update_tags(Tags=[_tag(group, key, value)])


def _tag(
    group: str, key: str, value: str | None = None, *, inherited: bool = False
) -> dict[str, Any]:
    tag: dict[str, Any] = {
        "ResourceId": group, "ResourceType": "auto-scaling-group", "Key": key,
        "PropagateAtLaunch": inherited,
    }  # fmt: skip
    return tag if value is None else {**tag, "Value": value}


def _machines(groups: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    return (machine for group in groups for machine in group["Instances"])


def _group(
    raw: Mapping[str, Any], key: str, health: Mapping[str, str], addresses: Mapping[str, str]
) -> ServerGroup:
    tags = tags_of(raw)
    return ServerGroup(
        name=raw["AutoScalingGroupName"], version=tags.get(VERSION), image_id=tags.get(IMAGE),
        min_size=raw["MinSize"], desired=raw["DesiredCapacity"], max_size=raw["MaxSize"],
        attached=key in balancers_of(raw),
        suspended=frozenset(one["ProcessName"] for one in raw.get("SuspendedProcesses", ())),
        held=frozenset(tags.get(HELD, "").split()), live_since=_instant(tags.get(LIVE)),
        standby_until=_instant(tags.get(STANDBY)), deleting="Status" in raw,
        machines=tuple(
            Machine(
                instance_id=one["InstanceId"], address=addresses.get(one["InstanceId"]),
                lifecycle=one["LifecycleState"], target_health=health.get(one["InstanceId"]),
            )
            for one in raw["Instances"]
        ),
    )  # fmt: skip


def _instant(value: str | None) -> int | None:
    # Somebody may have edited the note by hand; it is not worth a failed swap.
    return int(value) if value and value.isdigit() else None
