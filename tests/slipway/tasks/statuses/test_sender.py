"""What becomes of statuses on their way, with a host that plays Bitbucket Cloud."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slipway.hooks.forge.base import Forge
from slipway.hooks.forge.connection import open_forge
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.notes.statuses import StatusNotes
from slipway.model.forge.place import ForgeKind, ForgePlace
from slipway.model.forge.status import (
    Annotation,
    CommitStatus,
    StatusNote,
    StatusState,
    TestSummary,
)
from slipway.tasks.statuses.reports import ended
from slipway.tasks.statuses.sender import StatusSender
from tests.forges.stand_in import Reply, StandIn, stand_in

SHA = "3f2a1b7c9d0e1f2a3b4c5d6e7f8091a2b3c4d5e6"
NOW = 1_800_000_000.0


class Clock:
    """A time that goes on when it is told to."""

    now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def host(artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    fields = {"conn_type": "generic", "password": "ATCTT3x"}
    monkeypatch.setenv("AIRFLOW_CONN_HOST", json.dumps(fields))
    with stand_in() as one:
        yield one


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def sender(clock: Clock, said: list[str]) -> StatusSender:
    return StatusSender(notes=notes, say=said.append, clock=clock)


def notes() -> StatusNotes:
    return StatusNotes(artifact_store())


def note(host: StandIn, state: StatusState, *, at: float = NOW, **fields: Any) -> StatusNote:
    known: dict[str, Any] = {"project": "shop", "sha": SHA, "stage": "test", "text": state.value}
    place = ForgePlace(
        kind=ForgeKind.BITBUCKET, server=host.url, path="acme/shop", connection="host"
    )
    return StatusNote(
        place=place,
        status=CommitStatus(**{**known, **fields}, state=state),
        at=int(at * 1e9),
        dag_id="shop",
        run_id="r",
        tasks=("test",),
        last="test",
    )


def leave(*some: StatusNote) -> None:
    for one in some:
        notes().add(one)


def waiting() -> list[StatusNote]:
    return [one for _, one in notes().waiting(print)]


def opened() -> list[StatusNote]:
    return [one for _, one in notes().open(print)]


def test_a_status_is_open_until_its_end_is_sent(host: StandIn, sender: StatusSender) -> None:
    begun = note(host, StatusState.IN_PROGRESS)
    leave(begun)
    assert sender.round() == 1
    assert (waiting(), opened()) == ([], [begun])
    leave(note(host, StatusState.SUCCESSFUL, at=NOW + 9))
    sender.round()
    assert (waiting(), opened()) == ([], [])
    assert [one["state"] for one in host.bodies()] == ["INPROGRESS", "SUCCESSFUL"]
    assert sender.round() == 0


def test_of_what_waits_the_newest_alone_is_sent(host: StandIn, sender: StatusSender) -> None:
    leave(
        note(host, StatusState.FAILED, at=NOW + 2),
        note(host, StatusState.IN_PROGRESS, at=NOW + 1),
        note(host, StatusState.IN_PROGRESS, at=NOW, stage="package"),
    )
    sender.round()
    told = {one["key"]: one["state"] for one in host.bodies()}
    assert told == {"slipway/test": "FAILED", "slipway/package": "INPROGRESS"}
    assert len(host.requests) == 2


def test_housekeepings_guess_does_not_replace_a_tasks_own_word(
    host: StandIn, sender: StatusSender
) -> None:
    begun = note(host, StatusState.IN_PROGRESS)
    guess = ended(begun, StatusState.SUCCESSFUL, "done")
    own = note(host, StatusState.SUCCESSFUL, at=NOW + 9, text="142 tests, 3.1 s")
    leave(guess, own)
    sender.round()
    leave(guess)
    sender.round()
    assert [one["description"] for one in host.bodies()] == ["142 tests, 3.1 s"]
    assert waiting() == []


def test_a_host_is_left_alone_for_as_long_as_it_asks(
    host: StandIn, sender: StatusSender, clock: Clock, said: list[str]
) -> None:
    host.script = [Reply(status=429, headers={"Retry-After": "120"})]
    leave(note(host, StatusState.IN_PROGRESS))
    sender.round()
    clock.now += 119
    leave(note(host, StatusState.SUCCESSFUL, at=clock.now))
    sender.round()
    assert len(host.requests) == 1
    clock.now += 2
    sender.round()
    assert [one["state"] for one in host.bodies()] == ["INPROGRESS", "SUCCESSFUL"]
    assert said == [f"{host.url} answers 429; it is left alone for 120 s, and asked again"]


def test_a_host_in_trouble_is_asked_less_and_less(
    host: StandIn, sender: StatusSender, clock: Clock, said: list[str]
) -> None:
    host.script = [Reply(status=503)] * 100
    leave(note(host, StatusState.SUCCESSFUL))
    for _ in range(3600):
        sender.round()
        clock.now += 1
    assert 10 < len(host.requests) < 20
    assert len(said) == 1
    host.script.clear()
    clock.now += 300
    sender.round()
    assert waiting() == []


def test_a_status_of_yesterday_is_given_up(
    host: StandIn, sender: StatusSender, clock: Clock, said: list[str]
) -> None:
    host.script = [Reply(status=503)] * 9
    leave(note(host, StatusState.SUCCESSFUL))
    clock.now += 86401
    sender.round()
    assert waiting() == []
    assert "statuses of a day ago are given up" in said[-1]


def test_one_host_that_fails_does_not_hold_up_another(host: StandIn, sender: StatusSender) -> None:
    with stand_in() as other:
        host.script = [Reply(status=500)] * 9
        leave(note(host, StatusState.FAILED), note(other, StatusState.FAILED, project="blog"))
        sender.round()
        assert len(other.bodies()) == 1


def test_a_refusal_is_said_once_and_noted_until_it_is_over(
    host: StandIn, sender: StatusSender, said: list[str]
) -> None:
    host.authorization = "Bearer another"
    for i in range(3):
        leave(note(host, StatusState.IN_PROGRESS, at=NOW + i))
        sender.round()
    assert len(said) == 1
    assert said[0].startswith(f"shop: {host.url} answers 401 for acme/shop")
    assert list(notes().trouble()) == ["shop"]
    assert waiting() == []
    host.authorization = None
    leave(note(host, StatusState.SUCCESSFUL))
    sender.round()
    assert notes().trouble() == {}


def test_tests_that_cannot_be_shown_do_not_keep_back_the_status(
    host: StandIn, sender: StatusSender, said: list[str]
) -> None:
    one = Annotation(path="a.py", line=1, title="a")
    tests = TestSummary(tests=1, failed=1, skipped=0, seconds=1.0, annotations=(one,))
    host.script = [Reply(status=201), Reply(status=204), Reply(status=403)]
    leave(dataclasses.replace(note(host, StatusState.FAILED), tests=tests))
    sender.round()
    assert len(host.bodies()) == 1
    assert waiting() == []
    assert "the tests are not shown" in said[0]


def test_a_note_that_somebody_else_wrote_sends_no_token(
    host: StandIn, sender: StatusSender, said: list[str]
) -> None:
    told = note(host, StatusState.SUCCESSFUL).to_json()
    artifact_store().put_json("statuses/waiting/0-forged.json", told)
    artifact_store().put("statuses/waiting/1-broken.json", b"{")
    leave(note(host, StatusState.FAILED))
    sender.round()
    assert [one["state"] for one in host.bodies()] == ["FAILED"]
    assert any("is not signed" in words for words in said)
    assert artifact_store().keys("statuses/waiting") == []


def test_what_nobody_thought_of_drops_one_status_and_no_other(
    host: StandIn, said: list[str], clock: Clock
) -> None:
    def opened(place: ForgePlace) -> Forge:
        if place.path == "acme/odd":
            raise ZeroDivisionError
        return open_forge(place)

    odd = note(host, StatusState.FAILED, stage="odd")
    odd = dataclasses.replace(odd, place=dataclasses.replace(odd.place, path="acme/odd"))
    leave(odd, note(host, StatusState.FAILED))
    StatusSender(notes=notes, say=said.append, clock=clock, opened=opened).round()
    assert len(host.bodies()) == 1
    assert waiting() == []


def test_a_sender_that_was_killed_in_between_sends_it_again(
    host: StandIn, sender: StatusSender, clock: Clock
) -> None:
    leave(note(host, StatusState.SUCCESSFUL))
    kept = artifact_store().keys("statuses/waiting")[0]
    data = artifact_store().get(f"statuses/waiting/{kept}")
    sender.round()
    artifact_store().put(f"statuses/waiting/{kept}", data or b"")
    StatusSender(notes=notes, say=print, clock=clock).round()
    assert [one["state"] for one in host.bodies()] == ["SUCCESSFUL"] * 2
