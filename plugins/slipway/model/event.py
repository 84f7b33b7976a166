"""What started a run: a fact that travels with the checkout, never a guess made later."""

from __future__ import annotations

import dataclasses
from enum import StrEnum
from typing import Self

from slipway.model.fact import Fact

HEADS, TAGS = "refs/heads/", "refs/tags/"


class EventKind(StrEnum):
    """The kinds of event, by the names that a pipeline file's conditions know them by."""

    PUSH = "push"
    TAG = "tag"
    PULL_REQUEST = "pull_request"
    CRON = "cron"
    PROMOTE = "promote"
    ROLLBACK = "rollback"
    CUSTOM = "custom"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Event(Fact):
    """What started a run.

    :param kind: what happened.
    :param ref: the ref that it happened to, in full; a bare sha where no ref was meant.
    :param branch: the branch that was pushed to, or that a pull request wants to go to; empty
        for a tag.
    :param by: who announced it, as Airflow names them: a user, or the way a run came about.
    :param cron: the schedule's name.
    :param target: the environment of a promotion.
    :param action: what happened to a pull request.
    :param fork: the commit comes from another repository.
    """

    kind: EventKind
    ref: str
    branch: str = ""
    by: str = ""
    cron: str = ""
    target: str = ""
    action: str = ""
    fork: bool = False

    @classmethod
    def push(cls, branch: str, *, by: str = "") -> Self:
        """Return a push to a branch."""
        return cls(kind=EventKind.PUSH, ref=f"{HEADS}{branch}", branch=branch, by=by)

    @classmethod
    def of_tag(cls, tag: str, *, by: str = "") -> Self:
        """Return a new tag."""
        return cls(kind=EventKind.TAG, ref=f"{TAGS}{tag}", by=by)

    @classmethod
    def of_commit(cls, sha: str, *, by: str = "") -> Self:
        """Return a run that somebody asked for, of a commit that no branch stands for."""
        return cls(kind=EventKind.CUSTOM, ref=sha, by=by)

    @property
    def tag(self) -> str | None:
        """The tag's name, where the ref is one."""
        return self.ref.removeprefix(TAGS) if self.ref.startswith(TAGS) else None
