"""Instances take time in the embedded cloud, as they do in AWS.

moto's instances run the moment they are asked for. Here they stay pending, stopping or
shutting-down until the reconciler has made it so.
"""

from __future__ import annotations

import contextlib
import enum
from typing import Any

from moto.ec2.exceptions import InvalidAMIIdError
from moto.ec2.models import EC2Backend
from moto.ec2.models.instances import Instance, InstanceBackend

from include.localcloud.api.patch import correct


class Life(enum.Enum):
    """An instance's state, with AWS's number for it."""

    PENDING = ("pending", 0)
    RUNNING = ("running", 16)
    SHUTTING_DOWN = ("shutting-down", 32)
    TERMINATED = ("terminated", 48)
    STOPPING = ("stopping", 64)
    STOPPED = ("stopped", 80)


def life(instance: Any) -> Life:
    """Return the instance's state."""
    return Life((instance._state.name, instance._state.code))


def set_life(instance: Any, state: Life) -> None:
    """Change the instance's state."""
    instance._state.name, instance._state.code = state.value


def correct_instances() -> None:
    """Teach moto's instances to take time, and its launches to check what they are given."""
    _wrap_life()
    _wrap_launch()


def _wrap_life() -> None:
    born, start, stop, terminate = (
        Instance.__init__,
        Instance.start,
        Instance.stop,
        Instance.terminate,
    )

    def begin(self: Any, *args: Any, **kwargs: Any) -> None:
        born(self, *args, **kwargs)
        set_life(self, Life.PENDING)

    def start_again(self: Any) -> Any:
        if life(self) is not Life.STOPPED:
            return self._state
        previous = start(self)
        set_life(self, Life.PENDING)
        return previous

    def stop_slowly(self: Any) -> Any:
        if life(self) not in (Life.PENDING, Life.RUNNING):
            return self._state
        previous = stop(self)
        set_life(self, Life.STOPPING)
        return previous

    def terminate_slowly(self: Any) -> Any:
        if life(self) in (Life.SHUTTING_DOWN, Life.TERMINATED):
            return self._state
        previous = terminate(self)
        set_life(self, Life.SHUTTING_DOWN)
        return previous

    correct(
        Instance, __init__=begin, start=start_again, stop=stop_slowly, terminate=terminate_slowly
    )


def _wrap_launch() -> None:
    launch = InstanceBackend.run_instances

    def run_instances(
        self: Any, image_id: Any, count: Any, user_data: Any, groups: Any, **more: Any
    ) -> Any:
        wanted = image_id or _template_image(self, more)
        # moto would launch from an image that never existed, or from one deregistered.
        if wanted not in self.amis:
            raise InvalidAMIIdError([str(wanted)])
        if not more.get("subnet_id") and not more.get("nics"):
            more["subnet_id"] = _default_subnet(self, more.get("placement"))
        return launch(self, image_id, count, user_data, groups, **more)

    correct(EC2Backend, run_instances=run_instances)


def _template_image(backend: Any, more: dict[str, Any]) -> Any:
    template = more.get("launch_template")
    return backend._get_template_from_args(template).image_id if template else None


def _default_subnet(backend: Any, zone: str | None) -> str:
    # Without a subnet moto would fall back to EC2-Classic and an address outside the VPC.
    subnets = backend.get_default_subnets()
    with contextlib.suppress(KeyError):
        return str(subnets[zone].id)
    return str(next(iter(subnets.values())).id)
