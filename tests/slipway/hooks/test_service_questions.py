from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from slipway.hooks import service_questions
from slipway.hooks.service_questions import ask


class _Echo(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(404 if self.path == "/no" else 200, self.path)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._answer(201, f"{self.headers['Content-Type']} {body}")

    def _answer(self, status: int, said: str) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(said.encode())

    def log_message(self, *_: object) -> None:
        """Stay silent."""


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(socket, "gethostbyname", lambda _: "127.0.0.1")
    server = HTTPServer(("127.0.0.1", 0), _Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def test_each_question_has_its_answer(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    questions = [
        ["GET", "/a?b=c", ""],
        ["GET", "/no", ""],
        ["POST", "/x", '{"a": "ö"}'],
        ["POST", "/x", "a=b"],
    ]
    told = {"port": port, "timeout": 5, "questions": questions}
    service_questions.main(json.dumps(told))
    answers = json.loads(capsys.readouterr().out)
    assert [one["status"] for one in answers] == [200, 404, 201, 201]
    assert answers[0]["said"] == "/a?b=c"
    assert answers[2]["said"] == 'application/json {"a": "ö"}'
    assert answers[3]["said"].startswith("application/x-www-form-urlencoded a=b")


def test_who_does_not_answer_has_the_reason_in_place_of_a_status(port: int) -> None:
    (answer,) = ask(1, 1.0, [["GET", "/", ""]])
    assert (answer["status"], answer["said"].split(":")[0]) == (0, "ConnectionRefusedError")
