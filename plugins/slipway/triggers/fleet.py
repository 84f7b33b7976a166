"""Asks a gate's question from the triggerer, where waiting costs no worker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from slipway.exceptions import SlipwayError
from slipway.facts import Json, MachineImage
from slipway.fleet.gates import Gate, ask
from slipway.fleet.swap import Swap
from slipway.fleet.target import FleetTarget
from slipway.hooks.aws_connection import fleet_cloud


class FleetTrigger(BaseTrigger):
    """Fires once: with ``passed``, or with what a gate has against going on.

    :param gate: a :class:`slipway.fleet.gates.Gate`.
    :param environment: :class:`slipway.fleet.target.FleetTarget` as JSON.
    :param image: :class:`slipway.facts.MachineImage` as JSON.
    :param since: when the question was first asked, seconds since 1970.
    :param poll: seconds between two questions.
    """

    def __init__(
        self, *, gate: str, environment: Json, image: Json, since: float, poll: float
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.gate = gate
        self.environment = environment
        self.image = image
        self.since = since
        self.poll = poll

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Name the class and its arguments, for the database."""
        names = ("gate", "environment", "image", "since", "poll")
        return "slipway.triggers.fleet.FleetTrigger", {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Ask until the gate has an answer."""
        while True:
            try:
                passed = await asyncio.to_thread(self._ask)
            except SlipwayError as error:
                yield TriggerEvent({"error": type(error).__name__, "message": str(error)})
                return
            if passed:
                yield TriggerEvent({"passed": True})
                return
            await asyncio.sleep(self.poll)

    def _ask(self) -> bool:
        target = FleetTarget.from_json(self.environment)
        swap = Swap(
            cloud=fleet_cloud(target.aws_conn_id, target.region), target=target,
            image=MachineImage.from_json(self.image), log=self.log.info,
        )  # fmt: skip
        return ask(Gate(self.gate), swap, waited=time.time() - self.since).passed
