"""The cloud as a swap needs it: what it can be asked, and what it can be told to change.

Whoever stands behind it, nothing is decided there. Each change may be made twice: what exists
already is taken for done, what is gone already as well; the next look tells whether it is what was
meant.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, Self

from slipway.fleet.lease import Lease
from slipway.model.cloud.alarm import Alarm
from slipway.model.cloud.group_seen import GroupSeen
from slipway.model.cloud.health_check import HealthCheck
from slipway.model.cloud.launch import Launch
from slipway.model.fleet import Fleet, KeptMachine


class FleetReader(Protocol):
    """One environment's fleet, as far as it is looked at.

    Each question raises :class:`~slipway.exceptions.CloudUnavailable` when the cloud does not
    answer, and :class:`~slipway.exceptions.EnvironmentMisconfigured` when what it is about is not
    there.
    """

    def observe(self, *, detailed: bool = False) -> Fleet:
        """Read all server groups of the environment.

        :param detailed: what takes more calls, too: scaling rules where two groups share the
            traffic, and the balancer's slow start.
        """

    def seen(self, group: str) -> GroupSeen | None:
        """Look closely at one server group, for what somebody changed by hand.

        :param group: its name.
        :returns: nothing where there is none.
        """

    def is_in_service(self, instance_id: str) -> bool:
        """Say whether the balancer calls one machine healthy.

        :param instance_id: of a machine.
        """

    def behind(self, group: str) -> tuple[str, ...]:
        """Say which machines of a group a further balancer does not call healthy yet.

        :param group: its name.
        """

    def target_words(self) -> dict[str, str]:
        """Return what the balancer says of each machine, with its reasons, by instance id."""

    def kept_failed(self) -> tuple[KeptMachine, ...]:
        """List the environment's machines that were kept for being ill."""

    def health_check(self) -> HealthCheck:
        """Return how the balancer asks machines for their health."""

    def inheritance(self, launch: Launch) -> tuple[str, ...]:
        """Say what a new group gets of the live one, and what is lost; nothing is changed.

        :param launch: of the new group.
        """

    def handover_seconds(self) -> int:
        """Return the seconds that the balancer takes to hand over from one group to another."""

    def launch_failure(self, group: str) -> str:
        """Return why the cloud cannot launch a machine now, or nothing when it can.

        :param group: its name.
        """

    def alarms(self, names: Sequence[str]) -> tuple[Alarm, ...]:
        """Read alarms; those that do not exist are left out.

        :param names: of the alarms.
        """

    def alarm_names(self) -> tuple[str, ...]:
        """List the alarms of the account and region."""


class FleetWriter(Protocol):
    """One environment's fleet, as far as it is changed, one method for each change.

    Each change raises :class:`~slipway.exceptions.EnvironmentMisconfigured` when the cloud refuses
    it, :class:`~slipway.exceptions.CloudUnavailable` when it does not answer, and
    :class:`~slipway.exceptions.LeaseHeld` when it is somebody else's turn.
    """

    def launch(self, launch: Launch) -> tuple[str, ...]:
        """Make a launch template and a server group of it, outside the balancer.

        :param launch: what they are made from.
        :returns: what the group gets of the live one, and what it does not.
        """

    def resize(self, group: str, size: tuple[int, int, int]) -> None:
        """Give a group another min, desired and max.

        :param group: its name.
        :param size: the three, in this order.
        """

    def take_over(self, group: str, source: str, drop: frozenset[str] = frozenset()) -> None:
        """Give a new group what the cloud takes only of one that is there.

        :param group: its name.
        :param source: name of the group that has it.
        :param drop: what it is not to have.
        """

    def carry_over(self, group: str, source: str, drop: frozenset[str] = frozenset()) -> None:
        """Give a group the scaling rules of another.

        :param group: its name.
        :param source: name of the group that has them.
        :param drop: what it is not to have.
        """

    def attach(self, group: str, source: str | None = None) -> None:
        """Let a group's machines into the balancer, and into whatever another group hangs on.

        :param group: its name.
        :param source: name of the other group.
        """

    def detach(self, group: str) -> None:
        """Take a group's machines out of every balancer, which lets them finish first.

        :param group: its name.
        """

    def suspend_scaling(self, group: str, processes: frozenset[str]) -> None:
        """Suspend processes of a group, and note that it was us.

        :param group: its name.
        :param processes: by their names.
        """

    def resume_scaling(self, group: str, processes: frozenset[str]) -> None:
        """Resume processes of a group, and take the note off.

        :param group: its name.
        :param processes: by their names.
        """

    def mark_standby(self, group: str, until: int | None) -> None:
        """Note on a group until when it is kept warm; None takes the note off.

        :param group: its name.
        :param until: seconds since 1970.
        """

    def mark_live(self, group: str, since: int) -> None:
        """Note on a group since when it serves alone.

        :param group: its name.
        :param since: seconds since 1970.
        """

    def keep_failed(self, group: str, instance_id: str, until: int) -> None:
        """Take an ill machine out of its group, which stays without it; it goes on running.

        :param group: its name.
        :param instance_id: of the machine.
        :param until: seconds since 1970.
        """

    def end_failed(self, instance_id: str) -> None:
        """Terminate a machine that was kept.

        :param instance_id: of the machine.
        """

    def delete(self, group: str) -> None:
        """Remove a group with its machines, its alarms and its launch template.

        :param group: its name.
        """

    def delete_template(self, group: str) -> None:
        """Remove the launch template of a group that is gone, or going.

        :param group: its name.
        """


class Cloud(FleetReader, FleetWriter, Protocol):
    """One environment's fleet, and the turns that are taken at it."""

    def with_fence(self, fence: Callable[[], None]) -> Self:
        """Return the same fleet, with a question before each change, and before each try of it.

        :param fence: raises when it is somebody else's turn.
        """

    def lease(self, *, owner: str, is_dead: Callable[[str], bool]) -> Lease:
        """Return the lease on the environment.

        :param owner: who wants to change something.
        :param is_dead: says whether another owner is proven dead.
        """
