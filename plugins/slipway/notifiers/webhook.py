"""News for a program: JSON, signed with a secret that both sides have."""

from __future__ import annotations

import json
from typing import Any

from airflow.sdk import BaseNotifier

from slipway.hooks.signed_post import post_signed
from slipway.model.news.event import NewsEvent
from slipway.model.news.note import NewsNote
from slipway.notifiers.message import Message

# Characters of a stranger's text that a program is given.
_LONGEST = 1000


class WebhookNews(BaseNotifier):
    """Posts news, and tells why it could not.

    :param connection: id of the Airflow connection: host is the URL, password the secret.
    :param key: the same for the same message, by which a second one can be dropped.
    :param body: what is posted.
    :param event: what happened.
    """

    def __init__(self, *, connection: str, key: str, body: bytes, event: NewsEvent) -> None:
        super().__init__()
        self.connection = connection
        self.key = key
        self.body = body
        self.event = event

    def notify(self, context: Any) -> None:
        """Post.

        :raises ChannelRefused: when it is not taken.
        :raises ChannelUnavailable: when it may be taken later.
        """
        headers = {"Idempotency-Key": self.key, "X-Slipway-Event": self.event.value}
        post_signed(self.connection, self.body, headers)


def webhook_body(note: NewsNote, message: Message) -> bytes:
    """Say news to a program.

    :param note: the news.
    :param message: the same for people.
    """
    told = {
        "id": note.name,
        "event": message.event.value,
        "also": [one.value for one in note.events if one is not message.event],
        "at": note.at,
        "project": note.project,
        "branch": note.branch,
        "environment": note.environment,
        "version": note.version,
        "sha": note.sha,
        "before": note.before,
        "broken_since": note.since or None,
        "by": note.by,
        "by_hand": note.by_hand,
        "why": note.why[:_LONGEST],
        "title": message.title,
        "lines": list(message.lines),
        "commits": [
            {
                "sha": one.sha,
                "title": one.title[:_LONGEST],
                "author": one.author[:_LONGEST],
                "email": one.email[:_LONGEST],
            }
            for one in note.commits
        ],
        "more_commits": note.more,
        "links": [{"text": words, "url": url} for words, url in message.links],
    }
    return json.dumps(told, sort_keys=True).encode()
