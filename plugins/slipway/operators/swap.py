"""The swap's changes: launch, shift, retire, and the way back. Each is one wish of the loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from slipway.exceptions import RecordRefused
from slipway.fleet.goals import Action, Goal
from slipway.fleet.lease import Lease
from slipway.fleet.swap import Swap
from slipway.hooks import http_probe
from slipway.hooks.aws.connection import fleet_cloud
from slipway.hooks.fleet.cloud import FleetCloud
from slipway.links.extra import FLEET
from slipway.model.cloud.lease import LeaseRecord
from slipway.model.facts import Json, MachineImage
from slipway.model.target import DeployTarget
from slipway.operators.leased import LeasedOperator
from slipway.tasks.board.show import show
from slipway.tasks.consent import Consent, check_plan_is_current
from slipway.tasks.editions.kept import launch_target, note_launch, prove, require_noted
from slipway.tasks.images.search import require_recorded
from slipway.tasks.own_swap import finish_swap
from slipway.tasks.retries import no_retry_on_input_error

if TYPE_CHECKING:
    from airflow.sdk import Context

# Seconds, to which comes what the balancer takes to drain and to start slowly; sensors wait longer.
_PATIENCE = 480.0
_LEISURELY = frozenset({Goal.OLD_RETIRED, Goal.ROLLED_BACK})


class FleetOperator(LeasedOperator):
    """Brings the fleet to one wish, when it is the run's turn.

    :param target: the environment.
    :param image: :class:`slipway.model.facts.MachineImage` as JSON.
    :returns: :class:`slipway.model.facts.Deployment` as JSON.
    """

    template_fields: Sequence[str] = ("image",)
    ui_color = "#ede9fe"
    operator_extra_links = FLEET
    consent: Consent | None = None
    wish: Goal
    # The swap ends here, and the next one may begin.
    last = False
    # Machines are made of the image, so it is looked at whichever task the run began with.
    launches = False
    # It ends a swap and begins none, so it asks neither calendar nor plan.
    way_back = False
    # The release was watched to the end of its soak.
    soaked = False

    def __init__(self, *, target: DeployTarget, image: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target = target
        self.image = image

    def work(self, context: Context) -> Json:
        """Converge, and say what came of it."""
        with no_retry_on_input_error():
            looking = self.open_swap()
            release = looking.image.release.version
            self.ask(context, looking)
            lease = self.acquire_lease(
                context,
                looking.cloud,
                self.target,
                release,
                soaked=self.soaked,
                consent=self.consent,
                admit=self.admits(looking),
                begin=None if self.way_back else partial(self.require_planned, looking),
            )
            swap = replace(looking, cloud=looking.cloud.with_fence(lease.check))
            if self.launches:
                self.require_planned(swap)
            if self.consent:
                self.consent.use_up()
            swap = self.prepare(context, swap)
            # What served before is still there, but for the task that lets it go.
            first = swap.observe(self.wish) if self.last else None
            fleet = swap.converge(self.wish, timeout=time_allowed(swap, self.wish), seen=first)
            show(self.target.project, self.target.environment, fleet)
            if self.last:
                self.leave(lease, release, context)
        return swap.deployment(fleet, swap.previous(first or fleet)).to_json()

    def open_swap(self) -> Swap:
        """Open the swap that the task takes part in, without the lease."""
        image = MachineImage.from_json(self.image)
        # A way back needs nobody's settings, and must not fail for a note of them.
        if self.way_back:
            return open_swap(self.target, image, self.log.info)
        opened = open_launch if self.launches else open_launched
        return opened(self.target, image, self.log.info)

    def ask(self, context: Context, swap: Swap) -> None:
        """Find out whether there is a turn to wait for, and somebody's yes where one is asked for.

        :param context: the task's.
        :param swap: without the lease.
        :raises ApprovalMissing: when nobody approved this release in this run.
        """
        if self.admission is not None:
            image = swap.image
            self.consent = self.admission.consent(context, image.release, image.deb_sha256)

    def admits(self, swap: Swap) -> Callable[[LeaseRecord | None], None] | None:
        """Return what decides about what is half done; None leaves it to the yes, if there is one.

        :param swap: without the lease.
        """
        return None

    def require_planned(self, swap: Swap) -> None:
        """Look whether the plan still holds, and whether the image is the one on record.

        :param swap: of this task, with or without the lease.
        """
        require_recorded(swap.image, swap.target)
        require_noted(swap.target, swap.image)
        check_plan_is_current(swap.observe, self.consent, swap.image.release.version)

    def prepare(self, context: Context, swap: Swap) -> Swap:
        """Do what comes before the first change, now that it is the run's turn.

        :param context: the task's.
        :param swap: of this task.
        :returns: the swap, with what has been learned.
        """
        return swap

    def leave(self, lease: Lease, release: str, context: Context) -> None:
        """Let the next swap begin: this one is done, and whatever was half done before it."""
        image = MachineImage.from_json(self.image)
        prove(self.target, release, image.image_id, self.log.warning)
        finish_swap(context)
        lease.release()


class LaunchOperator(FleetOperator):
    """Launch the release's server group beside the live one, outside the balancer.

    Example::

        launch = LaunchOperator(
            task_id="launch", target=target, image=image.output
        )
    """

    wish = Goal.LAUNCHED
    launches = True


class LaunchCanaryOperator(LaunchOperator):
    """Launch the first few machines of the release, outside the balancer.

    Example::

        launch = LaunchCanaryOperator(
            task_id="launch_canary", target=target, image=image.output
        )
    """

    wish = Goal.CANARY


class ShiftTrafficOperator(FleetOperator):
    """Let the new server group into the balancer.

    Example::

        shift = ShiftTrafficOperator(
            task_id="shift_traffic", target=target, image=image.output
        )
    """

    wish = Goal.IN_TRAFFIC


class RetireOldOperator(FleetOperator):
    """Drain the old server group, then keep it warm or remove it.

    Example::

        retire = RetireOldOperator(
            task_id="retire_old", target=target, image=image.output
        )
    """

    wish = Goal.OLD_RETIRED
    last = soaked = True


def time_allowed(swap: Swap, wish: Goal) -> float:
    """Return the seconds that a wish may take.

    :param swap: whose balancer says how long it takes to hand over.
    :param wish: how far to go.
    """
    return _PATIENCE + (swap.cloud.handover_seconds() if wish in _LEISURELY else 0)


def open_swap(target: DeployTarget, image: MachineImage, log: Callable[..., None]) -> Swap:
    """Open the swap that a task takes part in.

    :param target: the environment.
    :param image: of the release.
    :param log: a logger's method.
    """
    return Swap(
        cloud=open_cloud(target),
        prober=http_probe,
        target=target,
        image=image,
        log=lambda line: log("%s", line),
    )


def open_launch(target: DeployTarget, image: MachineImage, log: Callable[..., None]) -> Swap:
    """Open a swap whose server group is launched as its edition is noted.

    :param target: the environment.
    :param image: of the release.
    :param log: a logger's method.
    :raises RecordRefused: when what is noted was not signed here.
    """
    own = launch_target(target, image)

    def launching(action: Action) -> None:
        note_launch(own, image, like_live=action.source is not None)

    return replace(open_swap(own, image, log), launching=launching)


def open_launched(target: DeployTarget, image: MachineImage, log: Callable[..., None]) -> Swap:
    """Open a swap whose group was launched already, and that comes to its end whatever is noted.

    :param target: the environment.
    :param image: of the release.
    :param log: a logger's method.
    """
    try:
        return open_launch(target, image, log)
    except RecordRefused as refused:
        log("the settings of %s are not known: %s", image.release.version, refused)
        return open_swap(target, image, log)


def open_cloud(target: DeployTarget) -> FleetCloud:
    """Open the door to one environment's fleet; nothing is asked before it is needed.

    :param target: the environment.
    """
    return fleet_cloud(
        target.aws_conn_id,
        target.region,
        project=target.project,
        environment=target.environment,
        target_group=target.target_group,
        load_balancer=target.load_balancer,
    )
