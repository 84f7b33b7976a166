"""Asks a gate's question from the triggerer, where waiting costs no worker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from slipway.exceptions import InputError, SlipwayError, UnhealthyRelease
from slipway.fleet.gates import Gate, evaluate
from slipway.fleet.patience import Patience, pause_after
from slipway.fleet.swap import Swap
from slipway.hooks import http_probe
from slipway.hooks.aws.connection import shared_fleet_cloud as fleet_cloud
from slipway.hooks.aws.shared_looks import SHARED
from slipway.model.facts import Json, MachineImage
from slipway.model.target import DeployTarget
from slipway.tasks.making_way.queued_behind import newer_commit_queued
from slipway.triggers.remarks import Remarks
from slipway.triggers.settled import settled


class FleetTrigger(BaseTrigger):
    """Fires once: with ``passed``, or with what a gate has against going on.

    Meanwhile the task's log tells what the gate sees.

    :param gate: a :class:`slipway.fleet.gates.Gate`.
    :param environment: :class:`slipway.model.target.DeployTarget` as JSON.
    :param image: :class:`slipway.model.facts.MachineImage` as JSON.
    :param since: when the question was first asked, seconds since 1970.
    :param poll: seconds between two questions, at least.
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
        self._remarks = Remarks()
        self._patience = Patience(newer=self._newer, limit=float(environment["health_timeout"]))

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Name the class and its arguments, for the database."""
        names = ("gate", "environment", "image", "since", "poll")
        return "slipway.triggers.fleet.FleetTrigger", {name: getattr(self, name) for name in names}

    @settled
    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Ask until the gate has an answer."""
        # boto3 knows no asyncio; a thread keeps it away from all the other triggers.
        try:
            swap = await asyncio.to_thread(self._open)
            with SHARED.waiting((swap.target.aws_conn_id, swap.target.region)) as pause:
                while not await asyncio.to_thread(self._passes, swap):
                    waited = time.time() - self.since
                    await asyncio.sleep(pause(pause_after(waited, least=self.poll)))
        except SlipwayError as error:
            retry = not isinstance(error, InputError)
            unhealthy = isinstance(error, UnhealthyRelease)
            told = {"error": str(error), "retry": retry, "unhealthy": unhealthy, "at": time.time()}
            yield TriggerEvent(told)
        else:
            yield TriggerEvent({"passed": True})

    def _open(self) -> Swap:
        target = DeployTarget.from_json(self.environment)
        return Swap(
            cloud=fleet_cloud(
                target.aws_conn_id,
                target.region,
                project=target.project,
                environment=target.environment,
                target_group=target.target_group,
                load_balancer=target.load_balancer,
            ),
            prober=http_probe,
            target=target,
            image=MachineImage.from_json(self.image),
            log=self.log.info,
        )

    def _newer(self) -> str | None:
        """Ask from a thread, as the cloud is; only there Airflow answers a plain call."""
        from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

        ti = self.task_instance
        if ti is None:
            return None
        return newer_commit_queued(ti.dag_id, ti.run_id, RuntimeTaskInstance.get_dr_count)

    def _passes(self, swap: Swap) -> bool:
        verdict = evaluate(Gate(self.gate), swap, waited=time.time() - self.since)
        if self._remarks.due(verdict.message, last=verdict.passed):
            self.log.info("%s", verdict.message)
        self._patience.check(verdict.message, verdict.patience)
        return verdict.passed
