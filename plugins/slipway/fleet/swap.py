"""The loop: observe, plan, act, until the wish is fulfilled.

Every task of a swap, every retry, every roll back is this loop with another wish. Its log reads
as a story: what was seen, what was decided and why, what was done.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from slipway.exceptions import CloudUnavailable, EnvironmentMisconfigured, UnhealthyRelease
from slipway.fleet.analysis import Analysis
from slipway.fleet.apply import apply, launch_of
from slipway.fleet.capacity import has_served_alone
from slipway.fleet.cloud import Cloud
from slipway.fleet.goals import Action, ActionKind, Goal, Plan
from slipway.fleet.plan import plan
from slipway.fleet.prober import Prober
from slipway.fleet.situation import Situation, group_name
from slipway.model.facts import Deployment, MachineImage
from slipway.model.fleet import Fleet, ServerGroup
from slipway.model.target import DeployTarget

# Seconds until the next look: after a change, and while something takes its time. A look that
# comes before the cloud shows the change plans it once more, and done twice is done once.
_AFTER_CHANGE, _WHILE_WAITING = 0.05, 1.0
# Never done on a look that is older than a change: what was seen may have died meanwhile.
_TAKING = frozenset({ActionKind.DETACH, ActionKind.DELETE})
# Only written down, in a moment in which no more can die than in any other.
_NOTED = frozenset({ActionKind.MARK_LIVE})
# Wishes that depend on more than the groups and the balancer's word on them.
_CLOSE = frozenset({Goal.IN_TRAFFIC, Goal.OLD_RETIRED})
# Wishes that a swap begins with.
_FIRST = frozenset({Goal.CANARY, Goal.LAUNCHED})


@dataclass(frozen=True, kw_only=True)
class Swap:
    """One release on its way into one environment.

    :param cloud: where the environment lives.
    :param prober: asks its machines, and pages.
    :param target: what the environment wants.
    :param image: the release's machine image.
    :param log: receives the story, a line at a time.
    :param clock: seconds since 1970.
    :param sleep: waits for so many seconds.
    :param ill: the ids of the release's ill machines; None where nobody has looked.
    :param launching: is told of a launch before it is done.
    """

    cloud: Cloud
    prober: Prober
    target: DeployTarget
    image: MachineImage
    log: Callable[[str], None]
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    ill: tuple[str, ...] | None = None
    launching: Callable[[Action], None] = lambda _: None

    @property
    def name(self) -> str:
        """The release's server group, and its launch template."""
        return group_name(self.target, self.image.release.version)

    @property
    def analysis(self) -> Analysis:
        """What the release is watched by while it soaks."""
        return Analysis(cloud=self.cloud, prober=self.prober, target=self.target, sleep=self.sleep)

    def observe(self, wish: Goal | None = None) -> Fleet:
        """Read the environment's fleet from the cloud.

        :param wish: what it is read for; some wishes need a closer look.
        """
        fleet = self.cloud.observe(detailed=wish in _CLOSE)
        keeps = wish is Goal.ROLLED_BACK and self.target.keep_failed > 0
        if keeps or wish is Goal.STANDBYS_RETIRED:
            # After the groups: a machine that leaves its group meanwhile is seen twice, not never.
            return replace(fleet, kept=self.cloud.kept_failed())
        return fleet

    def group(self) -> ServerGroup | None:
        """Read the release's own server group."""
        return self.observe().of(self.image.release.version)

    def situation(self, fleet: Fleet, wish: Goal) -> Situation:
        """Say what a plan is made from.

        :param fleet: as observed.
        :param wish: how far to go.
        """
        return Situation(
            fleet=fleet,
            goal=wish,
            target=self.target,
            version=self.image.release.version,
            machine_image=self.image.image_id,
            now=int(self.clock()),
            ill=self.ill,
        )

    def plan(self, fleet: Fleet, wish: Goal) -> Plan:
        """Decide what comes next, and do nothing of it.

        :param fleet: as observed.
        :param wish: how far to go.
        """
        return plan(self.situation(fleet, wish))

    def converge(self, wish: Goal, *, timeout: float, seen: Fleet | None = None) -> Fleet:
        """Act until the wish is fulfilled; nothing is done twice.

        :param wish: how far to go.
        :param timeout: seconds.
        :param seen: the fleet as it was observed for this wish just now, to begin with.
        :returns: the fleet as it was seen last.
        :raises CloudUnavailable: when it takes longer, with what is still waited for.
        :raises UnhealthyRelease: when no waiting can fulfil the wish.
        :raises EnvironmentMisconfigured: when a launch could not be watched afterwards.
        """
        deadline, story = self.clock() + timeout, _Story(self.log)
        if wish in _FIRST:
            self.check()
        while True:
            fleet, seen = seen or self.observe(wish), None
            story.seen(fleet)
            step = self.plan(fleet, wish)
            story.decided(step, wish)
            if step.done:
                return fleet
            if step.blocked:
                raise UnhealthyRelease(
                    step.blocked, advice="run the deployment again from launch on"
                )
            if self.clock() > deadline:
                msg = f"{wish.value} was not reached in {timeout:.0f} s: {_open(step)}"
                raise CloudUnavailable(msg, advice="run the task again: it goes on from here")
            for action in at_one_look(step):
                if not self._applied(action):
                    left = max(0.0, deadline - self.clock())
                    return replace(self, ill=()).converge(wish, timeout=left)
            self.sleep(_AFTER_CHANGE if step.actions else _WHILE_WAITING)

    def check(self) -> None:
        """Make sure, while it costs nothing, that what a new release is watched by is there.

        :raises EnvironmentMisconfigured: when an alarm does not exist.
        """
        if self.target.alarms and not has_served_alone(self.group()):
            self.analysis.find_alarms()

    def deployment(self, fleet: Fleet, previous: ServerGroup | None) -> Deployment:
        """Say what the swap has come to.

        :param fleet: as seen last.
        :param previous: the group that served before.
        """
        group = fleet.of(self.image.release.version)
        return Deployment(
            release=self.image.release,
            environment=self.target.environment,
            server_group=self.name,
            launch_template=self.name,
            image_id=group.image_id or self.image.image_id if group else self.image.image_id,
            instance_ids=tuple(one.instance_id for one in group.machines) if group else (),
            previous_group=previous.name if previous else None,
            previous_version=previous.version if previous else None,
        )

    def previous(self, fleet: Fleet) -> ServerGroup | None:
        """Return the group that serves beside the release, or did last and is still warm.

        :param fleet: as observed.
        """
        return self.situation(fleet, Goal.OLD_RETIRED).previous

    def inheritance(self, fleet: Fleet) -> tuple[str, ...]:
        """Say what a launch would take over from the live group, and what it would not.

        :param fleet: as observed.
        :raises EnvironmentMisconfigured: when the cloud lacks what the launch needs.
        :raises CloudUnavailable: when the cloud does not answer.
        """
        actions = self.plan(fleet, Goal.LAUNCHED).actions
        launches = (one for one in actions if one.verb is ActionKind.LAUNCH and one.source)
        made = (launch_of(one, self.target, self.image) for one in launches)
        return tuple(line for one in made for line in self.cloud.inheritance(one))

    def _applied(self, action: Action) -> bool:
        """Do one action; a machine that cannot be kept must not hold up the way back."""
        try:
            self.apply(action)
        except (EnvironmentMisconfigured, CloudUnavailable) as error:
            if action.verb is not ActionKind.KEEP_FAILED:
                raise
            self.log(f"{action.machine} cannot be kept, so it goes as well: {error.message}")
            return False
        return True

    def apply(self, action: Action) -> None:
        """Do one action, and say so.

        :raises EnvironmentMisconfigured: when the cloud refuses it.
        :raises CloudUnavailable: when the cloud does not answer.
        :raises LeaseHeld: when it is somebody else's turn.
        """
        if action.verb is ActionKind.LAUNCH:
            self.launching(action)
        said = apply(action, cloud=self.cloud, target=self.target, image=self.image)
        self.log(f"did: {action.verb.value} {action.group}")
        for line in said:
            self.log(line)


def at_one_look(step: Plan) -> tuple[Action, ...]:
    """Return the actions of a plan that may be done before the world is looked at again."""
    actions: list[Action] = []
    for action in step.actions:
        if action.verb in _TAKING and any(one.verb not in _NOTED for one in actions):
            break
        actions.append(action)
    return tuple(actions)


class _Story:
    """Tells what changes, once."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log
        self._last: dict[str, str] = {}

    def seen(self, fleet: Fleet) -> None:
        self._tell("seen", describe(fleet))

    def decided(self, step: Plan, wish: Goal) -> None:
        for action in step.actions:
            told = f"{action.verb.value} {action.group}{_details(action)}"
            self._log(f"decided: {told}, because {action.reason}")
        if step.waiting:
            self._tell("waiting", step.waiting)
        if step.done:
            self._log(f"{wish.value}: {step.note or 'nothing more to do'}")

    def _tell(self, what: str, words: str) -> None:
        if self._last.get(what) != words:
            self._last[what] = words
            self._log(f"{what}: {words}")


def describe(fleet: Fleet) -> str:
    """Say in one line what a fleet looks like."""
    if not fleet.groups:
        return "no server group"
    return "; ".join(_describe_group(group) for group in fleet.groups)


def _describe_group(group: ServerGroup) -> str:
    words = {
        f"{group.up} of {group.desired} up": True,
        f"{group.serving} serving": group.attached,
        "draining": group.draining and not group.attached,
        "standby": group.standby_until is not None,
        f"holding {' '.join(sorted(group.held))}": bool(group.held),
        "going away": group.deleting,
    }
    return f"{group.name} ({', '.join(word for word, true in words.items() if true)})"


def _details(action: Action) -> str:
    if action.machine:
        return f" ({action.machine})"
    if action.size:
        return f" to min {action.size[0]}, desired {action.size[1]}, max {action.size[2]}"
    return f" ({', '.join(sorted(action.processes))})" if action.processes else ""


def _open(step: Plan) -> str:
    return step.waiting or ", ".join(f"{one.verb.value} {one.group}" for one in step.actions)
