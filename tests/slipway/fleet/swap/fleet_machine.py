"""Every way that a fleet can go, a step at a time; after each step, what may never happen."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from slipway.exceptions import LeaseHeld
from slipway.fleet.goals import Goal
from slipway.fleet.plan import ending
from slipway.fleet.swap import Swap
from slipway.model.cloud.lease import UnfinishedSwap
from slipway.model.fleet import ServerGroup
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.fakes.fleet_faults import Crash
from tests.slipway.fleet.swap.actors import Actor, World, attached
from tests.slipway.fleet.swap.luck import BAD, GOOD, Luck
from tests.slipway.fleet.worlds import make_group, nothing_is_orphaned, serving

PROCESSES = ("AlarmNotification", "ScheduledActions", "AZRebalance", "Terminate")
# What happens more often stands here more often.
DOINGS = (
    "starts",
    "goes on",
    "goes on",
    "goes on",
    "comes to soak",
    "comes to soak",
    "crashes",
    "crashes",
    "seems dead",
)
HAPPENINGS = (
    "a machine dies",
    "a machine dies",
    "a policy scales",
    "a person edits",
    "a person suspends",
    "a release sickens or heals",
    "time goes by",
)
PICK = st.integers(0, 20)
CANARY = st.sampled_from([0, 0, 1, 2])


class FleetMachine(Luck, RuleBasedStateMachine):
    """Two actors, a policy, people with their own hands, and bad luck."""

    kind: ClassVar[type[Swap]] = Swap
    fenced: ClassVar[bool] = True
    steps: ClassVar[int] = 0

    @initialize(
        first=st.sampled_from([None, "1", "by-hand"]),
        size=st.integers(1, 3),
        slow_start=st.sampled_from([0, 4]),
    )
    def begin(self, first: str | None, size: int, slow_start: int) -> None:
        self.cloud = FakeFleetCloud(
            healthy={None, *GOOD}, drain=2, leaving=3, slow_start=slow_start
        )
        self.world = World(cloud=self.cloud, kind=self.kind, fenced=self.fenced)
        self.actors: dict[str, Actor] = {}
        if first is not None:
            group = make_group(None if first == "by-hand" else first, size=size)
            self.cloud.groups[group.name] = replace(group, rules="r1")
            if group.version:
                self.cloud.templates.add(group.name)
        self.floor = self.cloud.serving
        self.since_peace = 0

    # Slipway

    @rule(
        does=st.sampled_from(DOINGS),
        pick=PICK,
        version=st.sampled_from([*GOOD, *BAD, ""]),
        keep=st.sampled_from([0.0, 300.0]),
        canary=CANARY,
        yes=st.booleans(),
        too=st.booleans(),
    )
    def slipway(
        self, does: str, pick: int, version: str, keep: float, canary: int, yes: bool, too: bool
    ) -> None:
        # One rule for all, since Hypothesis switches rules off for whole runs at a time.
        if not self.actors or does == "starts":
            self._starts("ab"[pick % 2], version, keep, canary)
        who = sorted(self.actors)[pick % len(self.actors)] if self.actors else ""
        match does:
            case "goes on":
                self._goes_on(who, pick)
            case "comes to soak" if who:
                self._comes_to_soak(who, pick, alarm=yes, dies=too)
            case "crashes":
                self._crashes(who, call=pick % 2, applied=yes)
            case "seems dead" if who:
                self.world.dead.add(self.actors[who].owner)

    def _starts(self, who: str, version: str, keep: float, canary: int) -> None:
        calls = len(self.cloud.calls)
        if who not in self.actors:
            try:
                self.actors[who] = Actor(self.world, version, keep, canary)
            except LeaseHeld:
                assert self._holder() not in self.world.dead
        assert len(self.cloud.calls) == calls

    def _goes_on(self, who: str, steps: int) -> None:
        for _ in range(steps):
            if who in self.actors:
                self._step(who)

    def _comes_to_soak(self, who: str, pick: int, *, alarm: bool, dies: bool) -> None:
        """An alarm rings then, or not; and at that very moment a machine dies, or not."""
        for _ in range(40):
            if who in self.actors and not self.actors[who].soaking:
                self._step(who)
        if who in self.actors:
            self.actors[who].alarmed = alarm
            if dies:
                self._dies(pick)
            self._goes_on(who, 4)

    def _crashes(self, who: str, *, call: int, applied: bool) -> None:
        faults = self.cloud.faults
        faults.crash_at, faults.applied = len(self.cloud.calls) + call, applied
        self._goes_on(who, 3)
        faults.crash_at = None

    @precondition(lambda self: self.since_peace > 12)
    @rule(version=st.sampled_from(GOOD), keep=st.sampled_from([0.0, 300.0]), canary=CANARY)
    def is_left_in_peace(self, version: str, keep: float, canary: int) -> None:
        """Undisturbed, a good release gets through whatever came before, and nothing leaks."""
        self._undisturbed()
        self._run(version, keep, canary)
        assert serving(self.cloud) == [version]
        assert [group.version for group in attached(self.cloud)] == [version]
        nothing_is_orphaned(self.cloud)
        assert not self.world.ssm.parameters
        calls = len(self.cloud.calls)
        self._run(version, keep, canary)
        assert len(self.cloud.calls) == calls
        self.world.now += 1000
        self._run("", keep)
        assert [one.version for one in self._staying() if one.version] == [version]

    @precondition(lambda self: self.since_peace > 12 and self.cloud.serving)
    @rule(version=st.sampled_from(BAD), canary=CANARY)
    def is_left_in_peace_with_a_bad_one(self, version: str, canary: int) -> None:
        self._undisturbed()
        before = {group.version for group in attached(self.cloud) if group.serving} - set(BAD)
        if not before:
            return
        self._run(version, 0.0, canary, fails=True)
        assert before <= set(serving(self.cloud))
        assert version not in {group.version for group in self._staying()}

    @precondition(lambda self: self.since_peace > 12 and self._half_done())
    @rule()
    def is_left_to_housekeeping(self) -> None:
        """No run comes any more: what the last one left half done is undone, or finished."""
        self._undisturbed()
        swaps = self._half_done()
        forward = ending(self.cloud.observe(), swaps[-1]) is Goal.OLD_RETIRED
        left = {one.release for one in swaps}
        beside = [one for one in attached(self.cloud) if one.version not in left]
        before = {one.version for one in beside if one.serving} - {*BAD}
        if beside and not before:
            return  # what it came to replace is ill for good: it is waited for
        self._run("", 0.0)
        assert not self.world.ssm.parameters
        after = {one.version for one in attached(self.cloud)}
        if forward:
            assert after == {swaps[-1].release} == set(serving(self.cloud))
        elif not any(one.soaked for one in swaps):
            assert before <= set(serving(self.cloud))
            assert not before or not left & after
        assert not [one.name for one in attached(self.cloud) if one.held]

    def _half_done(self) -> tuple[UnfinishedSwap, ...]:
        held = self.world.lease("anybody").holder()
        return held.swaps if held else ()

    def _staying(self) -> list[ServerGroup]:
        return [group for group in self.cloud.observe().groups if not group.deleting]

    # Bad luck, policies and people

    @rule(
        what=st.sampled_from(HAPPENINGS),
        pick=PICK,
        yes=st.booleans(),
        process=st.sampled_from(PROCESSES),
        edit=st.sampled_from(["delete", "detach", "attach", "resize", "template"]),
    )
    def happens(self, what: str, pick: int, yes: bool, process: str, edit: str) -> None:
        match what:
            case "a machine dies":
                self._dies(pick)
            case "a policy scales":
                self._scales(pick, by=pick % 4 - 1)
            case "a person edits":
                self._edits(pick, edit)
            case "a person suspends":
                self._suspends(pick, process, off=yes)
            case "a release sickens or heals":
                self._sickens_or_heals(pick, well=yes)
            case "time goes by":
                self.cloud.refusal = "vCPU limit" if pick % 3 == 0 else ""
                self.world.now += 400 if yes else 1
                self._passes()

    # What may never happen

    @invariant()
    def time_went_by(self) -> None:
        self.since_peace += 1

    @invariant()
    def a_fleet_made_by_hand_is_not_deleted(self) -> None:
        assert ("delete", "by-hand") not in self.cloud.calls

    def _step(self, who: str) -> None:
        type(self).steps += 1
        actor, before, calls = self.actors[who], self.cloud.serving, len(self.cloud.calls)
        mine = actor.owner == self._holder()
        groups = dict(self.cloud.groups)
        try:
            actor.step()
        except LeaseHeld:
            assert not mine
        except Crash:
            pass
        done = self.cloud.calls[calls:]
        if done:
            assert mine, "changed the world while it was somebody else's turn"
            self._hurt_nobody(actor, done, before, groups)
        else:
            self._looked(actor)
        if actor.ended:
            del self.actors[who]

    def _hurt_nobody(
        self, actor: Actor, done: list[tuple[str, str]], before: int, groups: dict[str, ServerGroup]
    ) -> None:
        allowed = min(self.floor, before) - actor.unseen_loss
        assert self.cloud.serving >= allowed, (done, before, self.floor)
        assert set(self.cloud.faults.cut) <= actor.unseen_guests
        self.cloud.faults.cut.clear()
        for group in (groups[name] for call, name in done if call == "detach" and name in groups):
            proven = group.attached and (group.live_since or group.version is None)
            # When nobody is healthy the balancer fails open, so this one has the traffic.
            assert before or actor.disturbed or not proven
            if group.version != actor.version and not actor.disturbed:
                self._hands_over(actor, group)
            elif group.version == actor.version and (proven_size := self._largest()):
                # It went back, and what it was made to stand in for is there again.
                self.floor = min(self.floor, proven_size)
        self._others_are_disturbed(actor, 0)

    def _hands_over(self, actor: Actor, old: ServerGroup) -> None:
        new = next(one for one in self.cloud.groups.values() if one.version == actor.version)
        assert new.live_since is not None
        assert self.world.now - new.live_since >= self.cloud.slow_start
        assert new.carried or not old.rules

    def _looked(self, actor: Actor) -> None:
        own = "" if actor.ended and not actor.failed else actor.version
        self.floor = max(min(self.floor, self.cloud.serving), self._largest(but=own))
        actor.disturbed, actor.unseen_loss = False, 0
        actor.unseen_guests.clear()

    def _undisturbed(self) -> None:
        """All processes have ended, quotas are lifted and the good releases are well again."""
        for actor in self.actors.values():
            actor.end()  # and gives nothing back
        self.actors.clear()
        self.since_peace = 0
        self.cloud.refusal = ""
        self.cloud.healthy |= {None, *GOOD}
        self.cloud.healthy -= set(BAD)
        for _ in range(4):
            self._passes()

    def _run(self, version: str, keep: float, canary: int = 0, *, fails: bool = False) -> None:
        actor = self.actors["peace"] = Actor(self.world, version, keep, canary)
        while not actor.ended:
            self._step("peace")
        assert actor.failed == fails

    def _holder(self) -> str | None:
        held = self.world.lease("anybody").holder()
        return held.owner if held else None
