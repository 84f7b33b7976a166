"""From news and a channel to the notifier that tells it."""

from __future__ import annotations

from http.client import HTTPException
from socket import gaierror
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowException

from slipway.exceptions import ChannelRefused, ChannelUnavailable, SlipwayError
from slipway.model.news.channel import ChannelKind, NewsChannel
from slipway.model.news.note import NewsNote
from slipway.model.text.inert import visible
from slipway.notifiers.message import authors, message_of
from slipway.notifiers.webhook import WebhookNews, webhook_body

if TYPE_CHECKING:
    from airflow.sdk import BaseNotifier

# Authors that are told of one message.
_MOST_PEOPLE = 20


def tell_channel(note: NewsNote, channel: NewsChannel, *, again: bool = False) -> None:
    """Tell a channel, once.

    :param note: the news.
    :param channel: one of its channels.
    :param again: whether the message may have arrived before.
    :raises ChannelRefused: when it does not take the message.
    :raises ChannelUnavailable: when it may take it later.
    """
    try:
        notifier = _notifier(note, channel, again=again)
        if notifier is not None:
            # Not by calling it: that looks for templates, in what strangers wrote.
            notifier.notify({})
    except SlipwayError:
        raise
    except AirflowException as error:
        msg = f"the connection {channel.connection!r} cannot be used: {visible(str(error))}"
        raise ChannelRefused(msg, advice="add it, or correct it, in Airflow") from error
    except (OSError, HTTPException) as error:
        # Of a client's own words some hold the address, which is Slack's secret.
        msg = f"{channel.kind.value} does not answer: {type(error).__name__}"
        raise ChannelUnavailable(msg, maybe_sent=_was_there(error)) from error


def _was_there(error: BaseException) -> bool:
    """Tell whether anybody answered a connection at all."""
    inner = getattr(error, "reason", error)
    return not isinstance(inner, ConnectionRefusedError | gaierror)


def _notifier(note: NewsNote, channel: NewsChannel, *, again: bool) -> BaseNotifier | None:
    event = channel.first_wanted(note.events)
    if event is None:
        return None
    message = message_of(note, event)
    match channel.kind:
        case ChannelKind.SLACK:
            from slipway.notifiers.slack import slack_notifier

            people = authors(note, lambda one: channel.mention(one.email))
            return slack_notifier(
                message,
                connection=channel.connection,
                room=channel.room,
                mentions=people[:_MOST_PEOPLE] if event.is_of_commits else (),
                again=again,
            )
        case ChannelKind.EMAIL:
            from slipway.notifiers.mail import mail_notifier

            to = recipients(note, channel) if event.is_of_commits else channel.to
            if not to:
                return None
            return mail_notifier(
                message,
                connection=channel.connection,
                to=to,
                message_id=f"{note.name}.{channel.name}@{_here()}",
            )
        case _:
            return WebhookNews(
                connection=channel.connection,
                key=note.name,
                body=webhook_body(note, message),
                event=event,
            )


def recipients(note: NewsNote, channel: NewsChannel) -> tuple[str, ...]:
    """List who gets mail: the channel's addresses, and the authors that it names.

    :param note: the news.
    :param channel: of e-mail.
    """
    people = authors(note, lambda one: one.email if _may_mail(channel, one.email) else "")
    return tuple(dict.fromkeys([*channel.to, *people[:_MOST_PEOPLE]]))


def _may_mail(channel: NewsChannel, address: str) -> bool:
    plain = address.isascii() and address.isprintable() and not set(' ,;:<>()[]"\\') & set(address)
    return plain and address.count("@") == 1 and channel.may_mail(address)


def _here() -> str:
    """Return a name for this installation, the same each time."""
    return urlsplit(conf.get("api", "base_url", fallback="") or "").hostname or "slipway.invalid"
