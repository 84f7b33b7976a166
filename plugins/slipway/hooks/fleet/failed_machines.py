"""Ill machines of a failed release: what the balancer says of them, and one that is kept.

A kept machine belongs to no group, so it is nobody's capacity and gets no traffic. Its tag says
until when it stays; the tag comes first, so that a crash anywhere leaves nothing for ever.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from botocore.exceptions import ClientError

from slipway.exceptions import CloudUnavailable
from slipway.hooks.aws.errors import is_missing, retry_transient
from slipway.hooks.aws.lookup import tags_of
from slipway.hooks.explain.balancer_words import balancer_words
from slipway.hooks.fleet.changes import FleetChanges
from slipway.hooks.fleet.group_tags import number
from slipway.hooks.fleet.missing_group import unless_gone
from slipway.model.cloud.tags import FAILED, VERSION
from slipway.model.fleet import KeptMachine

# Whatever else a machine is, it is there, and costs money.
_THERE = ("pending", "running", "stopping", "stopped")
# Auto Scaling's own tag of the machines of a group.
_GROUP = "aws:autoscaling:groupName"
# How often, and after how many seconds, a new tag is looked for.
_LOOKS, _PAUSE = 20, 0.5


class FailedMachines(FleetChanges):
    """One environment's fleet, as far as it is about ill machines."""

    @retry_transient
    def target_words(self) -> dict[str, str]:
        """Return what the balancer says of each machine, with its reasons, by instance id.

        :raises CloudUnavailable: when the API does not answer.
        """
        return balancer_words(self._client, self._balancer)

    @retry_transient
    def kept_failed(self) -> tuple[KeptMachine, ...]:
        """List the environment's machines that were kept for being ill.

        :raises CloudUnavailable: when the API does not answer.
        """
        tags = [{"Name": f"tag:{key}", "Values": [value]} for key, value in self._tags.items()]
        state = {"Name": "instance-state-name", "Values": list(_THERE)}
        wanted = [*tags, {"Name": "tag-key", "Values": [FAILED]}, state]
        pages = self._ec2.get_paginator("describe_instances").paginate(Filters=wanted)
        machines = (i for page in pages for r in page["Reservations"] for i in r["Instances"])
        told = {str(one["InstanceId"]): tags_of(one) for one in machines}
        return tuple(
            KeptMachine(
                instance_id=name,
                version=mine.get(VERSION, ""),
                until=number(mine[FAILED]) or 0,
                grouped=_GROUP in mine,
            )
            for name, mine in sorted(told.items())
        )

    @retry_transient
    @unless_gone
    def keep_failed(self, group: str, instance_id: str, until: int) -> None:
        """Take an ill machine out of its group, which stays without it; it goes on running.

        :param group: that is about to be deleted.
        :param instance_id: of the machine.
        :param until: seconds since 1970.
        :raises CloudUnavailable: when its tag is not to be seen: without it nobody would end it.
        """
        if instance_id not in self._members(group):
            return  # it has left the group, or this world, meanwhile
        tag = {"Key": FAILED, "Value": str(until)}
        self._changing("ec2").create_tags(Resources=[instance_id], Tags=[tag])
        self._require_seen(instance_id)
        # A group may not be smaller than its least.
        self._changing("autoscaling").update_auto_scaling_group(
            AutoScalingGroupName=group, MinSize=0
        )
        try:
            self._changing("autoscaling").detach_instances(
                AutoScalingGroupName=group,
                InstanceIds=[instance_id],
                ShouldDecrementDesiredCapacity=True,
            )
        except ClientError:
            if instance_id in self._members(group):
                raise

    @retry_transient
    def end_failed(self, instance_id: str) -> None:
        """Terminate a machine that was kept."""
        try:
            self._changing("ec2").terminate_instances(InstanceIds=[instance_id])
        except ClientError as error:
            if not is_missing(error):
                raise

    def _require_seen(self, instance_id: str) -> None:
        """Wait for the tag, so that the next look does not take another machine for lack of it."""
        for _ in range(_LOOKS):
            if any(one.instance_id == instance_id for one in self.kept_failed()):
                return
            time.sleep(_PAUSE)
        msg = f"the tag {FAILED} of {instance_id} is not to be seen yet"
        raise CloudUnavailable(msg, advice="nothing: the task tries again by itself")

    def _members(self, group: str) -> Iterable[str]:
        found = self._described(group) or {}
        return [one["InstanceId"] for one in found.get("Instances", ())]
