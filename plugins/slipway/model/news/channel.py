"""Whom a project's news are told: channels, and the people of its commits."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from enum import StrEnum

from slipway.model.fact import Fact
from slipway.model.news.event import TELLABLE, NewsEvent


class ChannelKind(StrEnum):
    """How a channel is reached."""

    SLACK = "slack"
    EMAIL = "email"
    WEBHOOK = "webhook"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class NewsChannel(Fact):
    """Where news go.

    :param name: in the project file.
    :param kind: how it is told.
    :param connection: id of the Airflow connection, which has the secret.
    :param events: what it is told; everything where it is empty, but not each deployment of the
        continuous environment.
    :param environments: of which it is told; of everything where it is empty.
    :param room: of Slack's API: the channel's name or id.
    :param to: addresses of e-mail.
    :param authors: to whom among the commits' authors e-mail goes as well: addresses, and domains
        such as ``example.com``.
    :param people: of Slack: an author's address, and the id by which he is mentioned.
    """

    name: str
    kind: ChannelKind
    connection: str
    events: tuple[NewsEvent, ...] = ()
    environments: tuple[str, ...] = ()
    room: str = ""
    to: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    people: tuple[tuple[str, str], ...] = ()

    def first_wanted(self, events: Collection[NewsEvent]) -> NewsEvent | None:
        """Return the first of some events that it is told; None where it is told none of them.

        :param events: what happened, the most telling first.
        """
        wanted = self.events or (*TELLABLE, NewsEvent.TEST)
        return next((one for one in events if one in wanted), None)

    def may_mail(self, address: str) -> bool:
        """Tell whether an author's address is one that mail goes to.

        It is whatever the committer wrote: only what the project file names gets any.

        :param address: as git records it.
        """
        whole = address.lower()
        domain = whole.rpartition("@")[2]
        return any(whole == one or domain == one for one in map(str.lower, self.authors))

    def mention(self, address: str) -> str:
        """Return the Slack id of an author; empty where the project file has none."""
        known = {mail.lower(): person for mail, person in self.people}
        return known.get(address.lower(), "")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class NewsRoutes:
    """A project's channels.

    :param project: the project's name.
    :param channels: where its news may go.
    :param continuous: the environment that every commit is deployed to; empty for none.
    """

    project: str
    channels: tuple[NewsChannel, ...]
    continuous: str = ""

    def of(self, events: Collection[NewsEvent], environment: str = "") -> tuple[NewsChannel, ...]:
        """Return the channels that are told of something, each with what it is told.

        :param events: what happened, the most telling first.
        :param environment: where; empty for what happened to a branch or a repository.
        """
        found = []
        for one in self.channels:
            if one.environments and environment not in one.environments:
                continue
            wanted = tuple(event for event in events if self._wants(one, event, environment))
            if wanted:
                found.append(dataclasses.replace(one, events=wanted))
        return tuple(found)

    def _wants(self, channel: NewsChannel, event: NewsEvent, environment: str) -> bool:
        if channel.events:
            return event in channel.events
        # With each push there would be one: whoever wants that says so.
        return event is not NewsEvent.DEPLOYED or environment != self.continuous
