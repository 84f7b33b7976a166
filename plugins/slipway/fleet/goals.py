"""The words of a plan: what can be wanted, what can be done, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Goal(StrEnum):
    """How far the environment should have come."""

    CANARY = "canary launched"
    LAUNCHED = "launched"
    IN_TRAFFIC = "in traffic"
    OLD_RETIRED = "old retired"
    ROLLED_BACK = "rolled back"
    STANDBYS_RETIRED = "standbys retired"


class ActionKind(StrEnum):
    """One change of the world."""

    LAUNCH = "launch"
    RESIZE = "resize"
    ATTACH = "attach"
    DETACH = "detach"
    SUSPEND_SCALING = "suspend scaling of"
    RESUME_SCALING = "resume scaling of"
    TAKE_OVER = "take notifications and suspended processes over to"
    CARRY_OVER = "carry scaling rules over to"
    MARK_LIVE = "note as live"
    KEEP_WARM = "keep warm"
    WAKE = "take out of standby"
    DELETE = "delete"
    DELETE_TEMPLATE = "delete the launch template"
    KEEP_FAILED = "keep a failed machine of"
    END_FAILED = "terminate a failed machine of"


@dataclass(frozen=True, kw_only=True, slots=True)
class Action:
    """One change, and why.

    :param verb: what is done.
    :param group: the server group's name.
    :param reason: why, for people.
    :param size: min, desired and max, of a launch or a resize.
    :param processes: that are suspended or resumed.
    :param at: seconds since 1970: of a standby or a failed machine its end, of a live group its
        beginning.
    :param source: the live group that settings are taken from, or that shares its balancers.
    :param machine: the instance id of a failed machine.
    """

    verb: ActionKind
    group: str
    reason: str
    size: tuple[int, int, int] | None = None
    processes: frozenset[str] = frozenset()
    at: int | None = None
    source: str | None = None
    machine: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What to do now.

    :param actions: in this order.
    :param waiting: what takes its time, if nothing is to be done meanwhile.
    :param blocked: why neither doing nor waiting can fulfil the wish.
    :param note: what a reader should know about a wish that is fulfilled.
    """

    actions: tuple[Action, ...] = ()
    waiting: str = ""
    blocked: str = ""
    note: str = ""

    @property
    def done(self) -> bool:
        """The wish is fulfilled."""
        return not (self.actions or self.waiting or self.blocked)
