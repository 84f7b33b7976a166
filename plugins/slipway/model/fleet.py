"""What the cloud says of a fleet, in our own words."""

from __future__ import annotations

from dataclasses import dataclass

# Suspended in the live group while a second one stands beside it. Launch and ReplaceUnhealthy
# stay on: a machine that dies during a swap is still replaced.
SCALING = frozenset({"AlarmNotification", "AZRebalance", "ScheduledActions"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """One instance of a server group.

    :param instance_id: the machine's id.
    :param address: its private one; None before it has one.
    :param lifecycle: Auto Scaling's word: ``Pending``, ``InService``, ``Terminating``...
    :param target_health: the balancer's word, None where it does not know the machine.
    :param weight: of the group's size; more than 1 where a mixed instances policy says so.
    """

    instance_id: str
    address: str | None
    lifecycle: str
    target_health: str | None = None
    weight: int = 1

    @property
    def up(self) -> bool:
        """Auto Scaling counts it in."""
        return self.lifecycle == "InService"

    @property
    def serving(self) -> bool:
        """The balancer sends it requests."""
        return self.up and self.target_health == "healthy"


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerGroup:
    """One Auto Scaling group of a project's environment.

    :param name: the group's.
    :param version: of its release; None for a group that Slipway did not make.
    :param min_size: below which Auto Scaling launches machines.
    :param desired: how many machines it should have.
    :param max_size: how many it may have.
    :param image_id: that it was launched with; None where nobody noted it.
    :param attached: the balancer's target group is among its own.
    :param machines: that it has.
    :param suspended: its suspended processes.
    :param held: those among them that Slipway suspended, and so has to resume.
    :param live_since: seconds since 1970, when it came to serve alone; None before that, so a
        group without it has proved nothing yet.
    :param standby_until: seconds since 1970, of a group that is kept warm out of traffic.
    :param deleting: the cloud is taking it away.
    :param asked: how many machines Slipway asked for last; people and policies may differ.
    :param rules: fingerprint of its scaling rules, if it was looked at closely and has any.
    :param carried: fingerprint of the rules that it took over.
    :param created: seconds since 1970.
    :param taking_over: the group from which it still has to get what AWS takes only of groups that
        are there; empty for none.
    :param further: it hangs on other balancers as well.
    """

    name: str
    version: str | None
    min_size: int
    desired: int
    max_size: int
    attached: bool
    machines: tuple[Machine, ...] = ()
    image_id: str | None = None
    suspended: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    live_since: int | None = None
    standby_until: int | None = None
    deleting: bool = False
    asked: int | None = None
    rules: str = ""
    carried: str = ""
    created: float = 0.0
    taking_over: str = ""
    further: bool = False

    @property
    def serving(self) -> int:
        """Count the machines that the balancer sends requests to, by their weights."""
        return sum(machine.weight for machine in self.machines if machine.serving)

    @property
    def up(self) -> int:
        """Count the machines that are up, by their weights."""
        return sum(machine.weight for machine in self.machines if machine.up)

    @property
    def draining(self) -> bool:
        """The balancer still has one of its machines."""
        return any(machine.target_health is not None for machine in self.machines)

    @property
    def complete(self) -> bool:
        """Every machine that it wants is up."""
        return self.up >= self.desired > 0

    @property
    def in_service(self) -> bool:
        """The balancer sends requests to every machine that it wants."""
        return self.attached and self.complete and self.serving >= self.desired


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptMachine:
    """An ill machine of a failed release that is kept for a while.

    :param instance_id: the machine's id.
    :param version: of its release.
    :param until: seconds since 1970.
    :param grouped: it has not left its group yet, or somebody put it into one.
    """

    instance_id: str
    version: str
    until: int
    grouped: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Fleet:
    """All server groups of an environment.

    :param groups: in any order.
    :param templates: the names of its launch templates, with or without a group; not those that
        a group of another name launches from.
    :param slow_start: seconds over which the balancer gives a new machine its full share, if it
        was looked at closely.
    :param kept: ill machines that are kept, if somebody asked for them.
    """

    groups: tuple[ServerGroup, ...]
    templates: tuple[str, ...] = ()
    slow_start: int = 0
    kept: tuple[KeptMachine, ...] = ()

    def of(self, version: str) -> ServerGroup | None:
        """Return the group of a release."""
        found = (g for g in self.groups if g.version == version and not g.deleting)
        return next(found, None)

    def others(self, version: str) -> tuple[ServerGroup, ...]:
        """Return the groups of all other releases."""
        return tuple(g for g in self.groups if g.version != version and not g.deleting)

    def leaving(self, name: str) -> bool:
        """Say whether the cloud is still taking a group of that name away."""
        return any(g.name == name and g.deleting for g in self.groups)

    @property
    def orphans(self) -> tuple[str, ...]:
        """Return the launch templates that no group needs: there is none, or it is going away.

        A removal deletes the group first, so one that was interrupted leaves such a template.
        """
        used = {group.name for group in self.groups if not group.deleting}
        return tuple(name for name in self.templates if name not in used)
