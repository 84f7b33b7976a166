"""moto's memory, which is the desired state of the cloud, and the one lock around it."""

from __future__ import annotations

import threading
from typing import Any

from moto.autoscaling.models import autoscaling_backends
from moto.ec2.models import ec2_backends
from moto.elb.models import elb_backends
from moto.elbv2.models import elbv2_backends

from include.localcloud.settings import ACCOUNT


class CloudState:
    """moto's backends of one region.

    moto itself takes no locks. Every request is answered under ``lock``, and whoever else reads
    or changes the backends holds it too; nobody holds it while waiting for Docker or HAProxy.

    :param region: the region whose instances, images, groups and balancers become real.
    """

    def __init__(self, *, region: str) -> None:
        self.region = region
        self.lock = threading.RLock()
        self.wake = threading.Event()

    @property
    def ec2(self) -> Any:
        return ec2_backends[ACCOUNT][self.region]

    @property
    def elb(self) -> Any:
        return elb_backends[ACCOUNT][self.region]

    @property
    def elbv2(self) -> Any:
        return elbv2_backends[ACCOUNT][self.region]

    @property
    def autoscaling(self) -> Any:
        return autoscaling_backends[ACCOUNT][self.region]

    def instances(self) -> list[Any]:
        """Return every instance, terminated ones included; hold the lock."""
        return [
            one for reservation in self.ec2.reservations.values() for one in reservation.instances
        ]
