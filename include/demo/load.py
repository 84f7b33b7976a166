"""The demo's visitors, in an open loop (:mod:`include.demo.open_loop`).

Half of the requests ride on kept-alive connections, half on new ones.
Run as ``python -m include.demo.load URL RATE``; SIGTERM ends it, the counts go to stdout.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter

import httpx

from include.demo.open_loop import OpenLoop

# Every request must be answered well and within this time, in seconds.
TIMEOUT = 5.0
_WRITE_EVERY = 10


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

    async def run(self) -> None:
        """Ask on the clock until :meth:`stop`."""
        async with self._client:
            await super().run()

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
            self.failures[type(error).__name__] += 1
            return
        if not answer.is_success:
            self.failures[f"HTTP {answer.status_code}"] += 1
        elif number % _WRITE_EVERY:
            self.versions[answer.json()["version"]] += 1


async def main(url: str, rate: float) -> None:
    """Generate load until SIGTERM or SIGINT, then print the counts as JSON."""
    load = Load(url, rate)
    await load.run_until_told()
    counts = {
        "sent": load.sent,
        "failed": sum(load.failures.values()),
        "failures": load.failures,
        "versions": load.versions,
    }
    sys.stdout.write(json.dumps(counts) + "\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
