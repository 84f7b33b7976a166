"""Sends statuses of commits from the triggerer, where waiting costs no worker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.notes.statuses import StatusNotes
from slipway.model.text.inert import visible
from slipway.tasks.statuses.sender import StatusSender

# Seconds between two looks: while something is going on, and for how long that is, and otherwise.
_BUSY, _LIVELY, _IDLE = 1.0, 120.0, 4.0


class StatusTrigger(BaseTrigger):
    """Fires after a while; until then it sends what tasks leave.

    :param until: when that is, seconds since 1970.
    """

    def __init__(self, *, until: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.until = until

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Name the class and its arguments, for the database."""
        return "slipway.triggers.statuses.StatusTrigger", {"until": self.until}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look for statuses and send them, one round after another."""
        sender = StatusSender(
            notes=lambda: StatusNotes(artifact_store()),
            say=lambda words: self.log.warning("%s", words),
        )
        last, complaint = time.time(), ""
        while time.time() < self.until:
            try:
                # Store and hosts are asked in a thread, away from all the other triggers.
                if await asyncio.to_thread(sender.round):
                    last = time.time()
                complaint = ""
            except Exception as error:
                # A store that does not answer now may answer at the next look.
                words = f"{type(error).__name__}: {visible(str(error))}"
                if words != complaint:
                    self.log.warning("statuses wait: %s", words)
                complaint = words
            await asyncio.sleep(_BUSY if time.time() - last < _LIVELY else _IDLE)
        yield TriggerEvent({"over": True})
