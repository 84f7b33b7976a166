"""The one door to the cloud's fleets: Auto Scaling, launch templates, balancers.

Nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Self, TypeAlias

from slipway.hooks.aws.errors import retry_transient
from slipway.hooks.aws.load_balancers import balancers_of
from slipway.hooks.aws.lookup import tags_of
from slipway.hooks.fleet.alarms import alarm_names, read_alarms
from slipway.hooks.fleet.close_look import look
from slipway.hooks.fleet.describe import (
    borrowed_templates,
    launch_trouble,
    machine_ids,
    server_group,
)
from slipway.hooks.fleet.failed_machines import FailedMachines
from slipway.hooks.fleet.inheritance.report import told
from slipway.hooks.fleet.launch_templates import template_names
from slipway.hooks.fleet.lifecycle_hooks import managed_hooks
from slipway.hooks.fleet.new_group import new_group
from slipway.hooks.fleet.scaling_rules import fingerprint, found_rules
from slipway.hooks.fleet.traffic_sources import behind, sources_of, states
from slipway.model.cloud.alarm import Alarm
from slipway.model.cloud.group_seen import GroupSeen
from slipway.model.cloud.health_check import HealthCheck
from slipway.model.cloud.launch import Launch
from slipway.model.cloud.tags import PROJECT
from slipway.model.fleet import Fleet

# EC2 takes this many values in one filter.
_FILTER_VALUES = 200
# Auto Scaling describes this many groups at a time, and half of them unless told.
_PAGE = 100
# Alarms of an account that are read to find the name that somebody meant.
_MOST_ALARMS = 2000
Groups: TypeAlias = list[Mapping[str, Any]]


def _alone(look: Callable[[], Groups]) -> Groups:
    return look()


class FleetCloud(FailedMachines):
    """One environment's fleet, in one region of one account: it can be looked at, and changed."""

    _share: Callable[[Callable[[], Groups]], Groups] = staticmethod(_alone)

    def share(self, share: Callable[[Callable[[], Groups]], Groups]) -> Self:
        """Look at the account's groups together with others who wait, and change nothing.

        :param share: is given what lists them, and returns what it returned, a moment ago perhaps.
        :returns: this fleet.
        """
        self._share = share
        return self

    def _every(self) -> Groups:
        pages = self._autoscaling.get_paginator("describe_auto_scaling_groups")
        found = pages.paginate(PaginationConfig={"PageSize": _PAGE})
        return [group for page in found for group in page["AutoScalingGroups"]]

    @retry_transient
    def observe(self, *, detailed: bool = False) -> Fleet:
        """Read all server groups of the environment.

        A group that carries no project's tag but hangs on the same balancer belongs to the fleet
        as well: it served before Slipway came. Where another environment's groups hang there,
        nobody can tell whose it was, and it belongs to neither until it carries the tags.

        :param detailed: what takes more calls, too: scaling rules where two groups share the
            traffic, and the balancer's slow start.
        :raises EnvironmentMisconfigured: when the target group or balancer does not exist.
        :raises CloudUnavailable: when the API does not answer.
        """
        key = self._balancer.key
        every = self._share(self._every)
        raw = self._own(every, key)
        # After the groups, never before: a machine that joined in between would look unknown to
        # the balancer, and a group with such a machine drained.
        health = {**self._draining(raw, key), **self._balancer.health()}
        addresses = self._addresses(machine_ids(raw))
        rules = self._rules(raw, key) if detailed else {}
        templates, borrowed = template_names(self._ec2, self._tags), borrowed_templates(every)
        groups = (
            server_group(
                one,
                key=key,
                health=health,
                addresses=addresses,
                rules=rules.get(one["AutoScalingGroupName"], ""),
            )
            for one in raw
        )
        return Fleet(
            groups=tuple(groups),
            templates=tuple(name for name in templates if name not in borrowed),
            slow_start=self._balancer.slow_start() if detailed else 0,
        )

    def _rules(self, raw: list[Mapping[str, Any]], key: str) -> dict[str, str]:
        serving = [one for one in raw if key in balancers_of(one)]
        if len(serving) < 2:  # nobody to take anything over from
            return {}
        return {one["AutoScalingGroupName"]: fingerprint(self._client, one) for one in serving}

    def _own(self, every: list[Mapping[str, Any]], key: str) -> list[Mapping[str, Any]]:
        tagged = [one for one in every if PROJECT in tags_of(one)]
        mine = [one for one in tagged if (tags := tags_of(one)) | self._tags == tags]
        if any(key in balancers_of(one) for one in tagged if one not in mine):
            return mine
        found = [one for one in every if one not in tagged and key in balancers_of(one)]
        return [one for one in every if one in mine or one in found]

    def _draining(self, raw: Iterable[Mapping[str, Any]], key: str) -> dict[str, str]:
        """Find the machines that finish requests of a balancer besides the environment's own."""
        further = {one for group in raw for one in sources_of(group) if one.key != key}
        words = (states(self._client, one) for one in sorted(further))
        return {one: word for said in words for one, word in said.items() if word == "draining"}

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

    @retry_transient
    def seen(self, group: str) -> GroupSeen | None:
        """Look closely at one server group, for what somebody changed by hand.

        :param group: its name.
        :returns: nothing where there is none.
        :raises CloudUnavailable: when the API does not answer.
        """
        found = self._described(group)
        return look(self._client, found, self._balancer.key) if found else None

    @retry_transient
    def is_in_service(self, instance_id: str) -> bool:
        """Say whether the balancer calls one machine healthy.

        :param instance_id: of a machine.
        :raises CloudUnavailable: when the API does not answer.
        """
        return self._balancer.health(instance_id).get(instance_id) == "healthy"

    @retry_transient
    def behind(self, group: str) -> tuple[str, ...]:
        """Say which machines of a group a further balancer does not call healthy yet.

        :param group: its name.
        :raises CloudUnavailable: when the API does not answer.
        """
        found = self._described(group)
        if found is None:
            return ()
        words = {one: states(self._client, one) for one in self._sources(group)}
        return behind(words, machine_ids([found]))

    @retry_transient
    def inheritance(self, launch: Launch) -> tuple[str, ...]:
        """Say what a new group gets of the live one, and what is lost; nothing is changed.

        :raises EnvironmentMisconfigured: when it names what the cloud does not have.
        :raises CloudUnavailable: when the API does not answer.
        """
        live = self._described(launch.like) if launch.like else None
        if live is None:
            return ()
        further = [one.name for one in sources_of(live) if one.key != self._balancer.key]
        besides = {
            **found_rules(self._client, live),
            "balancers": further,
            "managed_hooks": managed_hooks(self._client, str(live["AutoScalingGroupName"])),
        }
        # Whoever plans does so before the bake.
        return told(new_group(self._client, launch, live, baked=False), besides)

    @retry_transient
    def health_check(self) -> HealthCheck:
        """Return how the balancer asks machines for their health.

        :raises EnvironmentMisconfigured: when the target group or balancer does not exist.
        :raises CloudUnavailable: when the API does not answer.
        """
        return self._balancer.check()

    @retry_transient
    def handover_seconds(self) -> int:
        """Return the seconds that the balancer takes to hand over from one group to another.

        :raises CloudUnavailable: when the API does not answer.
        """
        return self._balancer.slow_start() + self._balancer.drain()

    def launch_failure(self, group: str) -> str:
        """Return why Auto Scaling cannot launch a machine now, or nothing when it can."""
        return launch_trouble(self._autoscaling, group)

    @retry_transient
    def alarms(self, names: Sequence[str]) -> tuple[Alarm, ...]:
        """Read CloudWatch alarms; those that do not exist are left out.

        :raises CloudUnavailable: when the API does not answer.
        """
        return read_alarms(self._client("cloudwatch"), names)

    @retry_transient
    def alarm_names(self) -> tuple[str, ...]:
        """List the alarms of the account and region."""
        return alarm_names(self._client("cloudwatch"), _MOST_ALARMS)
