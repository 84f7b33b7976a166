"""Asks every new machine for its health, directly, before any visitor meets it."""

from __future__ import annotations

from slipway.fleet.gates import Gate
from slipway.sensors.fleet import FleetSensor


class FleetHealthySensor(FleetSensor):
    """Asks every new machine for its health, directly, before any visitor meets it.

    :param environment: :class:`slipway.model.target.DeployTarget` as JSON.
    :param image: :class:`slipway.model.facts.MachineImage` as JSON.

    Example::

        FleetHealthySensor(
            task_id="fleet_healthy", environment=target.to_json(), image=image.output
        )
    """

    gate = Gate.HEALTHY
