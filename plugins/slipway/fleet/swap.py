"""The loop: observe, plan, act, until the wish is fulfilled.

Every task of a swap, every retry, every roll back is this loop with another wish. Its log reads
as a story: what was seen, what was decided and why, what was done.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from slipway.exceptions import CloudUnavailable
from slipway.facts import Deployment, MachineImage
from slipway.fleet.machine_data import user_data
from slipway.fleet.plan import Action, Verb, Wish, plan
from slipway.fleet.target import FleetTarget
from slipway.hooks.fleet_cloud import ENVIRONMENT, PROJECT, SHA, VERSION, FleetCloud, Launch
from slipway.hooks.fleet_view import Fleet, ServerGroup

# Seconds until the next look: after a change, which the cloud needs a moment to show, and while
# something takes its time.
_AFTER_CHANGE, _WHILE_WAITING = 0.2, 1.0


@dataclass(frozen=True, kw_only=True)
class Swap:
    """One release on its way into one environment.

    :param cloud: where the environment lives.
    :param target: what the environment wants.
    :param image: the release's machine image.
    :param log: receives the story, a line at a time.
    """

    cloud: FleetCloud
    target: FleetTarget
    image: MachineImage
    log: Callable[[str], None]
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep

    @property
    def name(self) -> str:
        """The release's server group, and its launch template."""
        return f"{self.target.project}-{self.target.environment}-{self.image.release.slug}"

    def observe(self) -> Fleet:
        """Read the environment's fleet from the cloud."""
        return self.cloud.observe(
            project=self.target.project, environment=self.target.environment,
            target_group=self.target.target_group, balancer=self.target.load_balancer,
        )  # fmt: skip

    def group(self) -> ServerGroup | None:
        """Read the release's own server group."""
        return self.observe().of(self.image.release.version)

    def converge(self, wish: Wish, *, timeout: float) -> Fleet:
        """Act until the wish is fulfilled; nothing is done twice.

        :param wish: how far to go.
        :param timeout: seconds.
        :returns: the fleet as it was seen last.
        :raises CloudUnavailable: when it takes longer, with what is still waited for.
        """
        deadline, seen, waiting = self.clock() + timeout, "", ""
        while True:
            fleet = self.observe()
            if (now_seen := describe(fleet)) != seen:
                self.log(f"seen: {now_seen}")
                seen = now_seen
            step = plan(
                fleet, wish, target=self.target, version=self.image.release.version,
                name=self.name, now=int(self.clock()),
            )  # fmt: skip
            if step.done:
                self.log(f"{wish.value}: nothing more to do")
                return fleet
            if step.waiting and step.waiting != waiting:
                self.log(f"waiting: {step.waiting}")
                waiting = step.waiting
            if self.clock() > deadline:
                msg = f"{wish.value} was not reached in {timeout:.0f} s: {step.waiting}"
                raise CloudUnavailable(msg, advice="run the task again: it goes on from here")
            for action in step.actions:
                self.log(f"decided: {action.verb.value} {action.group}, because {action.reason}")
                self._act(action)
            self.sleep(_AFTER_CHANGE if step.actions else _WHILE_WAITING)

    def deployment(self, fleet: Fleet, previous: ServerGroup | None) -> Deployment:
        """Say what the swap has come to.

        :param fleet: as seen last.
        :param previous: the group that served before.
        """
        group = fleet.of(self.image.release.version)
        return Deployment(
            release=self.image.release, environment=self.target.environment,
            server_group=self.name, launch_template=self.name, image_id=self.image.image_id,
            instance_ids=tuple(one.instance_id for one in group.machines) if group else (),
            previous_group=previous.name if previous else None,
            previous_version=previous.version if previous else None,
        )  # fmt: skip

    def _act(self, action: Action) -> None:
        balancer = {"target_group": self.target.target_group, "balancer": self.target.load_balancer}
        cloud, group = self.cloud, action.group
        match action.verb:
            case Verb.LAUNCH:
                cloud.launch(self._launch(action.size or self._configured()))
            case Verb.ATTACH:
                cloud.attach(group, **balancer)
                cloud.mark_standby(group, None)
            case Verb.DETACH:
                cloud.detach(group, **balancer)
            case Verb.SUSPEND_SCALING:
                cloud.suspend_scaling(group)
            case Verb.RESUME_SCALING:
                cloud.resume_scaling(group)
            case Verb.KEEP_WARM | Verb.WAKE:
                cloud.mark_standby(group, action.until)
            case Verb.DELETE:
                cloud.delete(group)

    def _configured(self) -> tuple[int, int, int]:
        return (self.target.min_size, self.target.desired_size, self.target.max_size)

    def _launch(self, size: tuple[int, int, int]) -> Launch:
        release = self.image.release
        tags = {
            PROJECT: release.project, ENVIRONMENT: self.target.environment,
            VERSION: release.version, SHA: release.sha, "Name": self.name,
        }  # fmt: skip
        return Launch(
            name=self.name, image_id=self.image.image_id, size=size, tags=tags,
            instance_type=self.target.instance_type, subnets=self.target.subnets,
            security_groups=self.target.security_groups, profile=self.target.profile,
            user_data=user_data(self.target, release),
        )  # fmt: skip


def describe(fleet: Fleet) -> str:
    """Say in one line what a fleet looks like."""
    if not fleet.groups:
        return "no server group"
    return "; ".join(_describe_group(group) for group in fleet.groups)


def _describe_group(group: ServerGroup) -> str:
    up = sum(machine.up for machine in group.machines)
    state = f"{up} of {group.desired} up"
    if group.attached:
        state += f", {group.serving} serving"
    elif group.draining:
        state += ", draining"
    if group.standby_until is not None:
        state += ", standby"
    if group.deleting:
        state += ", going away"
    return f"{group.name} ({state})"
