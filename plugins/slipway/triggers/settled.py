"""Keeps what a trigger says from overtaking the news that its task has left the worker.

An executor tells the scheduler when the process of a deferred task has ended, and until it does a
trigger that fires at once may have the task queued again. Airflow 3.3 takes the old news for the
new process's then, and fails the task (*killed externally*, *state mismatch*): it remembers what
runs by task and try, which are the same before and after a deferral, and its executors no longer
wait for the first to be gone. So nothing fires before the scheduler had time for several rounds.
Where a scheduler is held up for longer than that, the task is tried again, as after any mishap.
"""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.triggers.base import TriggerEvent

# Seconds: several of the scheduler's rounds, and hardly more than a deferral takes anyway.
SETTLE = 3.0


def settled(
    run: Callable[[Any], AsyncIterator[TriggerEvent]],
) -> Callable[[Any], AsyncIterator[TriggerEvent]]:
    """Let a trigger's ``run`` fire no sooner than :data:`SETTLE` seconds after it began."""

    @functools.wraps(run)
    async def wrapper(self: Any) -> AsyncIterator[TriggerEvent]:
        began = time.monotonic()
        async for event in run(self):
            await asyncio.sleep(max(0.0, began + SETTLE - time.monotonic()))
            yield event

    return wrapper
