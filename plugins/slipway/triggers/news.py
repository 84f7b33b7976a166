"""Sends news from the triggerer, where waiting costs no worker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.notes.news import NewsNotes
from slipway.model.text.inert import visible
from slipway.tasks.news.sender import NewsSender

# Seconds between two looks: of a release that fails people hear within ten, most of which its
# machines have to say why (:data:`slipway.fleet.unhealthy_release.LONGEST`).
PAUSE = 2.0


class NewsTrigger(BaseTrigger):
    """Fires after a while; until then it sends what tasks leave.

    :param until: when that is, seconds since 1970.
    """

    def __init__(self, *, until: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.until = until

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Name the class and its arguments, for the database."""
        return "slipway.triggers.news.NewsTrigger", {"until": self.until}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look for news and send them, one round after another."""
        sender = NewsSender(
            notes=lambda: NewsNotes(artifact_store()),
            say=lambda words: self.log.warning("%s", words),
        )
        complaint = ""
        while time.time() < self.until:
            try:
                # Store and channels are asked in a thread, away from all the other triggers.
                await asyncio.to_thread(sender.round)
                complaint = ""
            except Exception as error:
                # A store that does not answer now may answer at the next look.
                words = f"{type(error).__name__}: {visible(str(error))}"
                if words != complaint:
                    self.log.warning("news wait: %s", words)
                complaint = words
            await asyncio.sleep(PAUSE)
        yield TriggerEvent({"over": True})
