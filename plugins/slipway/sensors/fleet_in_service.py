"""Waits until the balancer has every new machine in service."""

from __future__ import annotations

from slipway.fleet.gates import Gate
from slipway.sensors.fleet import FleetSensor


class FleetInServiceSensor(FleetSensor):
    """Waits until the balancer has every new machine in service.

    :param target: the environment.
    :param image: :class:`slipway.model.facts.MachineImage` as JSON.

    Example::

        FleetInServiceSensor(
            task_id="fleet_in_service", target=target, image=image.output
        )
    """

    gate = Gate.IN_SERVICE
