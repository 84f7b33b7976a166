"""What the cloud says of a fleet, in our own words."""

from __future__ import annotations

from dataclasses import dataclass

# Suspended in the live group while a second one stands beside it. Launch and ReplaceUnhealthy
# stay on: a machine that dies during a swap is still replaced.
SCALING = frozenset({"AlarmNotification", "AZRebalance", "ScheduledActions"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Machine:
    """One instance of a server group.

    :param lifecycle: Auto Scaling's word: ``Pending``, ``InService``, ``Terminating``...
    :param target_health: the balancer's word, None where it does not know the machine.
    """

    instance_id: str
    address: str | None
    lifecycle: str
    target_health: str | None = None

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

    :param version: of its release; None for a group that Slipway did not make.
    :param attached: the balancer's target group is among its own.
    :param suspended: its suspended processes.
    :param standby_until: seconds since 1970, of a group that is kept warm out of traffic.
    :param deleting: the cloud is taking it away.
    """

    name: str
    version: str | None
    min_size: int
    desired: int
    max_size: int
    attached: bool
    machines: tuple[Machine, ...] = ()
    suspended: frozenset[str] = frozenset()
    standby_until: int | None = None
    deleting: bool = False

    @property
    def serving(self) -> int:
        """Count the machines that the balancer sends requests to."""
        return sum(machine.serving for machine in self.machines)

    @property
    def draining(self) -> bool:
        """The balancer still has one of its machines."""
        return any(machine.target_health is not None for machine in self.machines)

    @property
    def complete(self) -> bool:
        """Every machine that it wants is up."""
        return sum(machine.up for machine in self.machines) >= self.desired > 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Fleet:
    """All server groups of an environment, by name."""

    groups: tuple[ServerGroup, ...]

    def of(self, version: str) -> ServerGroup | None:
        """Return the group of a release."""
        found = (g for g in self.groups if g.version == version and not g.deleting)
        return next(found, None)

    def others(self, version: str) -> tuple[ServerGroup, ...]:
        """Return the groups of all other releases."""
        return tuple(g for g in self.groups if g.version != version and not g.deleting)
