"""A cloud of server groups in memory, for the loop: as real as its rules, and instant."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from slipway.hooks.fleet_cloud import STANDBY, VERSION, Launch
from slipway.hooks.fleet_view import SCALING, Fleet, Machine, ServerGroup


class Crash(Exception):
    """The process dies here."""


@dataclass
class FakeFleetCloud:
    """Stands in for :class:`slipway.hooks.fleet_cloud.FleetCloud`.

    :param healthy: versions whose machines pass the balancer's check.
    :param crash_at: number of the mutating call that never returns; counted from 0.
    :param applied: whether that call took effect before the crash.
    """

    groups: dict[str, ServerGroup] = field(default_factory=dict)
    healthy: set[str] = field(default_factory=set)
    calls: list[tuple[str, str]] = field(default_factory=list)
    crash_at: int | None = None
    applied: bool = True
    lowest: int | None = None

    def observe(self, **_: Any) -> Fleet:
        self._time_passes()
        return Fleet(groups=tuple(self.groups.values()))

    def launch(self, launch: Launch) -> None:
        low, desired, high = launch.size
        group = ServerGroup(
            name=launch.name, version=launch.tags[VERSION], min_size=low, desired=desired,
            max_size=high, attached=False,
            machines=tuple(
                Machine(instance_id=f"{launch.name}-{n}", address="10.0.0.1", lifecycle="InService")
                for n in range(desired)
            ),
        )  # fmt: skip
        self._call("launch", launch.name, {launch.name: group})

    def attach(self, group: str, **_: Any) -> None:
        self._change("attach", group, attached=True)

    def detach(self, group: str, **_: Any) -> None:
        self._change("detach", group, attached=False)

    def suspend_scaling(self, group: str) -> None:
        self._change("suspend", group, suspended=SCALING)

    def resume_scaling(self, group: str) -> None:
        self._change("resume", group, suspended=frozenset())

    def mark_standby(self, group: str, until: int | None) -> None:
        assert STANDBY
        self._change("standby", group, standby_until=until)

    def delete(self, group: str) -> None:
        self._call("delete", group, {group: None})

    @property
    def serving(self) -> int:
        return sum(group.serving for group in self.groups.values())

    def _change(self, call: str, name: str, **fields: Any) -> None:
        self._call(call, name, {name: replace(self.groups[name], **fields)})

    def _call(self, call: str, name: str, change: dict[str, ServerGroup | None]) -> None:
        dies = self.crash_at == len(self.calls)
        self.calls.append((call, name))
        if not dies or self.applied:
            for key, group in change.items():
                if group is None:
                    self.groups.pop(key, None)
                elif not (call == "launch" and key in self.groups):
                    self.groups[key] = group
        self._time_passes(at_once=True)
        if self.lowest is not None:
            self.lowest = min(self.lowest, self.serving)
        if dies:
            self.crash_at = None
            raise Crash

    def _time_passes(self, *, at_once: bool = False) -> None:
        """Detaching takes effect at once; checks and drains only until the next look."""
        for name, group in self.groups.items():
            state: str | None = None
            if group.attached:
                state = "healthy" if group.version in self.healthy else "unhealthy"
                if at_once and not any(machine.target_health for machine in group.machines):
                    state = "initial"
            elif at_once and any(machine.target_health for machine in group.machines):
                state = "draining"
            machines = tuple(replace(machine, target_health=state) for machine in group.machines)
            self.groups[name] = replace(group, machines=machines)
