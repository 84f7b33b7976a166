"""Who may change an environment, and what was left half done there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class UnfinishedSwap:
    """A swap that has not come to an end.

    :param release: the version that is brought in.
    :param soaked: its soak is over.
    :param plan: the plan that somebody approved, by its name; empty where nobody was asked.
    :param name: of this swap alone, which its run noted as begun; empty in leases of before.
    """

    release: str
    soaked: bool = False
    plan: str = ""
    name: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class LeaseRecord:
    """Who may change the environment.

    :param owner: for people to read, and to find out whether it lives: a run, or a shell.
    :param generation: counts up at each change of hands.
    :param token: of one grip alone, so that an answer that was lost is told from a rival's.
    :param swaps: what is half done, the owner's own last: if it dies, whoever comes next knows.
    """

    owner: str
    generation: int
    token: str
    swaps: tuple[UnfinishedSwap, ...] = ()
