"""A cloud of server groups in memory, for the loop: as real as its rules, and instant.

Time passes at each look: machines boot, checks pass, drained targets leave, deleted groups go.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from slipway.hooks.fleet.lease import FleetLease
from slipway.model.cloud.health_check import HealthCheck, Scheme
from slipway.model.cloud.tags import IMAGE, VERSION
from slipway.model.fleet import Fleet, KeptMachine, Machine, ServerGroup
from tests.fakes.fleet_faults import Crash, Faults
from tests.slipway.fleet.fake_ssm import FakeSsm

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slipway.model.cloud.alarm import Alarm
    from slipway.model.cloud.group_seen import GroupSeen
    from slipway.model.cloud.launch import Launch


def _nobody() -> None:
    """Everybody may."""


@dataclass
class FakeFleetCloud:
    """A :class:`slipway.fleet.cloud.Cloud`, as the type checker sees wherever one is handed in.

    :param healthy: versions whose machines pass the balancer's check.
    :param calls: the mutating calls so far, by name and group.
    :param faults: what goes wrong.
    :param refusal: what Auto Scaling says of launches that failed; while it says so, none comes.
    :param drain: looks that a machine takes to finish its connections.
    :param leaving: looks that a deleted group takes to be gone.
    :param told: until when a group's machines know that they are standbys.
    :param slow_start: seconds over which the balancer gives a new machine its full share.
    :param bells: the alarms that there are.
    :param check: how the balancer asks for health.
    :param habits: live groups have notifications or suspended processes.
    :param words: what the balancer says of machines.
    :param kept: ill machines that were taken out of their groups.
    :param late: what further balancers do not call healthy.
    :param close: what a close look at a group shows, where somebody looks.
    """

    groups: dict[str, ServerGroup] = field(default_factory=dict)
    templates: set[str] = field(default_factory=set)
    healthy: set[str | None] = field(default_factory=set)
    calls: list[tuple[str, str]] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)
    refusal: str = ""
    drain: int = 1
    leaving: int = 1
    slow_start: int = 0
    bells: list[Alarm] = field(default_factory=list)
    late: tuple[str, ...] = ()
    close: dict[str, GroupSeen] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    kept: dict[str, KeptMachine] = field(default_factory=dict)
    habits: bool = False
    check: HealthCheck = field(
        default_factory=lambda: HealthCheck(scheme=Scheme.HTTP, port=80, path="/")
    )
    born: list[str] = field(default_factory=list)
    drained: dict[str, int] = field(default_factory=dict)
    left: dict[str, int] = field(default_factory=dict)
    told: dict[str, int | None] = field(default_factory=dict)
    fence: Callable[[], None] = _nobody
    ssm: FakeSsm = field(default_factory=FakeSsm)

    def with_fence(self, fence: Callable[[], None]) -> FakeFleetCloud:
        other = copy(self)
        other.fence = fence
        return other

    def lease(self, *, owner: str, is_dead: Callable[[str], bool]) -> FleetLease:
        return FleetLease(self.ssm, project="shop", environment="dev", owner=owner, is_dead=is_dead)

    # Looking

    def observe(self, *, detailed: bool = False) -> Fleet:
        self.time_passes()
        groups = tuple(self.groups[name] for name in sorted(self.groups))
        # A fleet made by hand has its environment's tags, if Slipway could hold it.
        seen = tuple(one for one in groups if one.version is not None or one.attached or one.held)
        return Fleet(
            groups=seen,
            templates=tuple(sorted(self.templates)),
            slow_start=self.slow_start if detailed else 0,
        )

    def seen(self, group: str) -> GroupSeen | None:
        return self.close.get(group)

    def is_in_service(self, instance_id: str) -> bool:
        self.time_passes()
        machines = [one for group in self.groups.values() for one in group.machines]
        return any(one.serving for one in machines if one.instance_id == instance_id)

    def behind(self, group: str) -> tuple[str, ...]:
        return self.late

    def target_words(self) -> dict[str, str]:
        return dict(self.words)

    def kept_failed(self) -> tuple[KeptMachine, ...]:
        return tuple(self.kept[name] for name in sorted(self.kept))

    def health_check(self) -> HealthCheck:
        return self.check

    def inheritance(self, launch: Launch) -> tuple[str, ...]:
        return ()

    def handover_seconds(self) -> int:
        return self.slow_start + self.drain

    def launch_failure(self, group: str) -> str:
        return self.refusal

    def alarms(self, names: Sequence[str]) -> tuple[Alarm, ...]:
        return tuple(bell for bell in self.bells if bell.name in names)

    def alarm_names(self) -> tuple[str, ...]:
        return tuple(bell.name for bell in self.bells)

    @property
    def serving(self) -> int:
        return sum(group.serving for group in self.groups.values())

    # Doing

    def launch(self, launch: Launch) -> tuple[str, ...]:
        self._call("template", launch.name, lambda: self.templates.add(launch.name))
        self._call("launch", launch.name, lambda: self._launch(launch))
        return ()

    def resize(self, group: str, size: tuple[int, int, int]) -> None:
        low, desired, high = size
        self._change("note", group, asked=desired)
        self._change("resize", group, min_size=low, desired=desired, max_size=high)

    def take_over(self, group: str, source: str, drop: frozenset[str] = frozenset()) -> None:
        self._change("start", group, taking_over="")

    def carry_over(self, group: str, source: str, drop: frozenset[str] = frozenset()) -> None:
        if source in self.groups:
            rules = self.groups[source].rules
            self._change("rules", group, rules=rules)
            self._change("note", group, carried=rules)

    def attach(self, group: str, source: str | None = None) -> None:
        self._change("attach", group, attached=True)

    def detach(self, group: str) -> None:
        self._call("detach", group, lambda: self._detach(group))

    def suspend_scaling(self, group: str, processes: frozenset[str]) -> None:
        assert processes
        self._change("note", group, held=processes)
        self._change("suspend", group, suspended=self._suspended(group) | processes)

    def resume_scaling(self, group: str, processes: frozenset[str]) -> None:
        assert processes
        self._change("resume", group, suspended=self._suspended(group) - processes)
        self._change("note", group, held=frozenset())

    def mark_standby(self, group: str, until: int | None) -> None:
        self._call("machines", group, lambda: self.told.update({group: until}))
        self._change("standby", group, standby_until=until)

    def mark_live(self, group: str, since: int) -> None:
        self._change("live", group, live_since=since)

    def keep_failed(self, group: str, instance_id: str, until: int) -> None:
        self._call("keep failed", group, lambda: self._keep_failed(group, instance_id, until))

    def end_failed(self, instance_id: str) -> None:
        self._call("end failed", instance_id, lambda: self.kept.pop(instance_id, None))

    def delete(self, group: str) -> None:
        self._call("delete", group, lambda: self._delete(group))
        self.delete_template(group)

    def delete_template(self, group: str) -> None:
        self._call("forget", group, lambda: self.templates.discard(group))

    # What happens

    def _launch(self, launch: Launch) -> None:
        if launch.name in self.groups:
            return  # already exists, or is still going away
        low, desired, high = launch.size
        self.groups[launch.name] = ServerGroup(
            name=launch.name,
            version=launch.tags[VERSION],
            image_id=launch.tags[IMAGE],
            min_size=low,
            desired=desired,
            max_size=high,
            attached=False,
            asked=desired,
            taking_over=launch.like if self.habits and launch.like else "",
        )

    def _suspended(self, name: str) -> frozenset[str]:
        return self.groups[name].suspended if name in self.groups else frozenset()

    def _detach(self, name: str) -> None:
        if name not in self.groups:
            return
        group = self.groups[name]
        machines = tuple(
            replace(one, target_health="draining" if one.target_health else None)
            for one in group.machines
        )
        self.groups[name] = replace(group, attached=False, machines=machines)
        self.drained[name] = 0

    def _keep_failed(self, name: str, instance_id: str, until: int) -> None:
        group = self.groups.get(name)
        if group is None or instance_id not in [one.instance_id for one in group.machines]:
            return
        rest = tuple(one for one in group.machines if one.instance_id != instance_id)
        self.groups[name] = replace(group, machines=rest, min_size=0, desired=group.desired - 1)
        self.kept[instance_id] = KeptMachine(
            instance_id=instance_id, version=group.version or "", until=until
        )

    def _delete(self, name: str) -> None:
        if name in self.groups:
            if self.groups[name].draining:
                self.faults.cut.append(name)
            self.groups[name] = replace(self.groups[name], deleting=True, machines=())

    def _change(self, call: str, name: str, **fields: Any) -> None:
        def apply() -> None:
            if name in self.groups:
                self.groups[name] = replace(self.groups[name], **fields)

        self._call(call, name, apply)

    def _call(self, call: str, name: str, apply: Callable[[], Any]) -> None:
        self.fence()
        dies = self.faults.crash_at == len(self.calls)
        self.calls.append((call, name))
        if not dies or self.faults.applied:
            apply()
        if self.faults.lowest is not None:
            self.faults.lowest = min(self.faults.lowest, self.serving)
        if dies:
            self.faults.crash_at = None
            raise Crash

    def time_passes(self) -> None:
        """Let machines boot, checks pass, drained targets leave and deleted groups go."""
        for name, group in list(self.groups.items()):
            if group.deleting:
                self.left[name] = self.left.get(name, 0) + 1
                if self.left[name] >= self.leaving:
                    del self.groups[name], self.left[name]
                continue
            self.drained[name] = self.drained.get(name, 0) + 1
            older = [self._aged(group, machine) for machine in group.machines]
            lacking = 0 if self.refusal else max(0, group.desired - len(older))
            kept = older[: group.desired]
            self.groups[name] = replace(
                group, machines=(*kept, *(self._newborn(name) for _ in range(lacking)))
            )

    def _newborn(self, name: str) -> Machine:
        self.born.append(name)
        number = len(self.born)
        return Machine(
            instance_id=f"i-{name}-{number}", address=f"10.0.0.{number}", lifecycle="Pending"
        )

    def _aged(self, group: ServerGroup, machine: Machine) -> Machine:
        health: str | None = None
        if group.attached and machine.up:
            verdict = "healthy" if group.version in self.healthy else "unhealthy"
            fresh = machine.target_health in (None, "draining")
            health = "initial" if fresh else verdict
        elif machine.target_health and self.drained[group.name] < self.drain:
            health = "draining"
        return replace(machine, lifecycle="InService", target_health=health)
