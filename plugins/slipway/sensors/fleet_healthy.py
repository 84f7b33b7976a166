"""Asks every new machine for its health, directly, before any visitor meets it."""

from __future__ import annotations

from slipway.fleet.gates import Gate
from slipway.sensors.fleet import FleetSensor


class FleetHealthySensor(FleetSensor):
    """Asks every new machine for its health, directly, before any visitor meets it.

    :param target: the environment.
    :param image: :class:`slipway.model.facts.MachineImage` as JSON.

    Example::

        FleetHealthySensor(
            task_id="fleet_healthy", target=target, image=image.output
        )
    """

    gate = Gate.HEALTHY
