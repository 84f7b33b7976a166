"""What becomes of news on their way, with servers that play the channels."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slipway.exceptions import ChannelRefused, ChannelUnavailable
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.notes.news import ATTEMPT, NewsNotes
from slipway.model.news.channel import ChannelKind, NewsChannel
from slipway.model.news.event import NewsEvent
from slipway.model.news.note import NewsNote
from slipway.tasks.news.sender import NewsSender
from tests.fakes.mail_server import mail_server
from tests.forges.stand_in import Reply, StandIn, stand_in
from tests.slipway.notifiers.notes import NOW, channel, note

SECRET = "s3cr3t-" * 4


class Clock:
    """A time that goes on when it is told to."""

    now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def host(artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    with stand_in() as one:
        one.script = [Reply(body=b"ok")] * 50
        fields = {"conn_type": "slackwebhook", "password": f"{one.url}/T/B/{SECRET}"}
        monkeypatch.setenv("AIRFLOW_CONN_TEAM", json.dumps(fields))
        other = {"conn_type": "http", "host": f"{one.url}/other", "password": SECRET}
        monkeypatch.setenv("AIRFLOW_CONN_OTHER", json.dumps(other))
        yield one


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def sender(clock: Clock, said: list[str]) -> NewsSender:
    return new_sender(clock, said)


def new_sender(clock: Clock, said: list[str], **more: Any) -> NewsSender:
    """Begin anew, as after a restart: what was in memory is gone."""
    return NewsSender(notes=notes, say=said.append, clock=clock, **more)


def notes() -> NewsNotes:
    return NewsNotes(artifact_store())


def other() -> NewsChannel:
    return channel(ChannelKind.WEBHOOK, name="other", connection="other")


def waiting() -> list[NewsNote]:
    return list(notes().waiting(pytest.fail))


def test_news_are_told_once_whoever_leaves_them_however_often(
    host: StandIn, sender: NewsSender, clock: Clock
) -> None:
    for _ in range(3):
        notes().add(note())
        sender.round()
        clock.now += 4000
    assert len(host.requests) == 1
    assert (waiting(), sender.round()) == ([], 0)
    [last] = notes().last("shop")
    assert (last["event"], last["channel"], last["words"]) == ("broke", "team", "sent")


def test_a_sender_that_is_killed_before_it_sends_has_told_nobody(
    host: StandIn, clock: Clock, said: list[str]
) -> None:
    def killed(*_: Any, **__: Any) -> None:
        raise SystemExit

    notes().add(note())
    with pytest.raises(SystemExit):
        new_sender(clock, said, tell=killed).round()
    new_sender(clock, said).round()
    assert host.requests == []  # it may be another's turn
    clock.now += ATTEMPT
    new_sender(clock, said).round()
    assert len(host.requests) == 1
    assert waiting() == []


def test_a_sender_that_is_killed_between_message_and_note_says_so_the_second_time(
    host: StandIn, clock: Clock, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: Any) -> None:
        raise SystemExit

    notes().add(note(channels=(channel(), other())))
    with monkeypatch.context() as patch:
        patch.setattr(NewsNotes, "end", killed)
        with pytest.raises(SystemExit):
            new_sender(clock, said).round()
    clock.now += ATTEMPT
    new_sender(clock, said).round()
    bodies = [one.body for one in host.requests if "/T/B/" in one.path]
    assert ["before" in json.dumps(body["blocks"]) for body in bodies] == [False, True]
    keys = [one.headers["idempotency-key"] for one in host.requests if one.path == "/other"]
    assert set(keys) == {"shop.broke.1"}
    assert waiting() == []


@pytest.mark.parametrize("step", ["finish", "put_json", "delete_all", "delete"])
def test_a_sender_that_is_killed_while_it_tidies_up_tells_nobody_twice(
    host: StandIn, clock: Clock, said: list[str], monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    from slipway.hooks.store.artifacts import ArtifactStore

    whole = getattr(ArtifactStore, step, None)
    done = {"finish": "", "put_json": "news/done", "delete_all": "news/sending", "delete": "/wai"}

    def killed(self: Any, key: Any, *more: Any) -> Any:
        if whole is None or done[step] in str(key):
            raise SystemExit
        return whole(self, key, *more)

    notes().add(note())
    with monkeypatch.context() as patch:
        patch.setattr(NewsNotes if step == "finish" else ArtifactStore, step, killed)
        with pytest.raises(SystemExit):
            new_sender(clock, said).round()
    clock.now += ATTEMPT
    new_sender(clock, said).round()
    notes().add(note())
    new_sender(clock, said).round()
    assert len(host.requests) == 1
    assert waiting() == []


def test_two_senders_at_once_tell_everything_once(
    host: StandIn, clock: Clock, said: list[str]
) -> None:
    for number in range(5):
        notes().add(note(name=f"shop.broke.{number}", at=NOW + number))
    together = threading.Barrier(2)

    def send() -> None:
        sender = new_sender(clock, said)
        together.wait()
        for _ in range(30):
            sender.round()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(host.requests) == 5
    assert waiting() == []


def test_a_channel_that_asks_for_patience_gets_it_and_the_others_do_not_wait(
    host: StandIn, sender: NewsSender, clock: Clock, said: list[str], monkeypatch: Any
) -> None:
    with stand_in() as busy:
        busy.script = [Reply(status=429, headers={"Retry-After": "60"}), Reply(body=b"ok")]
        fields = {"conn_type": "slackwebhook", "password": f"{busy.url}/T/B/{SECRET}"}
        monkeypatch.setenv("AIRFLOW_CONN_TEAM", json.dumps(fields))
        notes().add(note(channels=(channel(), other())))
        sender.round()
        assert (len(busy.requests), len(host.requests)) == (1, 1)
        clock.now += 59
        sender.round()
        assert len(busy.requests) == 1
        clock.now += 2
        sender.round()
        sender.round()
        assert (len(busy.requests), len(host.requests)) == (2, 1)
        assert "before" not in json.dumps(busy.requests[1].body["blocks"])
    assert said == ["team: Slack answers 429; it is left alone for 60 s, and tried again"]
    assert waiting() == []


def test_a_channel_that_fails_for_a_day_is_given_up_and_said(
    sender: NewsSender, clock: Clock, said: list[str], host: StandIn
) -> None:
    host.script = [Reply(status=503)] * 2000
    notes().add(note())
    for _ in range(400):
        sender.round()
        clock.now += 300
    assert waiting() == []
    assert 100 < len(host.requests) < 400
    assert notes().trouble() == {"shop.team": "it could not be sent for a day"}
    assert len(said) == 2
    host.script = [Reply(body=b"ok")] * 9
    notes().add(note(name="shop.fixed.2", at=clock.now))
    sender.round()
    assert notes().trouble() == {}


def test_what_is_refused_is_said_once_and_the_next_is_tried(
    sender: NewsSender, said: list[str], host: StandIn
) -> None:
    host.script = [Reply(status=404, body=b"no_service")] * 2 + [Reply(body=b"ok")]
    for number in range(3):
        notes().add(note(name=f"shop.broke.{number}", at=NOW + number))
    sender.round()
    assert len(host.requests) == 3
    assert len(said) == 1
    assert "Slack answers 404: no_service" in said[0]
    assert SECRET not in json.dumps([said, notes().last("shop")])
    assert [one["words"] == "sent" for one in notes().last("shop")] == [True, False, False]
    assert waiting() == []


def test_a_message_that_cannot_be_made_is_nobody_elses_affair(
    clock: Clock, said: list[str], artifacts: Path
) -> None:
    told: list[str] = []

    def tell(one: NewsNote, _: NewsChannel, *, again: bool) -> None:
        if one.name.endswith("0"):
            msg = f"https://hooks.slack.com/{SECRET}"
            raise ValueError(msg)
        told.append(one.name)

    for number in range(2):
        notes().add(note(name=f"shop.broke.{number}", at=NOW + number))
    new_sender(clock, said, tell=tell).round()
    assert told == ["shop.broke.1"]
    assert said == ["shop.team: the message could not be made or sent: ValueError"]


def test_a_note_that_nobody_signed_tells_nothing(sender: NewsSender, host: StandIn) -> None:
    artifact_store().put_json("news/waiting/shop.broke.9.json", note().to_json())
    sender.round()
    assert host.requests == []


def test_news_come_in_their_order(sender: NewsSender, host: StandIn) -> None:
    notes().add(note(NewsEvent.FIXED, name="shop.fixed.0", at=NOW + 1))
    notes().add(note(name="shop.broke.9", at=NOW))
    sender.round()
    assert [one.body["text"] for one in host.requests] == [
        "shop: main is broken",
        "shop: main is fixed",
    ]


def test_mail_that_may_have_arrived_is_sent_again_as_the_same_message(
    clock: Clock, said: list[str], artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_server() as server:
        extra = {"disable_ssl": True, "disable_tls": True, "from_email": "s@example.com"}
        fields = {"conn_type": "smtp", "host": "127.0.0.1", "port": server.port, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_TEAM", json.dumps(fields))
        server.hangs_up = 1
        mail = channel(ChannelKind.EMAIL, to=("team@example.com",))
        notes().add(note(channels=(mail,)))
        sender = new_sender(clock, said)
        for _ in range(40):
            sender.round()
            clock.now += 10
        assert len({one.message["Message-ID"] for one in server.mails}) == 1
        assert len(server.mails) == 2
    assert waiting() == []


def test_a_refusal_and_an_outage_are_different_things() -> None:
    assert not issubclass(ChannelRefused, ChannelUnavailable)
