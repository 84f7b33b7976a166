"""How much of a stranger's request is read, and how many of them."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

# Bytes of a payload. Bitbucket sends no more than 256 KB; what is larger is found by the poll.
LARGEST = 1 << 20
# Seconds for all of it.
PATIENCE = 10.0
# Requests a second of one address, and how many may come at once after a pause.
RATE, BURST = 10.0, 100
# Requests that are read at the same time: of all, and of one address.
AT_ONCE, AT_ONCE_EACH = 64, 16
# Addresses that are remembered.
_MOST_ADDRESSES = 4096


class TooLarge(Exception):
    """The body is larger than ``LARGEST``."""


class TooSlow(Exception):
    """The body did not come within ``PATIENCE``."""


class TooMany(Exception):
    """The address asks too often, or too much is being read already."""


async def read_body(declared: str | None, pieces: AsyncIterator[bytes]) -> bytes:
    """Read a body, and stop where it is too much.

    :param declared: what the request says of its length, if it does.
    :param pieces: the body.
    :raises TooLarge: as soon as that is clear.
    :raises TooSlow: when it does not come.
    """
    # More digits than a number of bytes can have are not even read as one.
    if declared and (not declared.isdecimal() or len(declared) > 12 or int(declared) > LARGEST):
        raise TooLarge
    body = bytearray()
    try:
        async with asyncio.timeout(PATIENCE):
            async for piece in pieces:
                if len(body) + len(piece) > LARGEST:
                    raise TooLarge
                body += piece
    except TimeoutError as error:
        raise TooSlow from error
    return bytes(body)


class Gate:
    """Lets as many requests in as can be borne, those of each address by themselves.

    Whoever sends rubbish from somewhere thus keeps no host's hooks out.

    :param clock: seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # Address -> what is left of its burst, and when that was.
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._reading: dict[str, int] = {}

    @contextmanager
    def enter(self, address: str) -> Iterator[None]:
        """Let a request in.

        :param address: who sends it.
        :raises TooMany: when it has to come again later.
        """
        key = _network(address)
        self._take(key)
        if sum(self._reading.values()) >= AT_ONCE or self._reading.get(key, 0) >= AT_ONCE_EACH:
            raise TooMany
        self._reading[key] = self._reading.get(key, 0) + 1
        try:
            yield
        finally:
            self._reading[key] -= 1
            if not self._reading[key]:
                del self._reading[key]

    def _take(self, key: str) -> None:
        now = self._clock()
        left, then = self._left.pop(key, (float(BURST), now))
        left = min(float(BURST), left + (now - then) * RATE)
        self._left[key] = (left - 1 if left >= 1 else left, now)
        while len(self._left) > _MOST_ADDRESSES:
            self._left.popitem(last=False)
        if left < 1:
            raise TooMany


def _network(address: str) -> str:
    """Return what one sender has: an address, or in IPv6 a whole network of them."""
    return ":".join(address.split(":")[:4]) if ":" in address else address
