"""Watches the new fleet for a while; a machine that drops out ends the swap."""

from __future__ import annotations

from slipway.fleet.gates import Gate
from slipway.sensors.fleet import FleetSensor


class SoakSensor(FleetSensor):
    """Watches the new fleet for a while; a machine that drops out ends the swap.

    :param target: the environment.
    :param image: :class:`slipway.model.facts.MachineImage` as JSON.

    Example::

        SoakSensor(
            task_id="soak", target=target, image=image.output
        )
    """

    gate = Gate.SOAK
    # Nobody waits for its end by the moment, and it lasts longest.
    pause = 0.5
