"""What a container writes, whole: attached before its start, and read faster than it is used.

A container whose output nobody reads has to wait, and the engine waits for no reader once it has
ended. So reading has a thread of its own, which does not wait for whoever uses the output; what is
not used yet lies in a :class:`~slipway.hooks.disk_queue.Spool`. Where the connection breaks all the
same, the rest is read from the engine's own log.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self

from slipway.exceptions import ContainerEngineError
from slipway.hooks.disk_queue import Spool
from slipway.hooks.docker import follow
from slipway.hooks.docker.errors import translated
from slipway.hooks.docker.frames import Braid, Frames
from slipway.model.container import NoSuchThing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    import docker

_log = logging.getLogger(__name__)
# Seconds that the engine may be silent after a container's end, until its output is taken for
# complete; and that whoever uses the output has for the rest of it when something went wrong.
_SILENCE, _LAST = 10.0, 30.0
# Seconds between the end of an output and that of its container, unless it goes on in silence.
_SOON = 1.0
# Bytes that are read, and handed out, at once.
_PIECE = 1 << 16
_OUTPUTS = {1: {"stdout": True, "stderr": False}, 2: {"stdout": False, "stderr": True}}


class OutputLost(ContainerEngineError):
    """Some of what a container wrote could not be read."""


def run(
    client: docker.APIClient,
    container: str,
    start: Callable[[], None],
    *,
    timeout: float,
    output: Callable[[bytes], None],
) -> int:
    """Start a created container, hand out all that it writes, and return its exit code.

    :param client: of the Docker engine.
    :param container: its id.
    :param start: starts it.
    :param timeout: seconds; the container goes on when they are over.
    :param output: receives bytes from another thread, cut anywhere.
    :raises StepTimedOut: when it is still running after ``timeout``.
    :raises OutputLost: when some of it is missing.
    """
    with Following(client, container, output) as following:
        start()
        following.started = True
        code = follow.wait(client, container, timeout)
        following.finish()
    return code


class _Attached:
    """A created container's output, as it will come."""

    def __init__(self, client: docker.APIClient, container: str) -> None:
        self._client, self._container = client, container
        with translated("attach to a container"):
            self._stream = client.attach_socket(
                container, params={"stdout": 1, "stderr": 1, "stream": 1}
            )
        # The SDK gives a file around a socket, or the socket itself where there is TLS.
        self._socket: Any = getattr(self._stream, "_sock", self._stream)
        self._socket.settimeout(None)
        self._came: dict[int, int] = {}
        self.broken = False
        """The connection broke before the output's end."""

    def pieces(self) -> Iterator[tuple[int, bytes]]:
        """Yield which output, and what has come of it, until both have ended."""
        frames = Frames()
        try:
            while data := self._socket.recv(_PIECE):
                for output, part in frames.feed(data):
                    self._came[output] = self._came.get(output, 0) + len(part)
                    yield output, part
        except (OSError, ValueError):
            self.broken = True
        self.broken |= frames.cut

    def missed(self) -> Iterator[tuple[int, bytes]]:
        """Yield what an ended container wrote beyond what has come, from the engine's own log.

        :raises ContainerEngineError: when the engine does not have it.
        """
        with translated("read the rest of a container's output"):
            for output, wanted in _OUTPUTS.items():
                skip = self._came.get(output, 0)
                for part in self._client.logs(self._container, stream=True, **wanted):
                    if len(part) > skip:
                        yield output, part[skip:]
                    skip = max(0, skip - len(part))

    def close(self) -> None:
        """End it; whoever reads it is woken."""
        with suppress(OSError, AttributeError):
            self._socket.shutdown(socket.SHUT_RDWR)
        with suppress(OSError):
            self._stream.close()
            self._socket.close()


class Following:
    """Reads a container's output, and hands it out, each in a thread of its own.

    To be entered before the container is started; when it is left, all that has come has been
    handed out, or the output itself says what is missing.

    :param client: of the Docker engine.
    :param container: its id.
    :param output: receives bytes, cut anywhere.
    """

    def __init__(
        self, client: docker.APIClient, container: str, output: Callable[[bytes], None]
    ) -> None:
        self._attached = _Attached(client, container)
        self._output = output
        self._spool = Spool()
        self._braid = Braid()
        self.started = False
        self._received = 0
        self._output_ended = 0.0
        self._at_line_end = True
        self._error: Exception | None = None
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._user = threading.Thread(target=self._use, daemon=True)

    def __enter__(self) -> Self:
        """Begin to read."""
        self._reader.start()
        self._user.start()
        return self

    def finish(self) -> None:
        """Hand out the rest, once the container has ended.

        :raises OutputLost: when some of it cannot be read.
        :raises Exception: what ``output`` has raised.
        """
        container_ended = time.monotonic()
        self._await_end_of_output()
        early = container_ended - self._output_ended > _SOON
        lost: ContainerEngineError | None = None
        if self._attached.broken or early:
            lost = self._read_what_was_missed()
        self._hand_out_the_rest()
        if lost is None:
            return
        self._say(f"the rest of the output is missing: {lost.message}")
        msg = f"some of a container's output is lost: {lost.message}"
        raise OutputLost(msg, advice=lost.advice) from lost

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Hand out what has come so far, in bounded time."""
        self._attached.close()
        self._reader.join(_SILENCE)
        if self._user.is_alive():
            self._put(self._braid.close())
            self._spool.end()
            self._user.join(_LAST)
            if lost := self._spool.abandon():
                self._user.join(_LAST)
                self._say(f"{lost} bytes of output are missing here: there was no time for them")
            elif why := self._cut_by(error):
                self._say(f"what the container wrote from here on is missing: {why}")
        self._spool.abandon()

    def _cut_by(self, error: BaseException | None) -> str:
        """Say why a container may go on that we cannot hear any more; empty where none does."""
        if not self.started or isinstance(error, NoSuchThing):
            return ""
        return error.message if isinstance(error, ContainerEngineError) else ""

    def _await_end_of_output(self) -> None:
        progress = -1
        while self._reader.is_alive():
            if progress == (progress := self._received) and not self._spool.full:
                _log.warning("the engine did not end a container's output after its end")
                self._attached.close()
                self._attached.broken = True
            self._reader.join(_SILENCE)

    def _read_what_was_missed(self) -> ContainerEngineError | None:
        """Hand out what the engine still has; returns why it cannot be had."""
        try:
            for output, data in self._attached.missed():
                self._put(self._braid.feed(output, data))
        except ContainerEngineError as error:
            return error
        return None

    def _hand_out_the_rest(self) -> None:
        self._put(self._braid.close())
        self._spool.end()
        self._user.join()
        if self._error is not None:
            raise self._error

    def _read(self) -> None:
        for output, data in self._attached.pieces():
            self._received += len(data)
            self._put(self._braid.feed(output, data))
        self._output_ended = time.monotonic()

    def _put(self, data: bytes) -> None:
        if data:
            self._spool.put(data)

    def _use(self) -> None:
        try:
            while block := self._spool.take():
                for at in range(0, len(block), _PIECE):
                    piece = block[at : at + _PIECE]
                    self._output(piece)
                    self._at_line_end = piece.endswith(b"\n")
        except Exception as error:
            # It belongs to whoever waits for the end.
            self._error = error
            self._spool.abandon()

    def _say(self, text: str) -> None:
        with suppress(Exception):
            self._output(f"{'' if self._at_line_end else chr(10)}({text})\n".encode())
