"""Bad luck, policies and people: what happens to a fleet past Slipway."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from slipway.model.fleet import ServerGroup
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.slipway.fleet.swap.actors import Actor, attached, edit

GOOD, BAD = ("1", "2", "2@bbbbbbbb", "3"), ("bad", "2@ffffffff")


class Luck:
    """Changes the world, and keeps the books on what Slipway cannot have known.

    :param floor: what served before: Slipway's own changes never bring the number of healthy
        machines in service below it. It falls with what dies, and rises with what an actor sees.
    """

    cloud: FakeFleetCloud
    actors: dict[str, Actor]
    floor: int

    def _dies(self, pick: int) -> None:
        if alive := [(g, m) for g in self._groups() for m in g.machines]:
            group, machine = alive[pick % len(alive)]
            rest = tuple(one for one in group.machines if one != machine)
            self._happens(group, machines=rest)

    def _scales(self, pick: int, by: int) -> None:
        free = [g for g in self._groups() if g.attached and "AlarmNotification" not in g.suspended]
        if free:
            group = free[pick % len(free)]
            desired = min(max(group.desired + by, group.min_size), group.max_size)
            self._happens(group, desired=desired, machines=group.machines[: max(desired, 0)])

    def _edits(self, pick: int, what: str) -> None:
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
                for actor in self.actors.values():
                    actor.unseen_guests.add(group.name)
            case "resize":
                self._happens(group, desired=pick % 4, machines=group.machines[: pick % 4])
            case "template":
                self.cloud.templates.discard(group.name)

    def _suspends(self, pick: int, process: str, *, off: bool) -> None:
        if groups := self._groups():
            group = groups[pick % len(groups)]
            rest = group.suspended - {process}
            self._happens(group, suspended=rest | {process} if off else rest)

    def _sickens_or_heals(self, pick: int, *, well: bool) -> None:
        """When all are sick the balancer fails open: it sends requests to all of them."""
        versions = [None, *GOOD, *BAD, "all"]
        version = versions[pick % len(versions)]
        if version == "all":
            self.cloud.healthy = {None, *GOOD} if well else set()
        else:
            (self.cloud.healthy.add if well else self.cloud.healthy.discard)(version)
        self._passes()

    def _happens(self, group: ServerGroup, **fields: Any) -> None:
        before = self.cloud.serving
        edit(self.cloud, group.name, **fields)
        if fields.get("desired", group.desired) < group.desired:
            # Less was asked for, so less is what has to be kept.
            self.floor = max(0, self.floor - (before - self.cloud.serving))
        if "deleting" in fields or "attached" in fields:
            # Nobody can know any more what the groups that are left had to stand in for.
            self.floor = min(self.floor, self._largest())
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

    def _largest(self, *, but: str | None = "") -> int:
        """What the largest group serves with that has ever served alone.

        One on trial may be larger: it was made to stand in for several at once.

        :param but: the version on its way, for a standby that comes back may be larger as well.
        """
        groups = [one for one in attached(self.cloud) if one.version != but]
        proven = [one for one in groups if one.live_since or one.version is None]
        return max((group.serving for group in proven), default=0)

    def _groups(self) -> list[ServerGroup]:
        return [g for _, g in sorted(self.cloud.groups.items()) if not g.deleting]
