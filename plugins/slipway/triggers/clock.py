"""Waits for a time from the triggerer, where waiting costs no worker and survives every restart."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.controls import ControlBook
from slipway.model.controls import Scope
from slipway.policies.controls import cancelled
from slipway.triggers.settled import settled

# Seconds between two looks, of which a store has to answer one for each deployment that waits; and
# into how many parts what is left is divided.
_FAR_OFF, _PARTS = 60.0, 60


def pause(left: float, poll: float) -> float:
    """Return how long to wait until the next look, in seconds.

    :param left: until the time.
    :param poll: near it.
    """
    return max(0.0, min(left, max(poll, min(_FAR_OFF, left / _PARTS))))


class ClockTrigger(BaseTrigger):
    """Fires once: when a time has come, or somebody has cancelled what waits for it.

    The clock is the wall's, asked again and again: a triggerer that was away, or a machine that
    slept, misses nothing but its own time.

    :param until: seconds since 1970.
    :param project: the project's name.
    :param environment: the environment's.
    :param run_id: of the run that waits.
    :param asked_at: when it was asked for, seconds since 1970.
    :param poll: seconds between two looks at what people cancelled, near the time; far off there is
        up to a minute.
    """

    def __init__(
        self,
        *,
        until: float,
        project: str,
        environment: str,
        run_id: str,
        asked_at: float,
        poll: float = 5.0,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.until = until
        self.project = project
        self.environment = environment
        self.run_id = run_id
        self.asked_at = asked_at
        self.poll = poll

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Name the class and its arguments, for the database."""
        names = ("until", "project", "environment", "run_id", "asked_at", "poll")
        return "slipway.triggers.clock.ClockTrigger", {name: getattr(self, name) for name in names}

    @settled
    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look at the clock, and at what people cancelled."""
        while (left := self.until - time.time()) > 0:
            # The artifact store knows no asyncio.
            if await asyncio.to_thread(self._is_cancelled):
                break
            await asyncio.sleep(pause(left, self.poll))
        yield TriggerEvent({})

    def _is_cancelled(self) -> bool:
        scope = Scope(project=self.project, environment=self.environment)
        try:
            noted = ControlBook(artifact_store()).state(scope).cancelled
        except Exception as error:
            # A store that is away for a minute ends no wait of days; the task meets it as well.
            self.log.info("what was cancelled is not known now: %s", error)
            return False
        found = cancelled(noted, run_id=self.run_id, asked_at=self.asked_at, waits_for_time=True)
        return found is not None
