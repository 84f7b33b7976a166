"""Each kind of channel, with a server that plays it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pytest

from slipway.exceptions import ChannelRefused, ChannelUnavailable
from slipway.model.news.channel import ChannelKind
from slipway.model.news.event import NewsEvent
from slipway.model.news.note import NewsCommit
from slipway.notifiers.channels import recipients, tell_channel
from tests.fakes.mail_server import MailServer, mail_server
from tests.forges.stand_in import Reply, StandIn, stand_in
from tests.slipway.notifiers.notes import ANN, SHA, channel, note

EMAIL, SLACK, WEBHOOK = ChannelKind.EMAIL, ChannelKind.SLACK, ChannelKind.WEBHOOK
SECRET = "s3cr3t-" * 4


@pytest.fixture
def host() -> Iterator[StandIn]:
    with stand_in() as one:
        one.script = [Reply(body={"ok": True})] * 9
        yield one


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    with mail_server() as one:
        extra = {"disable_ssl": True, "disable_tls": True, "from_email": "slipway@example.com"}
        connect(monkeypatch, "smtp", host="127.0.0.1", port=one.port, extra=extra)
        yield one


def connect(monkeypatch: pytest.MonkeyPatch, kind: str, **fields: Any) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_TEAM", json.dumps({"conn_type": kind, **fields}))


def slack_hook(monkeypatch: pytest.MonkeyPatch, host: StandIn) -> None:
    connect(monkeypatch, "slackwebhook", password=f"{host.url}/services/T/B/{SECRET}")


def test_slack_is_told_by_its_incoming_webhook(
    host: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    slack_hook(monkeypatch, host)
    one = channel(people=(("ANN@example.com", "U0123ABCD"),))
    tell_channel(note(), one)
    body = host.requests[0].body
    assert body["text"] == "shop: main is broken"
    assert '{"type": "user", "user_id": "U0123ABCD"}' in json.dumps(body["blocks"])
    assert "may have arrived before" not in json.dumps(body)
    tell_channel(note(), one, again=True)
    assert "may have arrived before" in json.dumps(host.requests[1].body)


def test_slack_is_told_by_its_api(host: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    connect(monkeypatch, "slack", password="xoxb-1", extra={"base_url": f"{host.url}/api/"})
    tell_channel(note(), channel(room="#shop"))
    assert host.requests[0].path == "/api/chat.postMessage"
    assert host.requests[0].headers["authorization"] == "Bearer xoxb-1"
    assert host.requests[0].body["channel"] == "#shop"


@pytest.mark.parametrize(
    ("reply", "later", "maybe"),
    [
        (Reply(status=429, headers={"Retry-After": "31"}), True, False),
        (Reply(status=503), True, True),
        (Reply(status=403, body=b"invalid_token"), False, False),
        (Reply(status=404, body=b"no_service"), False, False),
        (Reply(status=302, headers={"Location": "http://127.0.0.1:9/"}), False, False),
    ],
)
def test_a_webhook_of_slack_that_does_not_take_it(
    host: StandIn, monkeypatch: pytest.MonkeyPatch, reply: Reply, later: bool, maybe: bool
) -> None:
    slack_hook(monkeypatch, host)
    host.script = [reply]
    with pytest.raises(ChannelUnavailable if later else Exception) as failed:
        tell_channel(note(), channel())
    assert len(host.requests) == 1
    assert SECRET not in str(failed.value)
    if isinstance(failed.value, ChannelUnavailable) and reply.status != 302:
        assert failed.value.maybe_sent is maybe
        assert failed.value.retry_after == (31.0 if reply.status == 429 else 0.0)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(status=429, headers={"Retry-After": "7"}, body={"ok": False}), ChannelUnavailable),
        (Reply(body={"ok": False, "error": "ratelimited"}), ChannelUnavailable),
        (Reply(body={"ok": False, "error": "channel_not_found"}), ChannelRefused),
        (Reply(body={"ok": False, "error": "invalid_auth"}), ChannelRefused),
        (Reply(status=500, body={"ok": False}), ChannelUnavailable),
    ],
)
def test_an_api_of_slack_that_does_not_take_it(
    host: StandIn, monkeypatch: pytest.MonkeyPatch, reply: Reply, kind: type[Exception]
) -> None:
    connect(monkeypatch, "slack", password="xoxb-1", extra={"base_url": f"{host.url}/api/"})
    host.script = [reply]
    with pytest.raises(kind):
        tell_channel(note(), channel(room="#shop"))
    assert len(host.requests) == 1


@pytest.mark.parametrize("kind", ["slackwebhook", "webhook", "smtp"])
def test_a_server_that_is_not_there_has_surely_not_been_told(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = {"disable_ssl": True, "disable_tls": True, "from_email": "s@example.com"}
    every: dict[str, dict[str, Any]] = {
        "slackwebhook": {"password": "http://127.0.0.1:9/x"},
        "webhook": {"host": "http://127.0.0.1:9/x", "password": SECRET},
        "smtp": {"host": "127.0.0.1", "port": 9, "extra": extra},
    }
    connect(monkeypatch, kind, **every[kind])
    kinds = {"slackwebhook": SLACK, "webhook": WEBHOOK, "smtp": EMAIL}
    one = channel(kinds[kind], to=("team@example.com",))
    with pytest.raises(ChannelUnavailable) as failed:
        tell_channel(note(), one)
    assert not failed.value.maybe_sent


def test_a_connection_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in ChannelKind:
        with pytest.raises(ChannelRefused, match=r"connection|Connection"):
            tell_channel(note(), channel(kind, connection="nowhere", to=("a@example.com",)))


def test_mail_has_both_forms_and_an_id_of_its_own(mail: MailServer) -> None:
    one = channel(EMAIL, to=("team@example.com",), authors=("example.com",))
    tell_channel(note(why="it's <b>"), one)
    tell_channel(note(why="it's <b>"), one, again=True)
    first, second = mail.mails
    assert first.recipients == ("team@example.com", "ann@example.com")
    assert first.sender == "slipway@example.com"
    assert first.message["Subject"] == "shop: main is broken"
    assert first.message["Message-ID"] == second.message["Message-ID"]
    assert first.message["Message-ID"] == "<shop.broke.1.team@slipway.invalid>"
    assert first.message["Auto-Submitted"] == "auto-generated"
    plain, html = first.message.get_body(("plain",)), first.message.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert "it's <b>" in plain.get_content()
    assert "it&#x27;s &lt;b&gt;" in html.get_content()


def test_nobody_adds_a_header_or_a_recipient(mail: MailServer) -> None:
    evil = "x\r\nBcc: all@example.com\r\nSubject: y"
    commit = NewsCommit(sha=SHA, title=evil, author=evil, email="ann@example.com\r\nBcc: b@c")
    one = channel(EMAIL, to=("team@example.com",), authors=("example.com", "c"))
    tell_channel(note(branch=evil, why=evil, commits=(commit,)), one)
    assert mail.mails[0].recipients == ("team@example.com",)
    assert "Bcc" not in mail.mails[0].message
    assert mail.mails[0].message.get_all("Subject") == [mail.mails[0].message["Subject"]]


@pytest.mark.parametrize(
    ("address", "gets"),
    [
        ("ann@example.com", True),
        ("Ann@EXAMPLE.com", True),
        ("bob@gmail.com", True),
        ("eve@gmail.com", False),
        ("ann@example.com.evil.org", False),
        ("ann@sub.example.com", False),
        ("a@b@example.com", False),
        ("<ann@example.com>", False),
        ("ann@example.com,eve@evil.org", False),
        ("eve@evil.org ann@example.com", False),
        ("ännï@example.com", False),
        ("example.com", False),
        ("", False),
    ],
)
def test_mail_goes_to_authors_that_the_project_file_names(address: str, gets: bool) -> None:
    commit = NewsCommit(sha=SHA, title="t", author="a", email=address)
    one = channel(EMAIL, authors=("example.com", "bob@gmail.com"))
    assert recipients(note(commits=(commit,)), one) == ((address,) if gets else ())


def test_a_question_is_not_mailed_to_authors(mail: MailServer) -> None:
    one = channel(EMAIL, to=("lead@example.com",), authors=("example.com",))
    tell_channel(note(NewsEvent.APPROVAL_WANTED, environment="prod"), one)
    assert mail.mails[0].recipients == ("lead@example.com",)


@pytest.mark.parametrize(
    ("refusals", "later"),
    [
        ({"RCPT": ["450 later"]}, True),
        ({"RCPT": ["550 unknown"]}, False),
        ({"MAIL": ["451 busy"]}, True),
        ({"DATA": ["554 spam"]}, False),
        ({"EHLO": ["421 full"], "HELO": ["421 full"]}, True),
    ],
)
def test_a_mail_server_that_does_not_take_it(
    mail: MailServer, refusals: dict[str, list[str]], later: bool
) -> None:
    mail.refusals = refusals
    with pytest.raises(ChannelUnavailable if later else ChannelRefused):
        tell_channel(note(), channel(EMAIL, to=("team@example.com",)))
    assert mail.mails == []


def test_whether_mail_arrived_is_not_known_when_the_server_hangs_up(mail: MailServer) -> None:
    mail.hangs_up = 1
    with pytest.raises(ChannelUnavailable) as failed:
        tell_channel(note(), channel(EMAIL, to=("team@example.com",)))
    assert failed.value.maybe_sent
    assert len(mail.mails) == 1


def test_a_program_is_given_json_that_it_can_check(
    host: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, "http", host=f"{host.url}/news", password=SECRET)
    tell_channel(note(commits=(ANN,)), channel(WEBHOOK))
    asked = host.requests[0]
    raw = json.dumps(asked.body, sort_keys=True).encode()
    digest = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
    assert asked.headers["x-slipway-signature"] == f"sha256={digest}"
    assert asked.headers["idempotency-key"] == "shop.broke.1" == asked.body["id"]
    assert (asked.body["event"], asked.body["sha"]) == ("broke", SHA)
    assert asked.body["commits"][0]["email"] == "ann@example.com"


@pytest.mark.parametrize(
    "fields",
    [
        {"host": "http://example.com/x", "password": SECRET},
        {"host": "https://user:pw@example.com/x", "password": SECRET},
        {"host": "ftp://example.com", "password": SECRET},
        {"host": "https://example.com", "password": "short"},
        {"host": "https://example.com"},
    ],
)
def test_a_secret_is_not_sent_where_others_could_read_it(
    fields: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    connect(monkeypatch, "http", **fields)
    with pytest.raises(ChannelRefused):
        tell_channel(note(), channel(WEBHOOK))


def test_a_program_that_is_slow_is_given_up_in_time(
    host: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slipway.hooks.signed_post._DEADLINE", 0.3)
    connect(monkeypatch, "http", host=host.url, password=SECRET)
    host.script = [Reply(wait=2.0)]
    with pytest.raises(ChannelUnavailable) as failed:
        tell_channel(note(), channel(WEBHOOK))
    assert failed.value.maybe_sent


def test_templates_in_what_strangers_wrote_stay_as_they_are(
    host: StandIn, mail: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell_channel(note(why="{{ 7*7 }} {{ conn.team.password }}"), channel(EMAIL, to=("t@x.org",)))
    slack_hook(monkeypatch, host)
    tell_channel(note(why="{{ 7*7 }}"), channel())
    assert b"{{ 7*7 }}" in mail.mails[0].raw
    assert "{{ 7*7 }}" in json.dumps(host.requests[0].body)
