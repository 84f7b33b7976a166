"""The demo's visitors, in an open loop (:mod:`include.demo.open_loop`).

Half of the requests ride on kept-alive connections, half on new ones. Of the first failures it is
said when they came, and whether this process was stalled then: a busy machine may keep a visitor
from asking, which no load balancer can help.
Run as ``python -m include.demo.load URL RATE``; SIGTERM ends it, the counts go to stdout.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections import Counter, deque
from contextlib import suppress
from typing import Any

import httpx

from include.demo.open_loop import OpenLoop

# Every request must be answered well and within this time, in seconds.
TIMEOUT = 5.0
_WRITE_EVERY = 10
# Seconds between two looks at how late this process is, and how many of them are kept.
_LOOK_EVERY, _LOOKS = 0.1, 100
# Failures that are told of one by one.
_TOLD = 5
# Visitors have machines of their own: they do not wait until this one has time.
_NICENESS = -5


class Load(OpenLoop):
    """Counts what was asked and what was answered badly.

    :param url: the load balancer.
    :param rate: requests per second.
    """

    def __init__(self, url: str, rate: float) -> None:
        super().__init__(rate)
        self._url = url
        # Nothing is connected before the first request.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
        self._client = httpx.AsyncClient(timeout=TIMEOUT, limits=limits, trust_env=False)
        self.failures: Counter[str] = Counter()
        self.versions: Counter[str] = Counter()
        self.first_failures: list[dict[str, Any]] = []
        self._stalls: deque[float] = deque(maxlen=_LOOKS)

    async def run(self) -> None:
        """Ask on the clock until :meth:`stop`."""
        watching = asyncio.create_task(self._watch_itself())
        try:
            async with self._client:
                await super().run()
        finally:
            watching.cancel()

    async def ask(self, number: int, _: float, /) -> None:
        """Look at the guestbook or, each tenth time, write into it."""
        client = self._client
        headers = {"Connection": "close"} if number % 2 else {}
        try:
            if number % _WRITE_EVERY == 0:
                entry = {"author": "load", "message": f"request {number}"}
                answer = await client.post(f"{self._url}/entries", json=entry, headers=headers)
            else:
                answer = await client.get(f"{self._url}/version", headers=headers)
        except httpx.HTTPError as error:
            self._fail(type(error).__name__, number)
            return
        if not answer.is_success:
            self._fail(f"HTTP {answer.status_code}", number)
        elif number % _WRITE_EVERY:
            self.versions[answer.json()["version"]] += 1

    def _fail(self, how: str, number: int) -> None:
        self.failures[how] += 1
        if len(self.first_failures) < _TOLD:
            told = {"how": how, "request": number, "at": time.strftime("%H:%M:%S")}
            stalled = round(max(self._stalls, default=0.0), 1)
            self.first_failures.append({**told, "stalled_seconds": stalled})

    async def _watch_itself(self) -> None:
        """Note how late this process runs what is due."""
        clock = asyncio.get_running_loop()
        while True:
            due = clock.time() + _LOOK_EVERY
            await asyncio.sleep(_LOOK_EVERY)
            self._stalls.append(clock.time() - due)


async def main(url: str, rate: float) -> None:
    """Generate load until SIGTERM or SIGINT, then print the counts as JSON."""
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)
    load = Load(url, rate)
    await load.run_until_told()
    counts = {
        "sent": load.sent,
        "failed": sum(load.failures.values()),
        "failures": load.failures,
        "first_failures": load.first_failures,
        "versions": load.versions,
    }
    sys.stdout.write(json.dumps(counts) + "\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
