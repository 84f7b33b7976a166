"""How news read, and what strangers can do to whoever reads them: nothing."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import pytest

from slipway.model.news.event import NewsEvent
from slipway.model.news.note import NewsCommit
from slipway.notifiers.mail import mail_html
from slipway.notifiers.message import message_of, span
from slipway.notifiers.slack import slack_blocks
from slipway.notifiers.webhook import webhook_body
from tests.slipway.notifiers.notes import ANN, NOW, SHA, note

HOSTILE = [
    "<!channel> come",
    "<!here|x>",
    "<https://evil.example|log in>",
    "<@U0123ABCD>",
    "*bold* _it_ ~no~ `code`",
    "a\r\nBcc: all@example.com\r\n\r\nHello",
    "<script>alert(1)</script><img src=x onerror=y>",
    '"><a href="https://evil.example">x</a>',
    "{{ 7*7 }} {% raw %}",
    "\u202egnp.exe\u202c",
    "zero\u200bwidth\u2066",
    "\x00\x1b[31mred\x07",
    "x" * 100_000,
    "\ud800",
]


def texts(value: Any) -> list[dict[str, Any]]:
    """List the parts of Slack's blocks that are no containers."""
    if isinstance(value, list):
        return [part for one in value for part in texts(one)]
    return texts(value["elements"]) if "elements" in value else [value]


class Tags(HTMLParser):
    """Lists what a browser would see as markup."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen += [tag, *(f"{name}={value}" for name, value in attrs if name != "style")]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("event", [one for one in NewsEvent if one is not NewsEvent.TEST])
def test_a_strangers_words_are_nothing_but_words(event: NewsEvent, text: str) -> None:
    commit = NewsCommit(sha=SHA, title=text, author=text, email=text)
    told = note(
        event,
        branch=text,
        environment="prod",
        why=text,
        by=text,
        lines=(text,) * 100,
        commits=(commit,) * 30,
        before="1.3.0",
        since=NOW - 60,
    )
    message = message_of(told, event)
    plain = message.plain()
    assert len(plain) < 40_000
    lines = [message.title, *message.lines, *(one.text for one in message.commits)]
    assert all(line.isprintable() for line in lines)
    assert not any(character in plain for character in "\u202e\u202c\u200b\u2066\x00\x1b\r\x07")
    blocks = slack_blocks(message)
    assert {part["type"] for part in texts(blocks)} <= {"text", "link"}
    links = [part["url"] for part in texts(blocks) if part["type"] == "link"]
    assert all(url.startswith("https://github.com/acme/shop/commit/") for url in links)
    assert len(json.dumps(blocks)) < 60_000
    tags = Tags()
    tags.feed(mail_html(message))
    known = {"html", "body", "h3", "p", "br", "ul", "li", "a"}
    assert {one for one in tags.seen if not one.startswith("href=https://github.com/")} <= known
    assert json.loads(webhook_body(told, message))["event"] == event.value


def test_a_branch_called_like_a_mention_is_no_link_in_a_notification() -> None:
    from slipway.notifiers.slack import slack_notifier

    message = message_of(note(branch="<!channel>&"), NewsEvent.BROKE)
    made = slack_notifier(message, connection="c", room="", mentions=(), again=False)
    assert made.text == "shop: &lt;!channel&gt;&amp; is broken"


@pytest.mark.parametrize(
    ("event", "fields", "title", "line"),
    [
        (
            NewsEvent.BROKE,
            {"why": "2 of 9 tests failed: t", "good": "1.4.0+41.g0000000"},
            "main is broken",
            "the last good one was 1.4.0+41.g0000000",
        ),
        (
            NewsEvent.STILL_BROKEN,
            {"since": NOW - 2 * 86400 - 3600, "first_sha": "f" * 40},
            "main is still broken",
            "for 2 d 1 h, since fffffff",
        ),
        (
            NewsEvent.FIXED,
            {"since": NOW - 3900},
            "main is fixed",
            "fixed by Ann; it was broken for 1 h 5 min",
        ),
        (
            NewsEvent.DEPLOYED,
            {"environment": "prod", "before": "1.3.0", "by": "Bob"},
            "prod serves 1.4.0+42.g3f2a1b7",
            "before, it served 1.3.0",
        ),
        (
            NewsEvent.FAILED,
            {
                "environment": "prod",
                "why": "fleet_healthy failed: 0 of 2",
                "lines": ("i-1: no db",),
            },
            "1.4.0+42.g3f2a1b7 failed on prod",
            "i-1: no db",
        ),
        (
            NewsEvent.ROLLED_BACK,
            {"environment": "prod", "before": "1.3.0", "why": "the alarm shop-5xx is on: 7 > 5"},
            "prod is back at 1.3.0",
            "1.4.0+42.g3f2a1b7 was rolled back: the alarm shop-5xx is on: 7 > 5",
        ),
        (
            NewsEvent.ROLLED_BACK,
            {"environment": "prod", "before": "1.3.0", "by_hand": True, "by": "Bob"},
            "prod is back at 1.3.0",
            "started by Bob",
        ),
        (
            NewsEvent.APPROVAL_WANTED,
            {"environment": "prod", "lines": ("migrate: 2 files",)},
            "1.4.0+42.g3f2a1b7 waits for approval, for prod",
            "migrate: 2 files",
        ),
    ],
)
def test_what_happened_is_said(
    event: NewsEvent, fields: dict[str, Any], title: str, line: str
) -> None:
    message = message_of(note(event, **fields), event)
    assert message.title == f"shop: {title}"
    assert line in message.lines


def test_a_message_leads_to_airflow_and_to_the_commit() -> None:
    message = message_of(note(url="https://a/dags/shop"), NewsEvent.BROKE)
    page = f"https://github.com/acme/shop/commit/{SHA}"
    assert message.links == (("In Airflow", "https://a/dags/shop"), ("The commit", page))
    assert message.commits[0].text == "3f2a1b7 Sell more (Ann)"
    asked = message_of(note(url="https://a/form"), NewsEvent.APPROVAL_WANTED)
    assert asked.links[0] == ("Approve or reject", "https://a/form")


def test_of_many_commits_the_rest_is_counted() -> None:
    message = message_of(note(commits=(ANN,) * 15, more=4), NewsEvent.BROKE)
    assert [one.text for one in message.commits][-1] == "and 9 more"


def test_lengths_of_time_are_two_words() -> None:
    assert [span(one) for one in (0, 61, 3600, 90061)] == ["0 s", "1 min 1 s", "1 h", "1 d 1 h"]
