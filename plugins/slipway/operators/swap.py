"""The swap's changes: launch, shift, retire, and the way back. Each is one wish of the loop."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from slipway.exceptions import ApprovalUsedUp
from slipway.fleet.capacity import has_served_alone, serving_version
from slipway.fleet.goals import Goal
from slipway.fleet.lease import Lease
from slipway.fleet.swap import Swap
from slipway.hooks import http_probe
from slipway.hooks.aws.connection import fleet_cloud
from slipway.hooks.fleet.cloud import FleetCloud
from slipway.model.cloud.lease import LeaseRecord
from slipway.model.facts import Json, MachineImage
from slipway.model.target import DeployTarget
from slipway.operators.leased import LeasedOperator, check_plan_is_current
from slipway.tasks.consent import Consent
from slipway.tasks.failure.failed_release import FailedRelease
from slipway.tasks.images.search import require_recorded
from slipway.tasks.lease_takeover import run_lease
from slipway.tasks.outcomes import note_rolled_back
from slipway.tasks.own_swap import finish_swap, forget_swap, never_began, note_failure
from slipway.tasks.params import is_dry_run
from slipway.tasks.retries import no_retry_on_input_error
from slipway.tasks.schema.left_behind import tell_schema

if TYPE_CHECKING:
    from airflow.sdk import Context

# Seconds, to which comes what the balancer takes to drain and to start slowly; sensors wait longer.
_PATIENCE = 480.0
_LEISURELY = frozenset({Goal.OLD_RETIRED, Goal.ROLLED_BACK})
_NOTHING = "nothing was launched, so there is nothing to roll back"


class _FleetOperator(LeasedOperator):
    """Brings the fleet to one wish, when it is the run's turn.

    :param target: the environment.
    :param image: :class:`slipway.model.facts.MachineImage` as JSON.
    :returns: :class:`slipway.model.facts.Deployment` as JSON.
    """

    template_fields: Sequence[str] = ("image",)
    ui_color = "#ede9fe"
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
            if self.last:
                self.leave(lease, release, context)
        return swap.deployment(fleet, swap.previous(first or fleet)).to_json()

    def open_swap(self) -> Swap:
        """Open the swap that the task takes part in, without the lease."""
        return open_swap(self.target, MachineImage.from_json(self.image), self.log.info)

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
        finish_swap(context)
        lease.release()


class LaunchOperator(_FleetOperator):
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


class ShiftTrafficOperator(_FleetOperator):
    """Let the new server group into the balancer.

    Example::

        shift = ShiftTrafficOperator(
            task_id="shift_traffic", target=target, image=image.output
        )
    """

    wish = Goal.IN_TRAFFIC


class RetireOldOperator(_FleetOperator):
    """Drain the old server group, then keep it warm or remove it.

    Example::

        retire = RetireOldOperator(
            task_id="retire_old", target=target, image=image.output
        )
    """

    wish = Goal.OLD_RETIRED
    last = soaked = True


class RollBackOperator(_FleetOperator):
    """Remove the new server group; the old one serves on. For a failed swap only.

    Example::

        risky >> RollBackOperator(
            task_id="roll_back",
            trigger_rule=TriggerRule.ONE_FAILED,
            target=target,
            image=image.output,
        )
    """

    wish = Goal.ROLLED_BACK
    last = way_back = True

    def work(self, context: Context) -> Json:
        """Converge; a swap that never began has nothing to roll back.

        :raises AirflowSkipException: when nothing was launched: no image, or a dry run.
        """
        if self.image is None or is_dry_run(context):
            raise AirflowSkipException(_NOTHING)
        return super().work(context)

    def ask(self, context: Context, swap: Swap) -> None:
        """Look whether the run's turn ever came: it keeps the lease from its first change on.

        Nobody is asked for a yes: what was begun without one goes as well.

        :raises AirflowSkipException: when nothing was launched.
        """
        if never_began(context, swap.group):
            raise AirflowSkipException(_NOTHING)
        rival = run_lease(context, swap.cloud, self.log.info).other_owner()
        if rival is not None and swap.group() is None:
            msg = f"{_NOTHING}; {rival.owner} is changing this environment"
            raise AirflowSkipException(msg)

    def admits(self, swap: Swap) -> Callable[[LeaseRecord | None], None] | None:
        """Where each deployment is approved, keep what served before, unless it is half done."""
        if self.admission is None or not self.admission.asks:
            return None
        version = swap.image.release.version

        def admit(held: LeaseRecord | None) -> None:
            half_done = held is not None and any(one.release == version for one in held.swaps)
            if half_done or not has_served_alone(swap.group()):
                return
            msg = f"the swap to {version} came to its end, so there is nothing to roll back"
            advice = "to put an earlier release back, run the environment's own DAG"
            raise ApprovalUsedUp(msg, advice=advice)

        return admit

    def prepare(self, context: Context, swap: Swap) -> Swap:
        """Have the release's machines say what is wrong, unless they were asked already."""
        group = swap.group()
        if group is None or has_served_alone(group):
            return swap
        failed = FailedRelease(
            target=swap.target,
            version=swap.image.release.version,
            context=context,
            log=swap.log,
        )
        return replace(swap, ill=failed.ill_machines("the run ended before it came into service"))

    def leave(self, lease: Lease, release: str, context: Context) -> None:
        """Leave what an earlier run left half done on record: housekeeping comes for it."""
        tell_schema(self.target, release, self.log.warning)
        swap = self.open_swap()
        fleet = swap.observe()
        group = fleet.of(swap.image.release.version)
        if group is None or not group.attached:  # else it served before, and goes on
            note_failure(context, swap.image.release, swap.target.environment)
            note_rolled_back(context, self.target, release, serving_version(fleet) or "")
        forget_swap(context)
        lease.finish(release)


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
