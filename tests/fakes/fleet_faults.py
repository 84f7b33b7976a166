"""What goes wrong in the cloud in memory."""

from __future__ import annotations

from dataclasses import dataclass, field


class Crash(Exception):
    """The process dies here."""


@dataclass
class Faults:
    """What goes wrong, and what was measured: shared by all who look at the same cloud.

    :param crash_at: number of the mutating call that never returns; counted from 0.
    :param applied: whether that call took effect before the crash.
    :param lowest: the least number of machines that served at any time; None until it is watched.
    :param cut: the groups that were deleted while the balancer still had machines of theirs.
    """

    crash_at: int | None = None
    applied: bool = True
    lowest: int | None = None
    cut: list[str] = field(default_factory=list)
