"""A cloud of server groups in memory, for the loop: as real as its rules, and instant.

Time passes at each look: machines boot, checks pass, drained targets leave, deleted groups go.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from slipway.hooks.fleet_cloud import IMAGE, VERSION
from slipway.hooks.fleet_view import Fleet, Machine, ServerGroup
from slipway.hooks.launch_templates import Launch


class Crash(Exception):
    """The process dies here."""


@dataclass
class FakeFleetCloud:
    """Stands in for :class:`slipway.hooks.fleet_cloud.FleetCloud`.

    :param healthy: versions whose machines pass the balancer's check.
    :param calls: the mutating calls so far, by name and group.
    :param crash_at: number of the mutating call that never returns; counted from 0.
    :param applied: whether that call took effect before the crash.
    :param lowest: the least number of machines that served at any time; None until it is watched.
    :param refusal: what Auto Scaling says of launches that failed.
    """

    groups: dict[str, ServerGroup] = field(default_factory=dict)
    templates: set[str] = field(default_factory=set)
    healthy: set[str | None] = field(default_factory=set)
    calls: list[tuple[str, str]] = field(default_factory=list)
    crash_at: int | None = None
    applied: bool = True
    lowest: int | None = None
    refusal: str = ""
    born: int = 0

    # Looking

    def observe(self) -> Fleet:
        self._time_passes()
        groups = tuple(self.groups[name] for name in sorted(self.groups))
        seen = tuple(one for one in groups if one.version is not None or one.attached)
        return Fleet(groups=seen, templates=tuple(sorted(self.templates)))

    def trouble(self, group: str) -> str:
        return self.refusal

    @property
    def serving(self) -> int:
        return sum(group.serving for group in self.groups.values())

    # Doing

    def launch(self, launch: Launch) -> None:
        self._call("template", launch.name, lambda: self.templates.add(launch.name))
        self._call("launch", launch.name, lambda: self._launch(launch))

    def resize(self, group: str, size: tuple[int, int, int]) -> None:
        low, desired, high = size
        self._change("resize", group, min_size=low, desired=desired, max_size=high)

    def attach(self, group: str) -> None:
        self._change("attach", group, attached=True)

    def detach(self, group: str) -> None:
        self._call("detach", group, lambda: self._detach(group))

    def hold(self, group: str, processes: frozenset[str]) -> None:
        assert processes
        self._change("note", group, held=processes)
        suspended = self.groups[group].suspended | processes
        self._change("suspend", group, suspended=suspended)

    def release(self, group: str, processes: frozenset[str]) -> None:
        assert processes
        suspended = self.groups[group].suspended - processes
        self._change("resume", group, suspended=suspended)
        self._change("note", group, held=frozenset())

    def mark_standby(self, group: str, until: int | None) -> None:
        self._change("standby", group, standby_until=until)

    def mark_live(self, group: str, since: int) -> None:
        self._change("live", group, live_since=since)

    def delete(self, group: str) -> None:
        self._call("delete", group, lambda: self._delete(group))
        self._call("forget", group, lambda: self.templates.discard(group))

    # What happens

    def _launch(self, launch: Launch) -> None:
        if launch.name in self.groups:
            return  # already exists, or is still going away
        low, desired, high = launch.size
        self.groups[launch.name] = ServerGroup(
            name=launch.name, version=launch.tags[VERSION], image_id=launch.tags[IMAGE],
            min_size=low, desired=desired, max_size=high, attached=False,
        )  # fmt: skip

    def _detach(self, name: str) -> None:
        group = self.groups[name]
        machines = tuple(
            replace(one, target_health="draining" if one.target_health else None)
            for one in group.machines
        )
        self.groups[name] = replace(group, attached=False, machines=machines)

    def _delete(self, name: str) -> None:
        if name in self.groups:
            self.groups[name] = replace(self.groups[name], deleting=True, machines=())

    def _change(self, call: str, name: str, **fields: object) -> None:
        def apply() -> None:
            self.groups[name] = replace(self.groups[name], **fields)  # type: ignore[arg-type]

        self._call(call, name, apply)

    def _call(self, call: str, name: str, apply: object) -> None:
        dies = self.crash_at == len(self.calls)
        self.calls.append((call, name))
        if (not dies or self.applied) and callable(apply):
            apply()
        if self.lowest is not None:
            self.lowest = min(self.lowest, self.serving)
        if dies:
            self.crash_at = None
            raise Crash

    def _time_passes(self) -> None:
        for name, group in list(self.groups.items()):
            if group.deleting:
                del self.groups[name]
                continue
            older = (self._aged(group, machine) for machine in group.machines)
            lacking = max(0, group.desired - len(group.machines))
            self.groups[name] = replace(
                group, machines=(*older, *(self._born(name) for _ in range(lacking)))
            )

    def _born(self, name: str) -> Machine:
        self.born += 1
        instance = f"i-{name}-{self.born}"
        return Machine(instance_id=instance, address=f"10.0.0.{self.born}", lifecycle="Pending")

    def _aged(self, group: ServerGroup, machine: Machine) -> Machine:
        health: str | None = None
        if group.attached and machine.up:
            verdict = "healthy" if group.version in self.healthy else "unhealthy"
            health = "initial" if machine.target_health is None else verdict
        return replace(machine, lifecycle="InService", target_health=health)
