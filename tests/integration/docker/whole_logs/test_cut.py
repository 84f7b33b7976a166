"""An engine that goes away while somebody listens."""

from __future__ import annotations

import contextlib
import socket
import threading
import uuid
from typing import TYPE_CHECKING

import docker
import pytest

from slipway.exceptions import ContainerEngineError
from slipway.hooks.docker import output as container_output
from slipway.hooks.docker.engine import ContainerEngine
from slipway.model.text.log_lines import split_lines
from tests.integration.docker.whole_logs import containers
from tests.integration.docker.whole_logs.containers import counting, made, numbered, output_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.integration
engine = containers.engine
SOCKET = "/var/run/docker.sock"


# An engine that goes away: a proxy in front of it that is cut


class Proxy:
    """Forwards to Docker's socket, until it is told to cut.

    :param attached_only: cut the connection that carries a container's output and no other.
    """

    def __init__(self, path: Path, *, attached_only: bool) -> None:
        self._attached_only = attached_only
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(path))
        self._server.listen(16)
        self._pairs: list[tuple[bool, socket.socket, socket.socket]] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        if not self._attached_only:
            self._server.close()
        for attached, *pair in self._pairs:
            if attached or not self._attached_only:
                for one in pair:
                    with contextlib.suppress(OSError):
                        one.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                ours, _ = self._server.accept()
                threading.Thread(target=self._serve, args=(ours,), daemon=True).start()

    def _serve(self, ours: socket.socket) -> None:
        theirs = socket.socket(socket.AF_UNIX)
        theirs.connect(SOCKET)
        threading.Thread(target=_copy, args=(theirs, ours), daemon=True).start()
        while data := _received(ours):
            if b"/attach?" in data:
                self._pairs.append((True, ours, theirs))
            elif (False, ours, theirs) not in self._pairs:
                self._pairs.append((False, ours, theirs))
            with contextlib.suppress(OSError):
                theirs.sendall(data)


def _received(one: socket.socket) -> bytes:
    try:
        return one.recv(1 << 16)
    except OSError:
        return b""


def _copy(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := _received(source):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def cut_engine(
    tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[tuple[Proxy, ContainerEngine]]:
    proxy = Proxy(tmp_path / "docker.sock", attached_only=request.param)
    installation = f"test-{uuid.uuid4().hex[:8]}"
    client = docker.APIClient(base_url=f"unix://{tmp_path / 'docker.sock'}", timeout=60)
    yield proxy, ContainerEngine(client, installation=installation)
    ContainerEngine(docker.APIClient(timeout=60), installation=installation).remove_labelled({})


SCRIPT = f"{counting(40_000)}; sleep 3; echo after; sleep 1; {counting(100)} >&2; exit 4"


@pytest.mark.parametrize("cut_engine", [True], indirect=True)
def test_an_output_whose_connection_breaks_is_read_to_its_end_all_the_same(
    cut_engine: tuple[Proxy, ContainerEngine],
) -> None:
    proxy, engine = cut_engine
    cut = threading.Event()

    def use(chunk: bytes) -> None:
        if b"line 20000 " in chunk and not cut.is_set():
            cut.set()
            proxy.cut()

    code, came = output_of(engine, SCRIPT, use=use)
    assert cut.is_set()
    assert code == 4
    assert list(split_lines([came])) == [*numbered(40_000), "after", *numbered(100)]


@pytest.mark.parametrize("cut_engine", [False], indirect=True)
def test_an_engine_that_goes_away_leaves_what_was_written_and_says_what_is_missing(
    cut_engine: tuple[Proxy, ContainerEngine],
) -> None:
    proxy, engine = cut_engine
    came: list[bytes] = []

    def output(chunk: bytes) -> None:
        came.append(chunk)
        if b"line 39999 " in chunk:
            proxy.cut()

    with pytest.raises(ContainerEngineError):
        engine.run_streaming(made(engine, SCRIPT), timeout=60, output=output)
    *lines, last = split_lines(came)
    assert lines == numbered(40_000)
    assert last.startswith("(what the container wrote from here on is missing: ")


def gone(_: object) -> Iterator[tuple[int, bytes]]:
    msg = "its log is not kept"
    raise ContainerEngineError(msg)


@pytest.mark.parametrize("cut_engine", [True], indirect=True)
def test_an_output_that_cannot_be_read_any_more_fails_and_says_so(
    cut_engine: tuple[Proxy, ContainerEngine], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container_output._Attached, "missed", gone)
    proxy, engine = cut_engine
    came: list[bytes] = []

    def output(chunk: bytes) -> None:
        came.append(chunk)
        proxy.cut()

    script = f"while :; do {counting(1000)}; done & sleep 3"
    with pytest.raises(container_output.OutputLost, match="its log is not kept"):
        engine.run_streaming(made(engine, script), timeout=60, output=output)
    assert list(split_lines(came))[-1] == "(the rest of the output is missing: its log is not kept)"
