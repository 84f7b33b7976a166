"""An open-loop load on kept-alive and on new connections, with slow requests among them.

Requests start on the clock (:mod:`include.demo.open_loop`). Run as ``python -m benchmarks.swap.load
PORT RATE``; SIGTERM ends it, what is under way is waited for, the books go to stdout as JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time

from benchmarks.swap.tally import Tally
from include.demo.open_loop import OpenLoop

# Seconds for an answer, beyond those that a request asks the service to take.
TIMEOUT = 5.0
HOST = "127.0.0.1"
# Of twenty requests: one slow on a kept connection or on a new one, twelve on kept ones.
_ROUND, _KEPT = 20, 12
_SLOW = (2.0, 3.0, 4.0, 5.0)


class ServiceFault(Exception):
    """A request was not answered well."""


class SilentHangUp(ServiceFault):
    """The connection ended before the first byte of an answer."""


class Connection:
    """One connection to the balancer.

    :param reader: of the stream.
    :param writer: of the stream.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @property
    def closed(self) -> bool:
        """The other side has hung up."""
        return self._reader.at_eof() or self._writer.is_closing()

    def close(self) -> None:
        """Hang up."""
        self._writer.close()

    async def ask(self, path: str, *, keep: bool) -> str:
        """Return the body of a good answer.

        :raises SilentHangUp: when there is no byte of an answer.
        :raises ServiceFault: when the answer is broken or bad.
        """
        try:
            return await self._ask(path, keep)
        except asyncio.IncompleteReadError as error:
            kind = ServiceFault if error.partial else SilentHangUp
            msg = f"hung up after {len(error.partial)} bytes"
            raise kind(msg) from error
        except ConnectionError as error:
            raise SilentHangUp(type(error).__name__) from error

    async def _ask(self, path: str, keep: bool) -> str:
        words = "keep-alive" if keep else "close"
        head = f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: {words}\r\n\r\n"
        self._writer.write(head.encode())
        status, *lines = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in lines if line)
        try:
            body = await self._reader.readexactly(int(fields.get("content-length", "0")))
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            msg = f"hung up in the middle of an answer: {type(error).__name__}"
            raise ServiceFault(msg) from error
        if fields.get("connection") == "close":
            self.close()
        code = status.split(" ")[1]
        if code != "200":
            msg = f"HTTP {code}"
            raise ServiceFault(msg)
        return body.decode()


class Load(OpenLoop):
    """Asks on the clock and keeps the books.

    :param port: of the balancer.
    :param rate: requests per second.
    """

    def __init__(self, port: int, rate: float) -> None:
        super().__init__(rate)
        self._port = port
        self._idle: list[Connection] = []
        self.tally = Tally()

    async def run(self) -> None:
        """Ask until :meth:`stop`, and wait for what is under way."""
        await super().run()
        for connection in self._idle:
            connection.close()

    async def ask(self, number: int, due: float, /) -> None:
        """Send the nth request, and keep the books of it."""
        kind, keep, seconds = what(number)
        clock = asyncio.get_running_loop()
        self.tally.begin(kind, late=clock.time() - due)
        path = f"/slow?seconds={seconds:g}" if seconds else "/"
        try:
            async with asyncio.timeout_at(due + seconds + TIMEOUT):
                version = await self._ask(path, keep=keep)
        except (ServiceFault, OSError) as error:  # TimeoutError is an OSError
            why = f"{type(error).__name__} {error}".strip()
            self.tally.refused(kind, why, at=time.time())
        else:
            self.tally.answered(kind, version, latency=clock.time() - due - seconds)

    async def _ask(self, path: str, *, keep: bool) -> str:
        """Ask; a request may go out again only where a kept connection had ended in silence.

        That is what HTTP clients do (RFC 9112, 9.3.1): the server may have closed it while the
        request was on its way. It is counted, for a fresh connection's end is a failure.
        """
        if keep and (kept := self._kept()):
            with contextlib.suppress(SilentHangUp):
                return await self._on(kept, path, keep=True)
            self.tally.sent_again += 1
        fresh = Connection(*await asyncio.open_connection(HOST, self._port))
        return await self._on(fresh, path, keep=keep)

    async def _on(self, connection: Connection, path: str, *, keep: bool) -> str:
        try:
            body = await connection.ask(path, keep=keep)
        except BaseException:
            connection.close()
            raise
        if keep and not connection.closed:
            self._idle.append(connection)
        else:
            connection.close()
        return body

    def _kept(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop(0)  # the one that was idle longest: all stay in use
            if not connection.closed:
                return connection
            self.tally.closed_idle += 1
            connection.close()
        return None


def what(number: int) -> tuple[str, bool, float]:
    """Say of the nth request: its kind, whether its connection is kept, and for how long it asks.

    :param number: counted from zero.
    """
    turn, place = divmod(number, _ROUND)
    if place == 0:
        return "slow", bool(turn % 2), _SLOW[turn // 2 % len(_SLOW)]
    return ("kept", True, 0.0) if place <= _KEPT else ("new", False, 0.0)


async def main(port: int, rate: float) -> None:
    """Load the balancer until SIGTERM or SIGINT, then print the books."""
    load = Load(port, rate)
    await load.run_until_told()
    sys.stdout.write(json.dumps(load.tally.to_json()) + "\n")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
