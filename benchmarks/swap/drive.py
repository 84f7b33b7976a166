"""One release's way into the environment, phase by phase, with a stopwatch.

The phases are what the tasks of a swap do: wishes of the loop, and the sensors as they are. Each
opens the cloud anew, as each task has to.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from airflow.sdk.exceptions import AirflowFailException

from benchmarks.swap import app
from benchmarks.swap import cloud as swap_cloud
from slipway.fleet.goals import Goal
from slipway.fleet.swap import Swap
from slipway.hooks import http_probe
from slipway.hooks.aws.connection import fleet_cloud
from slipway.hooks.fleet.cloud import FleetCloud
from slipway.model.facts import MachineImage, Release
from slipway.model.target import DeployTarget
from slipway.sensors.fleet import FleetSensor
from slipway.sensors.fleet_healthy import FleetHealthySensor
from slipway.sensors.fleet_in_service import FleetInServiceSensor
from slipway.sensors.soak import SoakSensor

CONNECTION = "aws_bench"
# Seconds.
_PATIENCE, _HEALTH_TIMEOUT = 120.0, 60.0
_BAD_TIMEOUT, _SICK_SOAK = 8.0, 20.0


@dataclass(kw_only=True)
class Delivery:
    """What became of one release; seconds.

    :param phases: by name, in their order.
    :param swap: from the launch's beginning until the new machines alone serve.
    :param rest: draining and removing, which nobody waits for.
    :param failed: why it was rolled back, if it was.
    """

    version: str
    phases: dict[str, float] = field(default_factory=dict)
    swap: float = 0.0
    rest: float = 0.0
    failed: str = ""


class Drive:
    """Brings releases of one image into the benchmark's environment.

    :param image_id: the machine image.
    :param machines: that serve each release.
    """

    def __init__(self, image_id: str, machines: int) -> None:
        self._image_id = image_id
        self._machines = machines
        # Seconds for which what served before stays warm.
        self.keep_old = 0.0
        self._done_at: dict[str, float] = {}

    def target(self, version: str) -> DeployTarget:
        """Say what the environment wants of a release."""
        return DeployTarget(
            project=swap_cloud.PROJECT,
            environment=swap_cloud.ENVIRONMENT,
            region=swap_cloud.REGION,
            aws_conn_id=CONNECTION,
            instance_type="t3.micro",
            subnets=("slipway-a", "slipway-b"),
            security_groups=("slipway-app",),
            min_size=self._machines,
            desired_size=self._machines,
            max_size=2 * self._machines,
            health_path=app.HEALTH,
            health_port=app.PORT,
            health_timeout=_BAD_TIMEOUT if version.startswith("bad") else _HEALTH_TIMEOUT,
            soak=_SICK_SOAK if version.startswith("sick") else 0.0,
            keep_old=self.keep_old,
            target_group=swap_cloud.TARGET_GROUP,
        )

    def image(self, version: str) -> MachineImage:
        """Return the image under a release's name."""
        return MachineImage(
            release=Release(project=swap_cloud.PROJECT, sha="a" * 40, version=version),
            image_id=self._image_id,
            name="web",
            base_image_id="b",
            deb_sha256="d",
            playbook_hash="p",
            region=swap_cloud.REGION,
        )

    def deliver(self, version: str) -> Delivery:
        """Swap a release in, or roll it back when a gate stays shut."""
        made = Delivery(version=version)
        began = time.monotonic()
        try:
            self._timed(made, "launch", lambda: self._wish(version, Goal.LAUNCHED))
            self._timed(made, "healthy", lambda: self._gate(version, FleetHealthySensor))
            self._timed(made, "shift", lambda: self._wish(version, Goal.IN_TRAFFIC))
            self._timed(made, "in service", lambda: self._gate(version, FleetInServiceSensor))
            if self.target(version).soak:
                self._timed(made, "soak", lambda: self._gate(version, SoakSensor))
        except AirflowFailException as error:
            made.failed = str(error)
            self._timed(made, "roll back", lambda: self._wish(version, Goal.ROLLED_BACK))
            return made
        shifted = time.monotonic()
        self._done_at.clear()
        self._wish(version, Goal.OLD_RETIRED)
        # The first release ever takes nobody's place.
        alone = self._done_at.get("detach", time.monotonic())
        made.phases["retire"] = alone - shifted
        made.swap, made.rest = alone - began, time.monotonic() - alone
        return made

    @staticmethod
    def _timed(made: Delivery, name: str, work: Any) -> None:
        began = time.monotonic()
        try:
            work()
        finally:
            made.phases[name] = time.monotonic() - began

    def _wish(self, version: str, wish: Goal) -> None:
        """Do what an operator does, under the environment's lease."""
        target, cloud = self.target(version), self._cloud(version)
        lease = cloud.lease(owner=f"benchmark {version}", is_dead=lambda _: False)
        lease.acquire()
        guarded = cloud.with_fence(lease.check)
        swap = Swap(
            cloud=guarded,
            prober=http_probe,
            target=target,
            image=self.image(version),
            log=self._note,
        )
        last = wish in (Goal.OLD_RETIRED, Goal.ROLLED_BACK)
        swap.converge(wish, timeout=_PATIENCE, seen=swap.observe(wish) if last else None)
        if last:
            lease.release()

    def opening(self) -> float:
        """Return the seconds that each task needs to open the cloud, before it can look."""
        began = time.monotonic()
        cloud = self._cloud("1.0+0")
        cloud.observe()
        opened = time.monotonic()
        cloud.observe()
        return opened - began - (time.monotonic() - opened)

    def _cloud(self, version: str) -> FleetCloud:
        target = self.target(version)
        return fleet_cloud(
            target.aws_conn_id,
            target.region,
            project=target.project,
            environment=target.environment,
            target_group=target.target_group,
        )

    def _gate(self, version: str, kind: type[FleetSensor]) -> None:
        target = self.target(version)
        image = self.image(version).to_json()
        gate = kind(task_id="gate", target=target, image=image, deferrable=False)
        gate.execute({})

    def _note(self, line: str) -> None:
        if line.startswith("did: "):
            self._done_at[line.split()[1]] = time.monotonic()
