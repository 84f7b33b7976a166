"""Makes HAProxy match moto's load balancers, and tells moto how the targets are."""

from __future__ import annotations

import dataclasses
import enum
import logging
import time
from collections.abc import Iterable

from include.localcloud.api.target_health import Health, HealthTable
from include.localcloud.balancer.config import render
from include.localcloud.balancer.haproxy import Check, HAProxy, SlotSeen, slots
from include.localcloud.balancer.state import Group, Target, read_wanted
from include.localcloud.state import CloudState

log = logging.getLogger(__name__)


class Phase(enum.Enum):
    """Where a target stands between its registration and its leave."""

    # As in AWS, the first passed check makes a new target healthy, whatever the threshold.
    FRESH = "fresh"
    SETTLED = "settled"
    DRAINING = "draining"


@dataclasses.dataclass(kw_only=True, slots=True)
class Seat:
    """A target in a slot.

    :param slot: HAProxy's name of it.
    :param target: that sits in it.
    :param phase: where it stands between its registration and its leave.
    :param until: when a fresh target counts as unhealthy, or a draining one is gone.
    :param health: as AWS would tell it.
    """

    slot: str
    target: Target
    phase: Phase
    until: float
    health: Health = Health.REGISTERING


class Balancer:
    """The reconciler's part for load balancers. Called from one thread.

    :param state: what moto knows.
    :param haproxy: that serves the listeners.
    :param table: where the targets' health is published.
    """

    def __init__(self, *, state: CloudState, haproxy: HAProxy, table: HealthTable) -> None:
        self._state = state
        self._haproxy = haproxy
        self._table = table
        self._configuration = render((), ())
        self._seats: dict[tuple[str, str], Seat] = {}

    def start(self) -> None:
        """Start HAProxy without any listener."""
        self._haproxy.start(self._configuration)

    def reconcile(self) -> bool:
        """Look once at everything and do what is needed.

        :returns: whether a first check is under way: it passes without an alarm.
        """
        wanted = read_wanted(self._state)
        pools = [group.pool for group in wanted.groups]
        configuration = render(wanted.listeners, pools)
        if configuration != self._configuration:
            self._haproxy.reload(render(wanted.listeners, pools, self._taken(wanted.groups)))
            self._configuration = configuration
        arns = {group.arn for group in wanted.groups}
        self._seats = {key: seat for key, seat in self._seats.items() if key[0] in arns}
        seen = self._haproxy.seen() if wanted.groups else {}
        for group in wanted.groups:
            self._part(group)
            self._seat(group)
            self._judge(group, seen)
        self._table.replace({key: seat.health for key, seat in self._seats.items()})
        return any(seat.phase is Phase.FRESH for seat in self._seats.values())

    def _taken(self, groups: Iterable[Group]) -> dict[tuple[str, str], tuple[str, int]]:
        """Say who sits where, for a configuration."""
        pools = {group.arn: group.pool.name for group in groups}
        return {
            (pools[arn], seat.slot): (seat.target.address, seat.target.port)
            for (arn, _), seat in self._seats.items()
            if arn in pools
        }

    def _part(self, group: Group) -> None:
        """Drain whoever left, and forget whoever has drained."""
        now = time.monotonic()
        for key, seat in list(self._seats.items()):
            arn, name = key
            if arn != group.arn or group.targets.get(name) == seat.target:
                continue
            if seat.phase is not Phase.DRAINING and name in group.present:
                self._haproxy.drain(group.pool.name, seat.slot)
                seat.phase, seat.until = Phase.DRAINING, now + group.delay
                seat.health = Health.DRAINING
            elif seat.phase is not Phase.DRAINING or name not in group.present or now >= seat.until:
                self._haproxy.empty(group.pool.name, seat.slot)
                del self._seats[key]

    def _seat(self, group: Group) -> None:
        """Give every new target a slot, and every one that came back its own."""
        taken = {seat.slot for (arn, _), seat in self._seats.items() if arn == group.arn}
        free = [name for name in slots() if name not in taken]
        for name, target in group.targets.items():
            seat = self._seats.get((group.arn, name))
            if seat is not None and seat.phase is not Phase.DRAINING:
                continue
            if seat is None and not free:
                log.warning("no slot left for %s: a target group holds %d", name, len(slots()))
                continue
            place = seat.slot if seat else free.pop(0)
            self._haproxy.fill(group.pool.name, place, target.address, target.port)
            patience = group.pool.fall * group.pool.interval + group.pool.timeout
            self._seats[group.arn, name] = Seat(
                slot=place, target=target, phase=Phase.FRESH, until=time.monotonic() + patience
            )

    def _judge(self, group: Group, seen: dict[tuple[str, str], SlotSeen]) -> None:
        for (arn, _), seat in self._seats.items():
            found = seen.get((group.pool.name, seat.slot))
            # A slot filled in this round was seen before it was filled.
            if arn != group.arn or found is None or seat.phase is Phase.DRAINING:
                continue
            if found.empty and seat.health is not Health.REGISTERING:
                self._restore(group, seat)
                continue
            if seat.health is Health.REGISTERING:
                seat.health = Health.INITIAL
                continue
            self._judge_seat(group, seat, found.check)

    def _judge_seat(self, group: Group, seat: Seat, check: Check) -> None:
        if seat.phase is Phase.SETTLED:
            seat.health = Health.HEALTHY if check is Check.UP else Health.UNHEALTHY
        elif check is not Check.DOWN:
            self._haproxy.accept(group.pool.name, seat.slot)
            seat.phase, seat.health = Phase.SETTLED, Health.HEALTHY
        elif time.monotonic() >= seat.until:
            seat.phase, seat.health = Phase.SETTLED, Health.UNHEALTHY

    def _restore(self, group: Group, seat: Seat) -> None:
        """Put a target back that a reload lost; one that was healthy need not prove it again."""
        log.warning("%s was lost in a reload: putting it back", seat.target.address)
        self._haproxy.fill(group.pool.name, seat.slot, seat.target.address, seat.target.port)
        if seat.health is Health.HEALTHY:
            self._haproxy.accept(group.pool.name, seat.slot)
