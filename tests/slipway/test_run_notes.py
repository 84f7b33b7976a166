"""What Airflow's lists show beside a run: from the task, by the door, into the database."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from slipway.hooks import run_notes
from slipway.hooks.airflow_notes import write_note
from slipway.hooks.run_notes import LONGEST, NoteNotTaken, sign
from slipway.hooks.store.signing_keys import RecordKeys
from slipway.plugin import SlipwayPlugin
from slipway.run_notes import make_app
from slipway.tasks.run_note import note_run, run_note
from tests.fakes.airflow_database import airflow_database, store_dag
from tests.fakes.airflow_run import FakeTask
from tests.slipway.links.linked import REPOSITORY, SHA, checkout

KEYS = RecordKeys(["7e57" * 8])
OTHERS = RecordKeys(["0bad" * 8])


class Notes:
    def __init__(self, *, there: bool = True) -> None:
        self.written: list[tuple[str, str, str]] = []
        self.there = there

    def __call__(self, dag_id: str, run_id: str, note: str) -> bool:
        self.written.append((dag_id, run_id, note))
        return self.there


def door(notes: Notes) -> TestClient:
    app = make_app(notes, lambda: KEYS)
    return TestClient(Starlette(routes=[Mount("/slipway/notes", app)]))


def test_a_note_that_slipway_signed_is_taken() -> None:
    notes = Notes()
    body = sign(KEYS, "shop", "commit__1", "`1.0+1` Greet")
    assert door(notes).post(run_notes.DOOR, json=body).status_code == 204
    assert notes.written == [("shop", "commit__1", "`1.0+1` Greet")]


@pytest.mark.parametrize(
    "change",
    [
        {"note": "other"},
        {"run_id": "commit__2"},
        {"dag_id": "shop.prod"},
        {"signature": ""},
        {"signature": sign(OTHERS, "shop", "r", "n")["signature"]},
        {"signature": 7},
        {"note": None},
        {"more": "field"},
    ],
)
def test_what_was_changed_or_signed_by_others_is_not(change: dict[str, Any]) -> None:
    notes = Notes()
    body = {**sign(KEYS, "shop", "r", "n"), **change}
    assert door(notes).post(run_notes.DOOR, json=body).status_code == 401
    assert not notes.written


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff", b"[" * 100_000])
def test_what_is_no_note_is_not_read(body: bytes) -> None:
    notes = Notes()
    assert door(notes).post(run_notes.DOOR, content=body).status_code == 401
    assert not notes.written


def test_a_signature_of_a_record_is_none_of_a_note() -> None:
    said = {"dag_id": "shop", "run_id": "r", "note": "n"}
    for path in ("notes", "run_notes/shop", "releases/shop/1.0+1.json"):
        body = {**said, "signature": KEYS.sign(path, said)}
        assert door(Notes()).post(run_notes.DOOR, json=body).status_code == 401


def test_a_run_that_is_not_there_a_long_note_and_another_method() -> None:
    client = door(Notes(there=False))
    body = sign(KEYS, "shop", "r", "n")
    assert client.post(run_notes.DOOR, json=body).status_code == 404
    long = Notes()
    body = sign(KEYS, "shop", "r", "n" * (LONGEST + 1))
    assert door(long).post(run_notes.DOOR, json=body).status_code == 404
    assert not long.written
    assert client.get(run_notes.DOOR).status_code == 405
    assert client.post(run_notes.DOOR, content=b"x" * (2 << 20)).status_code == 413


def test_a_trouble_of_the_server_is_told_without_its_words() -> None:
    def broken(*_: str) -> bool:
        msg = "sql with a password"
        raise RuntimeError(msg)

    app = TestClient(make_app(broken, lambda: KEYS))
    answer = app.post("/", json=sign(KEYS, "shop", "r", "n"))
    assert answer.status_code == 503
    assert answer.text == ""


@pytest.fixture
def run() -> Iterator[str]:
    from airflow.api.common.trigger_dag import trigger_dag
    from airflow.sdk import DAG
    from airflow.utils.types import DagRunTriggeredByType, DagRunType

    with airflow_database():
        with DAG(dag_id="noted", schedule=None) as dag:
            pass
        store_dag(dag)
        trigger_dag(
            dag_id="noted",
            run_id="r",
            run_type=DagRunType.MANUAL,
            triggered_by=DagRunTriggeredByType.REST_API,
        )
        yield "noted"


def _noted(note: Any = None) -> str | None:
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        found = session.scalar(select(DagRun).where(DagRun.dag_id == "noted"))
        assert found is not None
        if note is not None:
            found.dag_run_note = None
            session.flush()
            found.note = note
        text: str | None = found.note
        return text


def test_airflows_database_has_the_note_and_a_persons_own_stays(run: str) -> None:
    assert write_note(run, "r", "`1.0+1` one")
    assert _noted() == "`1.0+1` one"
    assert write_note(run, "r", "`1.0+2` another")
    assert _noted() == "`1.0+2` another"
    _noted(("mine", "ann"))
    assert write_note(run, "r", "`1.0+3` a third")
    assert _noted() == "mine"
    assert not write_note(run, "absent", "x")
    assert not write_note("absent", "r", "x")


class _Server(BaseHTTPRequestHandler):
    seen: list[tuple[str, bytes]]
    status = 204

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.seen.append((self.path, body))
        self.send_response(self.status)
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Server]]:
    handler = type("Handler", (_Server,), {"seen": [], "status": 204})
    http = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{http.server_port}/airflow/execution/"
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", url)
    yield handler
    http.shutdown()
    http.server_close()


def test_a_task_tells_the_server_beside_its_own_api(server: type[_Server]) -> None:
    note_run(FakeTask().context, checkout(), REPOSITORY, logging.getLogger())
    [(path, body)] = server.seen
    assert path == "/airflow/slipway/notes/"
    notes = Notes()
    assert door(notes).post(run_notes.DOOR, content=body).status_code == 204
    [(dag_id, run_id, note)] = notes.written
    assert (dag_id, run_id) == ("shop.dev", "manual__1")
    assert note.splitlines()[0] == "`1.4.0+42.g3f2a1b7` Greet in colour"


@pytest.mark.parametrize("status", [302, 401, 404, 500])
def test_a_server_that_does_not_take_it_fails_nothing(server: type[_Server], status: int) -> None:
    server.status = status
    with pytest.raises(NoteNotTaken, match=str(status)):
        run_notes.send("shop", "r", "n")
    note_run(FakeTask().context, checkout(), REPOSITORY, logging.getLogger())
    assert len(server.seen) == 2


def test_no_server_at_all_fails_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    note_run(FakeTask().context, checkout(), REPOSITORY, logging.getLogger())
    assert "do not show the version" in caplog.text


def test_a_note_leads_to_the_commit_and_the_board() -> None:
    assert run_note(checkout(), REPOSITORY) == (
        "`1.4.0+42.g3f2a1b7` Greet in colour\n\n"
        f"[commit](https://bitbucket.org/acme/shop/commits/{SHA}) · "
        "[board](/slipway/board/r/shop/1.4.0%2B42.g3f2a1b7)"
    )
    # A pull request has no page on the board, and a repository over http none at its host.
    proposed = checkout(version="1.4.0+43~pr7")
    assert run_note(proposed, "http://git.example.com/a/b") == "`1.4.0+43~pr7` Greet in colour"


@pytest.mark.parametrize(
    "subject",
    [
        "![x](https://evil.example.com/pixel.png)",
        "[log in](https://evil.example.com)",
        "<script>alert(1)</script>",
        "`` ` `` https://evil.example.com",
        "# Heading | table",
        "a\u202eb",
        "www.evil.example.com",
    ],
)
def test_a_hostile_subject_is_shown_as_it_is(subject: str) -> None:
    note = run_note(checkout(subject), REPOSITORY)
    line = note.splitlines()[0].removeprefix("`1.4.0+42.g3f2a1b7` ")
    assert line[0] == line[-1] == "`"
    assert "\n" not in line


@given(st.text())
def test_no_message_makes_a_note_that_airflow_refuses(message: str) -> None:
    assert 0 < len(run_note(checkout(message), REPOSITORY)) <= LONGEST


def test_a_subject_of_signs_that_cannot_be_seen_is_cut_and_still_fenced() -> None:
    note = run_note(checkout("\u202e" * 500 + "`"), REPOSITORY)
    line = note.splitlines()[0].removeprefix("`1.4.0+42.g3f2a1b7` ")
    assert line.startswith("`<U+202E>")
    assert line.endswith("characters more`")


def test_airflow_mounts_the_door() -> None:
    assert "/slipway/notes" in [one["url_prefix"] for one in SlipwayPlugin.fastapi_apps]
