"""An open loop: requests start on the clock, however slow the answers are.

A closed loop would wait while a service is down and count one failure; this one goes on asking, as
visitors do.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from abc import ABC, abstractmethod


class OpenLoop(ABC):
    """Starts requests until it is stopped, and waits for those under way.

    :param rate: requests per second.
    """

    def __init__(self, rate: float) -> None:
        self._interval = 1 / rate
        self._stopped = asyncio.Event()
        self.sent = 0

    def stop(self) -> None:
        """Start no more requests."""
        self._stopped.set()

    async def run(self) -> None:
        """Ask on the clock until :meth:`stop`."""
        clock = asyncio.get_running_loop()
        due = clock.time()
        async with asyncio.TaskGroup() as group:
            while not self._stopped.is_set():
                group.create_task(self.ask(self.sent, due))
                self.sent += 1
                due += self._interval
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopped.wait(), max(0, due - clock.time()))

    async def run_until_told(self) -> None:
        """Ask on the clock until SIGTERM or SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self.stop)
        await self.run()

    @abstractmethod
    async def ask(self, number: int, due: float, /) -> None:
        """Send one request and count what comes; no failure of it is raised.

        :param number: counted from zero.
        :param due: when it should start, by the loop's clock.
        """
