"""Every way that a fleet can go, a step at a time; after each step, what may never happen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from slipway.exceptions import LeaseHeld
from slipway.fleet.swap import Swap
from slipway.hooks.fleet_view import ServerGroup
from tests.fakes.fleet_cloud import Crash, FakeFleetCloud
from tests.slipway.fleet.actors import Actor, World, attached, edit
from tests.slipway.fleet.worlds import make_group, nothing_is_orphaned, serving

GOOD, BAD = ("1", "2", "3"), ("bad", "worse")
PROCESSES = ("AlarmNotification", "ScheduledActions", "AZRebalance", "Terminate")
ACTORS = st.sampled_from(["a", "b"])
PICK = st.integers(0, 20)


class FleetMachine(RuleBasedStateMachine):
    """Two actors, a policy, people with their own hands, and bad luck.

    ``floor`` is what served before: Slipway's own changes never bring the number of healthy
    machines in service below it. It falls with what dies, and rises with what an actor sees.
    """

    kind: ClassVar[type[Swap]] = Swap
    fenced: ClassVar[bool] = True
    steps: ClassVar[int] = 0

    @initialize(
        first=st.sampled_from([None, "1", "by-hand"]), size=st.integers(1, 3),
        slow_start=st.sampled_from([0, 4]),
    )  # fmt: skip
    def begin(self, first: str | None, size: int, slow_start: int) -> None:
        self.cloud = FakeFleetCloud(healthy={None, *GOOD}, drain=2, slow_start=slow_start)
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
        who=ACTORS, version=st.sampled_from([*GOOD, *BAD, ""]), keep=st.sampled_from([0.0, 300.0])
    )
    def starts(self, who: str, version: str, keep: float) -> None:
        calls = len(self.cloud.calls)
        if who not in self.actors:
            try:
                self.actors[who] = Actor(self.world, version, keep)
            except LeaseHeld:
                assert self._holder() not in self.world.dead
        assert len(self.cloud.calls) == calls

    def _goes_on(self, steps: int, pick: int) -> None:
        for _ in range(steps):
            if self.actors:
                self._step(sorted(self.actors)[pick % len(self.actors)])

    # Rules are drawn evenly, and most of what happens should be Slipway's own doing.
    busy = precondition(lambda self: bool(self.actors))
    goes_on = busy(rule(pick=PICK, steps=st.integers(1, 12))(_goes_on))
    goes_further = busy(rule(pick=PICK, steps=st.integers(6, 25))(_goes_on))
    does_one_thing = busy(rule(pick=PICK, steps=st.just(1))(_goes_on))

    @busy
    @rule(pick=PICK, alarm=st.booleans(), dies=st.booleans())
    def comes_to_soak(self, pick: int, alarm: bool, dies: bool) -> None:
        """An alarm rings then, or not; and at that very moment a machine dies, or not."""
        who = sorted(self.actors)[pick % len(self.actors)]
        for _ in range(40):
            if who in self.actors and not self.actors[who].soaking:
                self._step(who)
        if who in self.actors:
            self.actors[who].alarmed = alarm
            if dies:
                self._dies(pick)
            self._goes_on(4, pick)

    @busy
    @rule(pick=PICK, call=st.integers(0, 1), applied=st.booleans(), steps=st.integers(1, 3))
    def crashes(self, pick: int, call: int, applied: bool, steps: int) -> None:
        faults = self.cloud.faults
        faults.crash_at, faults.applied = len(self.cloud.calls) + call, applied
        self._goes_on(steps, pick)
        faults.crash_at = None

    @busy
    @rule(pick=PICK)
    def seems_dead_but_lives(self, pick: int) -> None:
        self.world.dead.add(self.actors[sorted(self.actors)[pick % len(self.actors)]].owner)

    @precondition(lambda self: self.since_peace > 12)
    @rule(version=st.sampled_from(GOOD), keep=st.sampled_from([0.0, 300.0]))
    def is_left_in_peace(self, version: str, keep: float) -> None:
        """Undisturbed, a good release gets through whatever came before, and nothing leaks."""
        self._undisturbed()
        self._run(version, keep)
        assert serving(self.cloud) == [version]
        assert [group.version for group in attached(self.cloud)] == [version]
        nothing_is_orphaned(self.cloud)
        assert not self.world.ssm.parameters
        calls = len(self.cloud.calls)
        self._run(version, keep)
        assert len(self.cloud.calls) == calls
        self.world.now += 1000
        self._run("", keep)
        ours = [group.version for group in self.cloud.observe().groups if group.version]
        assert ours == [version]

    @precondition(lambda self: self.since_peace > 12 and self.cloud.serving and not self.actors)
    @rule(version=st.sampled_from(BAD))
    def is_left_in_peace_with_a_bad_one(self, version: str) -> None:
        self._undisturbed()
        before = {group.version for group in attached(self.cloud) if group.serving} - set(BAD)
        if not before:
            return
        self._run(version, 0.0, fails=True)
        assert before <= set(serving(self.cloud))
        self.cloud.observe()
        assert version not in {group.version for group in self.cloud.groups.values()}

    # Bad luck, policies and people

    @rule(pick=PICK)
    def loses_a_machine(self, pick: int) -> None:
        self._dies(pick)

    def _dies(self, pick: int) -> None:
        if alive := [(g, m) for g in self._groups() for m in g.machines]:
            group, machine = alive[pick % len(alive)]
            rest = tuple(one for one in group.machines if one != machine)
            self._happens(group, machines=rest)

    @rule(pick=PICK, by=st.sampled_from([-1, 1, 2]))
    def a_policy_scales(self, pick: int, by: int) -> None:
        free = [g for g in self._groups() if g.attached and "AlarmNotification" not in g.suspended]
        if free:
            group = free[pick % len(free)]
            desired = min(max(group.desired + by, group.min_size), group.max_size)
            self._happens(group, desired=desired, machines=group.machines[: max(desired, 0)])

    @rule(pick=PICK, what=st.sampled_from(["delete", "detach", "attach", "resize", "template"]))
    def a_person_edits(self, pick: int, what: str) -> None:
        if not (groups := self._groups()):
            return
        group = groups[pick % len(groups)]
        match what:
            case "delete":
                self._happens(group, deleting=True, machines=())
            case "detach":
                gone = tuple(replace(one, target_health=None) for one in group.machines)
                self._happens(group, attached=False, machines=gone)
            case "attach":
                self._happens(group, attached=True)
            case "resize":
                self._happens(group, desired=pick % 4, machines=group.machines[: pick % 4])
            case "template":
                self.cloud.templates.discard(group.name)

    @rule(pick=PICK, process=st.sampled_from(PROCESSES), off=st.booleans())
    def a_person_suspends(self, pick: int, process: str, off: bool) -> None:
        if groups := self._groups():
            group = groups[pick % len(groups)]
            rest = group.suspended - {process}
            self._happens(group, suspended=rest | {process} if off else rest)

    @rule(pick=PICK, well=st.booleans())
    def a_release_sickens_or_heals(self, pick: int, well: bool) -> None:
        """When all are sick the balancer fails open: it sends requests to all of them."""
        versions = [None, *GOOD, *BAD, "all"]
        version = versions[pick % len(versions)]
        if version == "all":
            self.cloud.healthy = {None, *GOOD} if well else set()
        else:
            (self.cloud.healthy.add if well else self.cloud.healthy.discard)(version)
        self._passes()

    @rule(seconds=st.sampled_from([1, 400]), refusal=st.sampled_from(["", "", "vCPU limit"]))
    def time_goes_by(self, seconds: int, refusal: str) -> None:
        self.cloud.refusal = refusal
        self.world.now += seconds
        self._passes()

    # What may never happen

    @invariant()
    def nobody_was_cut_off(self) -> None:
        self.since_peace += 1
        assert self.cloud.faults.cut == []

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
        for group in (groups[name] for call, name in done if call == "detach" and name in groups):
            proven = group.attached and (group.live_since or group.version is None)
            # When nobody is healthy the balancer fails open, so this one has the traffic.
            assert before or actor.disturbed or not proven
            if group.version != actor.version and not actor.disturbed:
                self._hands_over(actor, group)
        self._others_are_disturbed(actor, 0)

    def _hands_over(self, actor: Actor, old: ServerGroup) -> None:
        new = next(one for one in self.cloud.groups.values() if one.version == actor.version)
        assert new.live_since is not None
        assert self.world.now - new.live_since >= self.cloud.slow_start
        assert new.carried or not old.rules

    def _looked(self, actor: Actor) -> None:
        largest = max((group.serving for group in attached(self.cloud)), default=0)
        self.floor = max(min(self.floor, self.cloud.serving), largest)
        actor.disturbed, actor.unseen_loss = False, 0

    def _happens(self, group: ServerGroup, **fields: Any) -> None:
        before = self.cloud.serving
        edit(self.cloud, group.name, **fields)
        if fields.get("desired", group.desired) < group.desired:
            # Less was asked for, so less is what has to be kept.
            self.floor = max(0, self.floor - (before - self.cloud.serving))
        self._changed(before)

    def _passes(self) -> None:
        before = self.cloud.serving
        self.cloud.time_passes()
        self._changed(before)

    def _changed(self, before: int) -> None:
        self.floor = min(self.floor, self.cloud.serving)
        self._others_are_disturbed(None, max(0, before - self.cloud.serving))

    def _others_are_disturbed(self, by: Actor | None, loss: int) -> None:
        for actor in self.actors.values():
            if actor is not by:
                actor.disturbed = True
                actor.unseen_loss += loss

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

    def _run(self, version: str, keep: float, *, fails: bool = False) -> None:
        actor = self.actors["peace"] = Actor(self.world, version, keep)
        while not actor.ended:
            self._step("peace")
        assert actor.failed == fails

    def _groups(self) -> list[ServerGroup]:
        return [g for _, g in sorted(self.cloud.groups.items()) if not g.deleting]

    def _holder(self) -> str | None:
        held = self.world.lease("anybody").holder()
        return held.owner if held else None
