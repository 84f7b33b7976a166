"""An HTTP server that stops without dropping a request.

When it is told to stop it takes in the connections that the kernel has already accepted, closes
its port, answers each connection's next request with ``Connection: close``, and returns when the
last answer is out.
"""

from __future__ import annotations

import os
import select
import socket
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedReader

# Seconds that an idle connection is kept, before and while stopping. The second gives a request
# that is on its way the time to arrive: closing under it would lose it.
IDLE = 75.0
LINGER = 1.0


class Drain:
    """Tells every thread, also one that waits for its client, that the service is stopping."""

    def __init__(self) -> None:
        # A pipe that becomes readable for good: unlike an Event, poll() can wait for it.
        self._reader, self._writer = os.pipe()
        self.started = False

    def start(self) -> None:
        """Begin to stop."""
        self.started = True
        os.write(self._writer, b".")

    def fileno(self) -> int:
        """Return what becomes readable when the drain starts."""
        return self._reader

    def await_request(self, connection: socket.socket, buffered: BufferedReader) -> bool:
        """Wait for the first byte of the next request.

        :return: False when there will be none: the client has gone, or has been idle too long.
        """
        if _arrived(connection, buffered):
            return True
        if not self.started:
            ready = _readable(IDLE, connection, self)
            if connection.fileno() in ready or not ready:
                return _arrived(connection, buffered)
        _readable(LINGER, connection)
        return _arrived(connection, buffered)


class Server(ThreadingHTTPServer):
    """One thread per connection; ``serve`` returns when a drain is complete."""

    daemon_threads = False
    request_queue_size = 128
    # handle_request() never waits: it is called when somebody is there.
    timeout = 0

    def __init__(
        self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], drain: Drain
    ) -> None:
        super().__init__(address, handler)
        self._drain = drain

    def serve(self) -> None:
        """Serve until the drain has started and every connection has ended."""
        while not self._drain.started:
            if self.fileno() in _readable(None, self, self._drain):
                self.handle_request()
        # Connected, perhaps with the request sent: closing the port now would reset them.
        while _readable(0, self):
            self.handle_request()
        self.server_close()


def _readable(timeout: float | None, *sources: socket.socket | Server | Drain) -> list[int]:
    poll = select.poll()
    for source in sources:
        poll.register(source.fileno(), select.POLLIN)
    return [ready for ready, _ in poll.poll(None if timeout is None else timeout * 1000)]


def _arrived(connection: socket.socket, buffered: BufferedReader) -> bool:
    """Look, without waiting, for a byte in the buffer or in the socket."""
    patience = connection.gettimeout()
    connection.setblocking(False)
    try:
        return bool(buffered.peek(1))
    except ConnectionError:
        return False
    finally:
        connection.settimeout(patience)
