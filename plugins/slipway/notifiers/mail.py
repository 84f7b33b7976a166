"""News as e-mail, through Airflow's notifier for SMTP: plain text, and the same as HTML.

A message has an id that is made of the news' name. Should it be sent twice, since a sender was
killed before it could note the first, it is the same message to whoever receives it.
"""

from __future__ import annotations

import smtplib
from collections.abc import Sequence
from email import policy
from email.message import EmailMessage
from email.utils import formatdate
from functools import cached_property
from html import escape
from typing import Any

from airflow.providers.smtp.hooks.smtp import SmtpHook
from airflow.providers.smtp.notifications.smtp import SmtpNotifier

from slipway.exceptions import ChannelRefused, ChannelUnavailable
from slipway.model.text.inert import visible
from slipway.notifiers.message import Message

_STYLE = "font-family: sans-serif; line-height: 1.5"


class NewsSmtpHook(SmtpHook):
    """Airflow's hook, with a message of two forms, and without retries: others come later."""

    text = ""

    @property
    def smtp_retry_limit(self) -> int:
        """How often it tries again at once."""
        return 0

    # The hook asks nothing of what it gets but that it can be written out.
    def _build_mime_message(  # type: ignore[override]
        self,
        mail_from: str | None,
        to: Sequence[str],
        subject: str,
        html_content: str,
        *,
        custom_headers: dict[str, str] | None = None,
        **_: Any,
    ) -> tuple[EmailMessage, list[str]]:
        made = EmailMessage(policy=policy.SMTP.clone(max_line_length=78))
        made["Subject"] = subject
        made["From"] = mail_from or ""
        made["To"] = ", ".join(to)
        made["Date"] = formatdate(localtime=True)
        for name, value in (custom_headers or {}).items():
            made[name] = value
        made.set_content(self.text, cte="quoted-printable")
        made.add_alternative(html_content, subtype="html", cte="quoted-printable")
        return made, list(to)


class MailNews(SmtpNotifier):
    """Sends one message, and tells why it could not.

    :param message: what people read.
    """

    def __init__(self, *, message: Message, **kwargs: Any) -> None:
        super().__init__(subject=message.title, html_content=mail_html(message), **kwargs)
        self.message = message

    @cached_property
    def hook(self) -> NewsSmtpHook:
        """Airflow's hook, which was told the plain text."""
        hook = NewsSmtpHook(smtp_conn_id=self.smtp_conn_id)
        hook.text = self.message.plain()
        return hook

    def notify(self, context: Any) -> None:
        """Send it.

        :raises ChannelRefused: when the server does not take it.
        :raises ChannelUnavailable: when it may take it later.
        """
        handed_over = False
        try:
            with self.hook as server:
                sender = self.from_email or server.from_email or server.smtp_user or ""
                if "@" not in sender:
                    msg = f"the connection {self.smtp_conn_id!r} does not say who sends"
                    advice = 'add {"from_email": "slipway@example.com"} to its extra'
                    raise ChannelRefused(msg, advice=advice)
                handed_over = True
                server.send_email_smtp(
                    to=list(self.to),
                    from_email=sender,
                    subject=self.subject,
                    html_content=self.html_content,
                    custom_headers=self.custom_headers,
                )
        except smtplib.SMTPException as error:
            raise _told(error, handed_over=handed_over) from error
        except OSError as error:
            msg = f"the mail server does not answer: {type(error).__name__}"
            raise ChannelUnavailable(msg, maybe_sent=handed_over) from error


def mail_notifier(
    message: Message, *, connection: str, to: Sequence[str], message_id: str
) -> MailNews:
    """Make the notifier of one message.

    :param message: what people read.
    :param connection: id of the Airflow connection.
    :param to: addresses.
    :param message_id: without the angles around it.
    """
    headers = {
        "Message-ID": f"<{message_id}>",
        "Auto-Submitted": "auto-generated",
        "X-Slipway-Event": message.event.value,
    }
    return MailNews(message=message, to=list(to), smtp_conn_id=connection, custom_headers=headers)


def mail_html(message: Message) -> str:
    """Dress a message as HTML.

    :param message: what people read.
    """
    parts = [f"<h3>{escape(message.title)}</h3>"]
    if message.lines:
        parts.append(f"<p>{'<br>'.join(escape(line) for line in message.lines)}</p>")
    if message.commits:
        items = "".join(f"<li>{_link(one.text, one.url)}</li>" for one in message.commits)
        parts.append(f"<ul>{items}</ul>")
    if message.links:
        parts.append(f"<p>{' &middot; '.join(_link(*one) for one in message.links)}</p>")
    inside = "\n".join(parts)
    return f'<!doctype html>\n<html><body style="{_STYLE}">\n{inside}\n</body></html>\n'


def _link(text: str, url: str) -> str:
    return f'<a href="{escape(url)}">{escape(text)}</a>' if url else escape(text)


def _told(error: smtplib.SMTPException, *, handed_over: bool) -> Exception:
    """Say what a server's refusal means: from 500 on it is for good."""
    codes = _codes(error)
    if codes and min(codes) >= 500:
        said = visible(str(error))
        msg = f"the mail server refuses the message, or the login: {said}"
        return ChannelRefused(msg, advice="look at the addresses, and at the connection's login")
    if codes:
        return ChannelUnavailable(f"the mail server answers {min(codes)}")
    msg = f"the mail server broke off: {type(error).__name__}"
    return ChannelUnavailable(msg, maybe_sent=handed_over)


def _codes(error: smtplib.SMTPException) -> list[int]:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return [code for code, _ in error.recipients.values()]
    if isinstance(error, smtplib.SMTPResponseException):
        return [error.smtp_code]
    # The server does not know the command, or the way to log in.
    return [500] if isinstance(error, smtplib.SMTPNotSupportedError) else []
