"""News for Slack, through Airflow's notifiers for incoming webhooks and for the API.

What strangers wrote is only ever a part of the kind ``text``, in which Slack looks for no markup:
neither ``<!channel>`` nor a link is one there.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from airflow.providers.slack.hooks.slack import SlackHook
from airflow.providers.slack.notifications.slack import SlackNotifier
from airflow.providers.slack.notifications.slack_webhook import SlackWebhookNotifier
from slack_sdk.errors import SlackApiError

from slipway.exceptions import ChannelRefused, ChannelUnavailable
from slipway.hooks.forge.answers import patience
from slipway.model.text.inert import visible
from slipway.notifiers.message import Message

# Seconds for one answer.
_PATIENCE = 10
_AGAIN = "This may have arrived before: its sender was interrupted."
# What Slack's API says when it may take the same message later.
_LATER = frozenset({"ratelimited", "rate_limited", "internal_error", "fatal_error"})
_ADVICE = (
    "make a new incoming webhook in Slack, and put its URL into the connection's password, or a "
    "bot token of the scope chat:write, whose bot is a member of the channel"
)


class SlackWebhookNews(SlackWebhookNotifier):
    """Posts to an incoming webhook, and tells why it could not."""

    def notify(self, context: Any) -> None:
        """Post.

        :raises ChannelRefused: when Slack does not take it.
        :raises ChannelUnavailable: when it may take it later.
        """
        body = {
            "text": self.text,
            "blocks": self.blocks,
            "unfurl_links": False,
            "unfurl_media": False,
        }
        answer = self.hook.client.send_dict(body)
        _check(int(answer.status_code), dict(answer.headers or {}), str(answer.body))


class SlackApiNews(SlackNotifier):
    """Posts by Slack's API, and tells why it could not."""

    @cached_property
    def hook(self) -> SlackHook:
        """Slack's API; its address may stand in the connection's host, for a proxy's sake."""
        return SlackHook(
            slack_conn_id=self.slack_conn_id,
            timeout=self.timeout,
            retry_handlers=self.retry_handlers,
        )

    def notify(self, context: Any) -> None:
        """Post.

        :raises ChannelRefused: when Slack does not take it.
        :raises ChannelUnavailable: when it may take it later.
        """
        body = {
            "channel": self.channel,
            "text": self.text,
            "blocks": self.blocks,
            "unfurl_links": False,
            "unfurl_media": False,
        }
        try:
            self.hook.call("chat.postMessage", json=body)
        except SlackApiError as error:
            answer: Any = error.response
            said = str(answer.get("error") or "") if hasattr(answer, "get") else ""
            status = int(getattr(answer, "status_code", 0) or 0)
            if said in _LATER and status < 400:
                status = 429
            _check(max(status, 400), dict(getattr(answer, "headers", None) or {}), said)


def slack_notifier(
    message: Message, *, connection: str, room: str, mentions: Iterable[str], again: bool
) -> SlackWebhookNews | SlackApiNews:
    """Make the notifier of one message.

    :param message: what people read.
    :param connection: id of the Airflow connection.
    :param room: the channel, for the API; empty for an incoming webhook.
    :param mentions: ids of people.
    :param again: whether the message may have arrived before.
    """
    blocks = slack_blocks(message, mentions=mentions, again=again)
    how: dict[str, Any] = {
        "text": _escaped(message.title),
        "blocks": blocks,
        "timeout": _PATIENCE,
        # Of its own Slack's client tries again where nobody knows whether the first one arrived.
        "retry_handlers": [],
    }
    if room:
        return SlackApiNews(slack_conn_id=connection, channel=room, **how)
    return SlackWebhookNews(slack_webhook_conn_id=connection, **how)


def slack_blocks(
    message: Message, *, mentions: Iterable[str] = (), again: bool = False
) -> list[dict[str, Any]]:
    """Dress a message as Slack's blocks.

    :param message: what people read.
    :param mentions: ids of people.
    :param again: whether the message may have arrived before.
    """
    sections = [_section([_text(message.title, bold=True)])]
    sections += [_section([_text(line)]) for line in message.lines]
    if message.commits:
        items = [_section([_link(one.text, one.url)]) for one in message.commits]
        sections.append({"type": "rich_text_list", "style": "bullet", "elements": items})
    ends = [part for words, url in message.links for part in (_link(words, url), _text("   "))]
    if ends:
        sections.append(_section(ends[:-1]))
    people = [part for one in mentions for part in (_person(one), _text(" "))]
    if people:
        sections.append(_section(people[:-1]))
    if again:
        sections.append(_section([_text(_AGAIN)]))
    return [{"type": "rich_text", "elements": sections}]


def _section(parts: list[dict[str, Any]]) -> dict[str, Any]:
    # Slack sets sections one behind the other, without a line break of its own.
    return {"type": "rich_text_section", "elements": [*parts, _text("\n")]}


def _text(text: str, *, bold: bool = False) -> dict[str, Any]:
    return {"type": "text", "text": text, **({"style": {"bold": True}} if bold else {})}


def _link(text: str, url: str) -> dict[str, Any]:
    return {"type": "link", "url": url, "text": text} if url else _text(text)


def _person(slack_id: str) -> dict[str, Any]:
    return {"type": "user", "user_id": slack_id}


def _escaped(text: str) -> str:
    """Return text for a notification, in which Slack does look for markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _check(status: int, headers: dict[str, Any], said: str) -> None:
    if 200 <= status < 300:
        return
    msg = f"Slack answers {status}: {visible(said)}" if said else f"Slack answers {status}"
    if status == 429 or status >= 500:
        known = {str(name).lower(): _first(value) for name, value in headers.items()}
        raise ChannelUnavailable(msg, retry_after=patience(known), maybe_sent=status >= 500)
    raise ChannelRefused(msg, advice=_ADVICE)


def _first(value: Any) -> str:
    return str(value[0]) if isinstance(value, list) and value else str(value)
