"""Waits for an environment's lease from the triggerer, where waiting costs no worker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from slipway.exceptions import SlipwayError
from slipway.hooks.aws.connection import fleet_cloud
from slipway.hooks.aws.shared_looks import SHARED
from slipway.hooks.fleet.lease import FleetLease
from slipway.model.cloud.lease import LeaseRecord
from slipway.model.facts import Json
from slipway.model.target import DeployTarget
from slipway.triggers.settled import settled


class LeaseTrigger(BaseTrigger):
    """Fires once, when the lease has changed hands, or after ``patience`` anyway.

    Only a worker can ask Airflow whether the owner's run still lives, so it has to look again
    from time to time, also when nothing seems to have happened.

    :param environment: :class:`slipway.model.target.DeployTarget` as JSON.
    :param poll: seconds between two looks.
    :param patience: seconds.
    """

    def __init__(self, *, environment: Json, poll: float = 3.0, patience: float = 60.0) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.environment = environment
        self.poll = poll
        self.patience = patience

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Name the class and its arguments, for the database."""
        names = ("environment", "poll", "patience")
        return "slipway.triggers.lease.LeaseTrigger", {name: getattr(self, name) for name in names}

    @settled
    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until the lease is somebody else's, or nobody's."""
        until = time.monotonic() + self.patience
        try:
            # boto3 knows no asyncio; a thread keeps it away from all the other triggers.
            lease = await asyncio.to_thread(self._open)
            look = partial(SHARED.ask, self._place(lease), lease.holder)
            seen = await asyncio.to_thread(look)
            while seen and time.monotonic() < until:
                await asyncio.sleep(self.poll)
                now = await asyncio.to_thread(look)
                if now != seen:
                    self.log.info("%s", _changed(now))
                    break
        except SlipwayError as error:
            # The task meets it as well, and knows what to do about it.
            self.log.info("%s", error)
        yield TriggerEvent({})

    def _place(self, lease: FleetLease) -> tuple[str, ...]:
        """Name what all runs of the environment look at that wait for it."""
        return (str(self.environment["aws_conn_id"]), str(self.environment["region"]), lease.name)

    def _open(self) -> FleetLease:
        target = DeployTarget.from_json(self.environment)
        cloud = fleet_cloud(
            target.aws_conn_id,
            target.region,
            project=target.project,
            environment=target.environment,
            target_group=target.target_group,
            load_balancer=target.load_balancer,
        )
        return cloud.lease(owner="", is_dead=lambda _: False)


def _changed(now: LeaseRecord | None) -> str:
    return f"{now.owner} has the lease now" if now else "the lease is free"
