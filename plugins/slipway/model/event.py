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
    :param number: of a pull request; 0 for anything else.
    :param source: the branch that a pull request comes from.
    :param title: of a pull request, in whoever opened it's words.
    :param head: the ref that leads to a pull request's commit, in full, where it is not `ref`.
    :param origin: URL of the fork that has it; empty for the repository itself.
    """

    kind: EventKind
    ref: str
    branch: str = ""
    by: str = ""
    cron: str = ""
    target: str = ""
    action: str = ""
    fork: bool = False
    number: int = 0
    source: str = ""
    title: str = ""
    head: str = ""
    origin: str = ""

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

    @classmethod
    def of_schedule(cls, name: str, branch: str, *, by: str = "") -> Self:
        """Return a schedule's turn, on a branch."""
        return cls(kind=EventKind.CRON, ref=f"{HEADS}{branch}", branch=branch, cron=name, by=by)

    @classmethod
    def promotion(cls, target: str, ref: str, *, by: str = "", back: bool = False) -> Self:
        """Return that a release goes to an environment.

        :param target: the environment's name.
        :param ref: that the release was made of, in full.
        :param by: whoever asked for it.
        :param back: to one that served before.
        """
        kind = EventKind.ROLLBACK if back else EventKind.PROMOTE
        branch = ref.removeprefix(HEADS) if ref.startswith(HEADS) else ""
        return cls(kind=kind, ref=ref, branch=branch, target=target, by=by)

    @classmethod
    def pull_request(
        cls,
        number: int,
        *,
        branch: str,
        source: str,
        fork: bool,
        action: str = "opened",
        title: str = "",
        by: str = "",
        ref: str = "",
        head: str = "",
        origin: str = "",
    ) -> Self:
        """Return that a pull request is there, or has changed.

        :param number: the pull request's.
        :param branch: that it wants to go to.
        :param source: the branch that it comes from.
        :param fork: it comes from another repository.
        :param action: ``opened`` or ``synchronized``.
        :param title: the pull request's.
        :param by: whoever opened it.
        :param ref: the host's for it, in full.
        :param head: the ref that leads to its commit, in full, where it is another.
        :param origin: URL of the fork that has that ref; empty for the repository itself.
        """
        return cls(
            kind=EventKind.PULL_REQUEST,
            ref=ref or f"refs/pull/{number}/head",
            branch=branch,
            source=source,
            number=number,
            fork=fork,
            action=action,
            title=title,
            by=by,
            head=head,
            origin=origin,
        )

    @property
    def delivers(self) -> bool:
        """A commit that it is about may become a release: nobody's proposal ever does."""
        return self.kind is not EventKind.PULL_REQUEST and not self.fork

    @property
    def line(self) -> str:
        """What its commit follows others on, and newer ones follow it; empty where none does.

        A branch, or a pull request, by the branch's or the request's own name: a tag stays what it
        is, and so does what somebody asked for, or a schedule.
        """
        if self.kind is EventKind.PULL_REQUEST:
            return pull_request_line(self.number) if self.number else ""
        return self.ref if self.kind is EventKind.PUSH and self.ref.startswith(HEADS) else ""

    @property
    def tag(self) -> str | None:
        """The tag's name, where the ref is one."""
        return self.ref.removeprefix(TAGS) if self.ref.startswith(TAGS) else None


def pull_request_line(number: int) -> str:
    """Return the line of a pull request (:attr:`Event.line`).

    :param number: the pull request's.
    """
    return f"pull_request/{number}"
