"""The journal of holds, stops and rejections: nobody forges it, and nothing of it is lost."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from slipway.exceptions import RecordRefused
from slipway.hooks.store.artifacts import ArtifactStore, artifact_store
from slipway.hooks.store.controls import ControlBook
from slipway.model.controls import Action, ControlEvent, Scope
from slipway.policies.controls import after

DEV = Scope(project="shop", environment="dev")


@pytest.fixture
def book(artifacts: Path) -> ControlBook:
    return ControlBook(artifact_store(), clock=lambda: 1.0)


def event(action: Action = Action.HOLD, run: str = "r1", **more: Any) -> ControlEvent:
    facts: dict[str, Any] = {"project": "shop", "environment": "dev", "by": "ann", "why": "slow"}
    return ControlEvent(action=action, at=0, dag_id="controls", run_id=run, **(facts | more))


def note(book: ControlBook, *events: ControlEvent) -> None:
    for one in events:
        book.note(one, after)


def entries(artifacts: Path, folder: str = "environments/shop/dev") -> list[Path]:
    return sorted((artifacts / "controls" / folder).iterdir())


def test_a_hold_is_there_for_whoever_asks_next(book: ControlBook) -> None:
    assert book.of("shop", "dev").hold is None
    note(book, event())
    held = ControlBook(artifact_store()).of("shop", "dev").hold
    assert held is not None
    assert (held.by, held.at, held.why) == ("ann", 1, "slow")
    assert book.of("shop", "prod").hold is None
    assert book.of("other", "dev").hold is None
    note(book, event(Action.RESUME, "r2"))
    assert book.of("shop", "dev").hold is None


def test_a_stop_reaches_as_far_as_it_was_said(book: ControlBook) -> None:
    note(book, event(Action.STOP, project="", environment=""))
    note(book, event(Action.STOP, "r2", environment=""))
    assert [str(scope) for scope, _ in book.of("shop", "dev").stops] == ["everything", "shop"]
    assert [str(scope) for scope, _ in book.of("other", "dev").stops] == ["everything"]
    note(book, event(Action.RESUME, "r3", project="", environment=""))
    assert [str(scope) for scope, _ in book.of("shop", "dev").stops] == ["shop"]


def test_a_rejection_holds_in_each_environment_of_its_project(book: ControlBook) -> None:
    note(book, event(Action.REJECT, version="1.0", environment="dev"))
    assert list(book.of("shop", "prod").rejected) == ["1.0"]
    assert book.of("other", "prod").rejected == {}


def test_what_a_run_did_is_done_once_however_often_it_is_tried(
    book: ControlBook, artifacts: Path
) -> None:
    note(book, event(), event(Action.RESUME, "r2"))
    # The first run is cleared weeks later, by anybody: it holds nothing in somebody's name again.
    note(book, event(), event(Action.RESUME, "r2"))
    assert book.of("shop", "dev").hold is None
    assert len(entries(artifacts)) == 2
    assert [one.action for one in book.events(DEV)] == [Action.HOLD, Action.RESUME]


def test_a_run_of_the_same_name_in_another_airflow_is_another(book: ControlBook) -> None:
    note(book, event(asked_at=1.0), event(Action.RESUME, "r2", asked_at=2.0))
    note(book, event(asked_at=3.0))
    assert book.of("shop", "dev").hold is not None


def test_of_many_at_once_none_is_lost(artifacts: Path) -> None:
    def reject(number: int) -> None:
        note(ControlBook(artifact_store()), event(Action.REJECT, f"r{number}", version=f"{number}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(reject, range(24)))
    rejected = ControlBook(artifact_store()).of("shop", "dev").rejected
    assert sorted(map(int, rejected)) == list(range(24))


def test_a_writer_that_is_killed_has_done_all_of_it_or_nothing(
    artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_: Any) -> bool:
        raise Killed

    book = ControlBook(artifact_store())
    real = ArtifactStore.put_new_json
    monkeypatch.setattr(ArtifactStore, "put_new_json", die)
    with pytest.raises(Killed):
        note(book, event())
    assert book.of("shop", "dev").hold is None

    def put_and_die(*args: Any) -> bool:
        real(*args)
        raise Killed

    monkeypatch.setattr(ArtifactStore, "put_new_json", put_and_die)
    with pytest.raises(Killed):
        note(book, event())
    monkeypatch.setattr(ArtifactStore, "put_new_json", real)
    note(book, event())
    assert len(entries(artifacts)) == 1
    assert book.of("shop", "dev").hold is not None


class TestWhoeverWritesTheBucket:
    """Makes nothing up, moves nothing, and lets go of nothing without being noticed."""

    def test_writes_no_resume(self, book: ControlBook, artifacts: Path) -> None:
        note(book, event())
        first = entries(artifacts)[0]
        told = json.loads(first.read_text())
        told["state"]["hold"] = None
        for name in (first, first.with_name("00000002.json")):
            name.write_text(json.dumps(told))
            with pytest.raises(RecordRefused):
                book.of("shop", "dev")
            with pytest.raises(RecordRefused):
                note(book, event(Action.RESUME, "r9"))
            name.unlink()

    def test_puts_no_entry_in_anothers_place(self, book: ControlBook, artifacts: Path) -> None:
        note(book, event(), event(Action.RESUME, "r2"), event(Action.HOLD, "r3"))
        first, second, third = entries(artifacts)
        shutil.copy(second, third)
        with pytest.raises(RecordRefused, match="not what was signed there"):
            book.of("shop", "dev")
        other = artifacts / "controls/environments/shop/prod"
        other.mkdir()
        shutil.copy(first, other / first.name)
        with pytest.raises(RecordRefused):
            book.of("shop", "prod")

    def test_takes_none_away_in_between(self, book: ControlBook, artifacts: Path) -> None:
        note(book, event(), event(Action.RESUME, "r2"), event(Action.HOLD, "r3"))
        entries(artifacts)[1].unlink()
        with pytest.raises(RecordRefused, match=r"00000002\.json in the artifact store is missing"):
            book.of("shop", "dev")

    def test_names_no_later_entry(self, book: ControlBook, artifacts: Path) -> None:
        note(book, event())
        (artifacts / "controls/environments/shop/dev/00000007.json").write_text("{}")
        with pytest.raises(RecordRefused):
            book.of("shop", "dev")


def test_a_scope_leads_nowhere_else(book: ControlBook) -> None:
    from slipway.exceptions import SlipwayError

    with pytest.raises(SlipwayError):
        note(book, event(project="..", environment="dev"))
    with pytest.raises(SlipwayError):
        book.of("../..", "dev")


def test_every_scope_is_listed_for_the_audit(book: ControlBook) -> None:
    note(book, event(Action.STOP, project="", environment=""), event(Action.HOLD, "r2"))
    note(book, event(Action.REJECT, "r3", version="1"))
    assert [str(one) for one in book.scopes()] == ["everything", "shop", "shop dev"]
