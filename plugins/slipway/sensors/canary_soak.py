"""Watches the first few machines of a release before the rest comes."""

from __future__ import annotations

from slipway.fleet.gates import Gate
from slipway.sensors.fleet import FleetSensor


class CanarySoakSensor(FleetSensor):
    """Watches the first few machines of a release before the rest comes.

    :param target: the environment.
    :param image: :class:`slipway.model.facts.MachineImage` as JSON.

    Example::

        CanarySoakSensor(
            task_id="canary_soak", target=target, image=image.output
        )
    """

    gate = Gate.CANARY_SOAK
