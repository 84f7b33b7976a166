"""One thing that hangs on a live server group, and when the next one has it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Passes(StrEnum):
    """When, or whether, the next group has a thing."""

    MACHINES = "with its machines"
    GROUP = "with the group"
    START = "directly after the group is made"
    TRAFFIC = "together with the traffic"
    RULES = "before the old group leaves the balancer"
    PROJECT = "the project file says it"
    LOST = "no"


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One row of the table.

    :param name: by which the project file drops it, if it does.
    :param what: in words.
    :param passes: when the next group has it, or that it does not.
    :param how: its condition, or what to set in its place.
    :param template: fields of a launch template's data.
    :param group: fields of a group, as Auto Scaling describes it.
    """

    name: str
    what: str
    passes: Passes
    how: str = ""
    template: tuple[str, ...] = ()
    group: tuple[str, ...] = ()

    @property
    def droppable(self) -> bool:
        """The project file may say that successors do not get it."""
        return self.passes not in (Passes.PROJECT, Passes.LOST)
