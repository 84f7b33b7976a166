"""One piece of news, with all that its message is made of."""

from __future__ import annotations

import dataclasses

from slipway.model.fact import Fact
from slipway.model.news.channel import NewsChannel
from slipway.model.news.event import NewsEvent


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class NewsCommit(Fact):
    """A commit, as git records it: a stranger's words.

    :param sha: in full.
    :param title: the first line of its message.
    :param author: the author's name.
    :param email: the author's address.
    """

    sha: str
    title: str
    author: str
    email: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class NewsNote(Fact):
    """Something that people are told once.

    :param project: the project's name.
    :param name: made of what it is about, so that whoever comes to tell it again gives it the same.
    :param events: what happened, the most telling first; a channel is told the first that it wants.
    :param at: when, seconds since 1970.
    :param channels: that it may be told to.
    :param branch: that it happened to; empty for an environment.
    :param environment: that it happened to; empty for a branch.
    :param version: the release that it is about.
    :param sha: the commit that it is about.
    :param before: the version that served before; of a roll back, the one that serves now.
    :param since: since when it was broken, seconds since 1970; 0 where it was not.
    :param first_sha: the commit that broke it.
    :param good: the last version, or commit, that was good.
    :param by: whoever did it, or started it.
    :param why: in the words of the task, gate or alarm, with its value; or in a person's.
    :param lines: more of it: a plan, what a machine said, the tests that failed.
    :param commits: in the range, the newest first.
    :param more: further commits in it.
    :param repository: its URL.
    :param url: of Airflow's page of it: the task's log, the run, or the form.
    :param by_hand: a person went back, and no gate.
    """

    project: str
    name: str
    events: tuple[NewsEvent, ...]
    at: float
    channels: tuple[NewsChannel, ...]
    branch: str = ""
    environment: str = ""
    version: str = ""
    sha: str = ""
    before: str = ""
    since: float = 0.0
    first_sha: str = ""
    good: str = ""
    by: str = ""
    why: str = ""
    lines: tuple[str, ...] = ()
    commits: tuple[NewsCommit, ...] = ()
    more: int = 0
    repository: str = ""
    url: str = ""
    by_hand: bool = False

    @property
    def place(self) -> str:
        """What it happened to, for people."""
        return self.environment or self.branch
