"""An open-loop load generator: requests start on the clock, however slow the answers are.

A closed loop would wait while a service is down and count one failure; this one goes on
asking, as visitors do. Half of the requests ride on kept-alive connections, half on new ones.
Run as ``python -m include.demo.load URL RATE``; SIGTERM ends it, the counts go to stdout.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from collections import Counter

import httpx

# Every request must be answered well and within this time, in seconds.
TIMEOUT = 5.0
_WRITE_EVERY = 10


class Load:
    """Counts what was asked and what was answered badly.

    :param url: the load balancer.
    :param rate: requests per second.
    """

    def __init__(self, url: str, rate: float) -> None:
        self._url = url
        self._interval = 1 / rate
        self._stopped = asyncio.Event()
        self.sent = 0
        self.failures: Counter[str] = Counter()
        self.versions: Counter[str] = Counter()

    def stop(self) -> None:
        """Start no more requests; those under way are waited for."""
        self._stopped.set()

    async def run(self) -> None:
        """Ask on the clock until :meth:`stop`."""
        clock = asyncio.get_running_loop()
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
        async with (
            httpx.AsyncClient(timeout=TIMEOUT, limits=limits, trust_env=False) as client,
            asyncio.TaskGroup() as group,
        ):
            due = clock.time()
            while not self._stopped.is_set():
                group.create_task(self._ask(client, self.sent))
                self.sent += 1
                due += self._interval
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopped.wait(), max(0, due - clock.time()))

    async def _ask(self, client: httpx.AsyncClient, number: int) -> None:
        headers = {"Connection": "close"} if number % 2 else {}
        try:
            if number % _WRITE_EVERY == 0:
                entry = {"author": "load", "message": f"request {number}"}
                answer = await client.post(f"{self._url}/entries", json=entry, headers=headers)
            else:
                answer = await client.get(f"{self._url}/version", headers=headers)
        except httpx.HTTPError as error:
            self.failures[type(error).__name__] += 1
            return
        if not answer.is_success:
            self.failures[f"HTTP {answer.status_code}"] += 1
        elif number % _WRITE_EVERY:
            self.versions[answer.json()["version"]] += 1


async def main(url: str, rate: float) -> None:
    """Generate load until SIGTERM or SIGINT, then print the counts as JSON."""
    load = Load(url, rate)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, load.stop)
    await load.run()
    counts = {
        "sent": load.sent,
        "failed": sum(load.failures.values()),
        "failures": load.failures,
        "versions": load.versions,
    }
    sys.stdout.write(json.dumps(counts) + "\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
