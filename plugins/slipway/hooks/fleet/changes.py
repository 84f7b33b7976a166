"""What can be changed about an environment's fleet, one method for each change.

Every call may be made twice: what exists already is taken for done, what is gone already as well;
the next look tells whether it is what was meant.
"""

from __future__ import annotations

from botocore.exceptions import ClientError

from slipway.hooks.aws.errors import retry_transient
from slipway.hooks.aws.lookup import tags_of
from slipway.hooks.fleet.group_extras import take_over
from slipway.hooks.fleet.group_tags import asked_for, note
from slipway.hooks.fleet.inheritance.report import told
from slipway.hooks.fleet.launch_templates import delete_template, make_template, owned
from slipway.hooks.fleet.missing_group import is_gone, unless_gone
from slipway.hooks.fleet.new_group import new_group
from slipway.hooks.fleet.notes import FleetNotes
from slipway.hooks.fleet.scaling_rules import copy_rules, fingerprint, own_alarms
from slipway.hooks.fleet.traffic_sources import Source, sources_of
from slipway.hooks.fleet.traffic_sources import attach as attach_sources
from slipway.hooks.fleet.traffic_sources import detach as detach_sources
from slipway.model.cloud.launch import Launch
from slipway.model.cloud.tags import CARRIED, HELD, TAKING_OVER


class FleetChanges(FleetNotes):
    """One environment's fleet, as far as it is changed."""

    @retry_transient
    def launch(self, launch: Launch) -> tuple[str, ...]:
        """Make a launch template and a server group of it, outside the balancer.

        :returns: what its machines and the group itself get of the live one, and what they do not.
        :raises EnvironmentMisconfigured: when it names what the cloud does not have, or has for
            somebody else.
        """
        live = self._described(launch.like) if launch.like else None
        wanted = new_group(self._client, launch, live)
        make_template(self._ec2, launch, wanted.template, self._fence)
        try:
            self._changing("autoscaling").create_auto_scaling_group(**wanted.group)
        except ClientError as error:
            if not error.response["Error"]["Code"].startswith("AlreadyExists"):
                raise
            if there := self._described(launch.name):
                owned("server group", launch, tags_of(there))
        return told(wanted, {}) if live else ()

    @retry_transient
    @unless_gone
    def resize(self, group: str, size: tuple[int, int, int]) -> None:
        """Give a group another min, desired and max, and note what was asked for."""
        low, desired, high = size
        notes = [note(group, key, value) for key, value in asked_for(size).items()]
        self._changing("autoscaling").create_or_update_tags(Tags=notes)
        self._changing("autoscaling").update_auto_scaling_group(
            AutoScalingGroupName=group, MinSize=low, DesiredCapacity=desired, MaxSize=high
        )

    @retry_transient
    @unless_gone
    def take_over(self, group: str, source: str, drop: frozenset[str] = frozenset()) -> None:
        """Give a new group what AWS takes only of one that is there, and take its note off.

        The note comes last: a crash before it means that all is done once more.

        :param group: name of the new group.
        :param source: name of the live group.
        :param drop: what it is not to have, by its names in
            :mod:`slipway.hooks.fleet.inheritance.table`.
        """
        live = self._described(source)
        mine = self._described(group)
        if live is not None and mine is not None:
            take_over(self._client, self._changing, source=live, group=mine, drop=drop)
        self._note(group, TAKING_OVER, None)

    @retry_transient
    @unless_gone
    def carry_over(self, group: str, source: str, drop: frozenset[str] = frozenset()) -> None:
        """Give a group the scaling rules of another, and note which they were.

        The note comes last: a crash before it means that the copy is made once more.

        :param group: name of the group that gets them.
        :param source: name of the group that has them.
        :param drop: what it is not to have, by its names in
            :mod:`slipway.hooks.fleet.inheritance.table`.
        """
        live, mine = self._described(source), self._described(group)
        if live is not None and mine is not None:
            rules = fingerprint(self._client, live)
            copy_rules(self._client, self._changing, source=live, group=mine, drop=drop)
            notes = [note(group, CARRIED, rules), *self._left(group)]
            self._changing("autoscaling").create_or_update_tags(Tags=notes)

    @retry_transient
    @unless_gone
    def attach(self, group: str, source: str | None = None) -> None:
        """Let a group's machines into the balancer, and into what another group, ``source``, has.

        The environment's own balancer comes last: by it everybody sees that all is done. Before it
        is noted what else is there by then, so that whatever somebody changes later is seen.
        """
        balancer = self._balancer
        there = self._sources(group)
        further = [one for one in self._sources(source) if one not in there] if source else []
        for one in further:
            attach_sources(self._changing("autoscaling"), group, [one])
        self._note_left(group)
        self._fence()
        balancer.attach(group)

    @retry_transient
    def detach(self, group: str) -> None:
        """Take a group's machines out of every balancer, which lets them finish first."""
        balancer = self._balancer
        for one in self._sources(group):
            detach_sources(self._changing("autoscaling"), group, [one])
        self._fence()
        balancer.detach(group)

    def _sources(self, group: str) -> list[Source]:
        """List what a group hangs on besides the environment's own balancer."""
        found = self._described(group) or {}
        return [one for one in sources_of(found) if one.key != self._balancer.key]

    @retry_transient
    @unless_gone
    def suspend_scaling(self, group: str, processes: frozenset[str]) -> None:
        """Suspend processes of a group, and note that it was us.

        The note comes first: a crash between the two leaves a note too many, which is harmless. A
        group that somebody else made is noted as the environment's, or it would be out of sight
        once it has left the balancer, and held for good. Without any processes, nothing happens.
        """
        if processes:
            whose = (note(group, key, value, inherited=True) for key, value in self._tags.items())
            tags = [note(group, HELD, " ".join(sorted(processes))), *whose]
            self._changing("autoscaling").create_or_update_tags(Tags=tags)
            self._changing("autoscaling").suspend_processes(
                AutoScalingGroupName=group, ScalingProcesses=sorted(processes)
            )

    @retry_transient
    @unless_gone
    def resume_scaling(self, group: str, processes: frozenset[str]) -> None:
        """Resume processes of a group, and take the note off."""
        # An empty list would mean all there are, also what somebody else suspended.
        if processes:
            self._changing("autoscaling").resume_processes(
                AutoScalingGroupName=group, ScalingProcesses=sorted(processes)
            )
            self._note(group, HELD, None)

    @retry_transient
    def delete(self, group: str) -> None:
        """Remove a group with its machines, its alarms and its launch template."""
        if alarms := own_alarms(self._client, group):
            self._changing("cloudwatch").delete_alarms(AlarmNames=alarms)
        try:
            self._changing("autoscaling").delete_auto_scaling_group(
                AutoScalingGroupName=group, ForceDelete=True
            )
        except ClientError as error:
            if not is_gone(error):
                raise
        self.delete_template(group)

    @retry_transient
    def delete_template(self, group: str) -> None:
        """Remove the launch template of a group that is gone, or going."""
        delete_template(self._ec2, group, self._fence)
