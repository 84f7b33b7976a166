"""Reading from an engine that misbehaves in ways which real Docker cannot be asked for."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import docker
import docker.errors
import pytest
import requests.exceptions

from slipway.exceptions import ContainerEngineError, StepTimedOut
from slipway.hooks.docker import output as container_output
from slipway.hooks.docker.output import OutputLost
from slipway.model.container import CannotStart, NoSuchThing
from tests.slipway.hooks.docker.framed import frame


class Engine:
    """A client whose one container is played by the test.

    :param ends: waited for by ``wait``.
    :param log: what the engine has kept of its outputs.
    """

    def __init__(self, log: dict[str, bytes] | None = None) -> None:
        ours, self.container = socket.socketpair()
        self.client = mock.create_autospec(docker.APIClient, instance=True)
        self.client.attach_socket.return_value = ours
        self.client.wait.return_value = {"StatusCode": 3}
        self._log = log
        self.client.logs.side_effect = self._logs

    def _logs(self, _: str, *, stream: bool, stdout: bool, stderr: bool) -> Iterator[bytes]:
        assert stream
        assert stdout != stderr
        if self._log is None:
            msg = "its log driver keeps nothing"
            raise docker.errors.APIError(msg)
        data = self._log["out" if stdout else "err"]
        return (data[at : at + 7] for at in range(0, len(data), 7))

    def run(
        self, play: Callable[[], Any], use: Callable[[bytes], Any] | None = None
    ) -> tuple[int | BaseException, bytes]:
        came: list[bytes] = []

        def output(chunk: bytes) -> None:
            came.append(chunk)
            if use:
                use(chunk)

        code: int | BaseException
        try:
            code = container_output.run(self.client, "c", play, timeout=9, output=output)
        except Exception as error:
            code = error
        return code, b"".join(came)


def test_all_of_it_has_come_when_it_returns() -> None:
    engine = Engine()

    def play() -> None:
        engine.container.sendall(frame(1, b"one\n") + frame(2, b"two\n") + frame(1, b"no end"))
        engine.container.close()

    assert engine.run(play, lambda _: time.sleep(0.2)) == (3, b"one\ntwo\nno end")
    engine.client.logs.assert_not_called()


@pytest.mark.parametrize("sent", [3, 8, 14])
def test_a_stream_that_is_cut_in_a_frame_goes_on_where_it_was(sent: int) -> None:
    engine = Engine({"out": b"first\nsecond\nthird\n", "err": b"error\n"})

    def play() -> None:
        engine.container.sendall(frame(1, b"first\n") + frame(1, b"second\n")[:sent])
        engine.container.close()

    assert engine.run(play) == (3, b"first\nsecond\nthird\nerror\n")


def test_a_stream_that_the_engine_never_ends_holds_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container_output, "_SILENCE", 0.2)
    engine = Engine({"out": b"one\ntwo\n", "err": b""})
    play = mock.Mock(side_effect=lambda: engine.container.sendall(frame(1, b"one\n")))
    assert engine.run(play) == (3, b"one\ntwo\n")


def test_a_stream_that_is_still_coming_is_not_taken_for_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(container_output, "_SILENCE", 0.3)
    engine = Engine()

    def send() -> None:
        for _ in range(10):
            engine.container.sendall(frame(1, b"more\n"))
            time.sleep(0.1)
        engine.container.close()

    play = threading.Thread(target=send, daemon=True).start
    assert engine.run(play) == (3, b"more\n" * 10)
    engine.client.logs.assert_not_called()


def test_what_cannot_be_read_any_more_is_said_where_it_is_missing() -> None:
    engine = Engine(None)

    def play() -> None:
        engine.container.sendall(frame(1, b"one\n") + frame(1, b"two\n")[:10])
        engine.container.close()

    error, came = engine.run(play)
    assert isinstance(error, OutputLost)
    assert "its log driver keeps nothing" in str(error)
    assert came.startswith(b"one\ntw\n(the rest of the output is missing: cannot read")


def test_an_engine_that_is_gone_leaves_what_came_and_says_so() -> None:
    engine = Engine()
    engine.client.wait.side_effect = requests.exceptions.ConnectionError("reset by peer")
    play = mock.Mock(side_effect=lambda: engine.container.sendall(frame(1, b"one\n")))
    error, came = engine.run(play)
    assert isinstance(error, ContainerEngineError)
    assert came.startswith(b"one\n(what the container wrote from here on is missing: cannot wait")


@pytest.mark.parametrize(
    ("started", "waited"),
    [(CannotStart("no program"), None), (None, docker.errors.NotFound("no such container"))],
)
def test_nothing_is_called_missing_of_a_container_that_never_was_or_is_no_more(
    started: Exception | None, waited: Exception | None
) -> None:
    engine = Engine()
    engine.client.wait.side_effect = waited
    error, came = engine.run(mock.Mock(side_effect=started))
    assert isinstance(error, (CannotStart, NoSuchThing))
    assert came == b""


def test_an_end_that_cannot_wait_counts_what_there_was_no_time_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(container_output, "_LAST", 0.3)
    engine = Engine()
    sent, released = threading.Event(), threading.Event()

    def out_of_time(*_: object, **__: object) -> None:
        sent.wait(30)
        raise requests.exceptions.ReadTimeout

    engine.client.wait.side_effect = out_of_time

    def play() -> None:
        engine.container.sendall(frame(1, b"line\n" * 800_000))
        sent.set()

    def use(chunk: bytes) -> None:
        if b"missing" not in chunk:
            released.wait(0.5)

    error, came = engine.run(play, use)
    assert isinstance(error, StepTimedOut)
    *lines, last = came.decode().split("\n")[:-1]
    counted = int(last.removeprefix("(").split()[0])
    assert last.endswith("bytes of output are missing here: there was no time for them)")
    assert 0 < counted < 4_000_000
    assert set(lines) <= {"line", "lin", "li", "l", ""}


def test_what_goes_wrong_while_it_is_used_is_told_at_the_end() -> None:
    engine = Engine()

    def play() -> None:
        engine.container.sendall(frame(1, b"x" * 100_000))
        engine.container.close()

    error, _ = engine.run(play, mock.Mock(side_effect=OSError("no space left")))
    assert isinstance(error, OSError)
