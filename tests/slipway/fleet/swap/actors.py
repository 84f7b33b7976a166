"""Those who change a fleet: each step is one look or one action, so that they can interleave."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from slipway.exceptions import LeaseHeld
from slipway.fleet.goals import Goal
from slipway.fleet.plan import ending
from slipway.fleet.swap import Swap, at_one_look
from slipway.hooks.fleet.lease import FleetLease
from slipway.model.cloud.lease import UnfinishedSwap
from slipway.model.fleet import ServerGroup
from slipway.model.target import Canary
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.fakes.fleet_faults import Crash
from tests.slipway.fleet.fake_ssm import FakeSsm
from tests.slipway.fleet.worlds import NOW, make_image, make_swap

# Looks after which a task gives up waiting.
PATIENCE = 25
# Looks that a release is watched for before the old one is let go.
SOAK = 4


class TimedOut(Exception):
    """A task of the swap fails, and the next one rolls back."""


@dataclass
class World:
    """What all actors share.

    :param now: seconds since 1970.
    :param dead: owners of the lease whose processes have ended.
    :param kind: the loop; another one for a test of the tests.
    """

    cloud: FakeFleetCloud
    ssm: FakeSsm = field(default_factory=FakeSsm)
    now: int = NOW
    dead: set[str] = field(default_factory=set)
    kind: type[Swap] = Swap
    fenced: bool = True
    runs: int = 0

    def lease(self, owner: str) -> FleetLease:
        return FleetLease(
            self.ssm, project="shop", environment="dev", owner=owner, is_dead=self.dead.__contains__
        )

    def swap(self, version: str, lease: FleetLease, keep: float, canary: int) -> Swap:
        cloud = self.cloud.with_fence(lease.check) if self.fenced else self.cloud
        first = Canary(size=canary) if canary else None
        made = make_swap(cloud, version, keep_old=keep, canary=first)
        return self.kind(
            cloud=cloud,
            prober=made.prober,
            target=made.target,
            image=make_image(version),
            log=made.log,
            clock=lambda: float(self.now),
            sleep=made.sleep,
        )


class Actor:
    """One run that changes the environment: a deployment, or housekeeping.

    :param version: of the release; empty for housekeeping, which first undoes what a run that
        ended left half done.
    :param keep: seconds that an old group is kept warm.
    :param canary: how many machines come first; 0 for no canary.
    :raises LeaseHeld: when it is somebody else's turn.
    """

    def __init__(self, world: World, version: str, keep: float, canary: int = 0) -> None:
        world.runs += 1
        self.world, self.version = world, version
        self.owner = f"run-{world.runs}"
        self.lease = world.lease(self.owner)
        left = self.lease.acquire(version).swaps
        self._swap = world.swap(version, self.lease, keep, canary)
        self._ways = [Goal.CANARY, Goal.LAUNCHED] if canary else [Goal.LAUNCHED]
        self._course = self._deploy() if version else self._tidy(left)
        self.failed, self.ended = False, False
        # The last task failed as well, so nobody gave the lease back.
        self.gave_up = False
        # An alarm rings: the next gate says no.
        self.alarmed, self.soaking = False, False
        # What others changed since this one looked last.
        self.disturbed, self.unseen_loss = True, 0
        # The groups that a person put into the balancer.
        self.unseen_guests: set[str] = set()

    def step(self) -> None:
        """Look once, or do one action.

        :raises Crash: where the process dies.
        :raises LeaseHeld: where it is refused.
        """
        try:
            next(self._course)
        except StopIteration:
            self.end()
            if not self.gave_up:
                self._leave()
        except (Crash, LeaseHeld):
            self.end()
            raise

    def _leave(self) -> None:
        if self.failed:
            self.lease.finish(self.version)
        else:
            self.lease.release()

    def end(self) -> None:
        """The process is gone; whether or not it gave the lease back."""
        self.ended = True
        self.world.dead.add(self.owner)

    def _deploy(self) -> Iterator[None]:
        try:
            for launched in self._ways:
                self.soaking = False
                yield from self._reach(launched)
                yield from self._wait(lambda group: group.complete and self._answers())
                yield from self._reach(Goal.IN_TRAFFIC)
                yield from self._wait(lambda group: group.in_service)
                yield from self._soak()
        except TimedOut:
            self.failed = True
            yield from self._patiently(Goal.ROLLED_BACK)
            return
        self.lease.acquire(self.version, soaked=True)
        yield from self._patiently(Goal.OLD_RETIRED)

    def _tidy(self, swaps: tuple[UnfinishedSwap, ...]) -> Iterator[None]:
        tidying = self._swap
        for half in reversed(swaps):
            self.version = half.release
            self._swap = self.world.swap(half.release, self.lease, 0.0, 0)
            yield from self._patiently(ending(self._swap.observe(), half))
            if self.gave_up:
                return
            if half is not swaps[0]:
                self.lease.finish(half.release)
        self._swap, self.version = tidying, ""
        yield from self._patiently(Goal.STANDBYS_RETIRED)

    def _answers(self) -> bool:
        return self.version in self.world.cloud.healthy

    def _patiently(self, wish: Goal) -> Iterator[None]:
        try:
            yield from self._reach(wish)
        except TimedOut:
            self.failed = self.gave_up = True

    def _reach(self, wish: Goal) -> Iterator[None]:
        for _ in range(PATIENCE):
            self.world.now += 1
            fleet = self._swap.observe(wish)
            step = self._swap.plan(fleet, wish)
            yield
            if step.done:
                return
            if step.blocked:
                raise TimedOut
            for action in at_one_look(step):
                self._swap.apply(action)
                yield
        raise TimedOut

    def _wait(self, passed: Callable[[ServerGroup], bool]) -> Iterator[None]:
        for _ in range(PATIENCE):
            group = self._swap.group()
            yield
            if group is None or self.alarmed:
                break
            if passed(group):
                return
        raise TimedOut

    def _soak(self) -> Iterator[None]:
        self.soaking = True
        for _ in range(SOAK):
            self._swap.observe()
            yield
            if self.alarmed:
                raise TimedOut


def attached(cloud: FakeFleetCloud) -> list[ServerGroup]:
    return [group for group in cloud.groups.values() if group.attached and not group.deleting]


def edit(cloud: FakeFleetCloud, name: str, **fields: Any) -> None:
    """Change a group past Slipway."""
    cloud.groups[name] = replace(cloud.groups[name], **fields)
