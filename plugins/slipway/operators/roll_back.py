"""The way back of a swap that failed: the new server group goes, and the old one serves on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowSkipException

from slipway.exceptions import ApprovalUsedUp
from slipway.fleet.capacity import has_served_alone, serving_version
from slipway.fleet.goals import Goal
from slipway.fleet.lease import Lease
from slipway.fleet.swap import Swap
from slipway.model.cloud.lease import LeaseRecord
from slipway.model.facts import Json
from slipway.operators.swap import FleetOperator
from slipway.tasks.failure.failed_release import FailedRelease
from slipway.tasks.lease.takeover import run_lease
from slipway.tasks.outcomes import note_failed, note_rolled_back
from slipway.tasks.own_swap import forget_swap, never_began, note_failure, was_let_in
from slipway.tasks.params import is_dry_run
from slipway.tasks.schema.left_behind import tell_schema

if TYPE_CHECKING:
    from airflow.sdk import Context

_NOTHING = "nothing was launched, so there is nothing to roll back"


class RollBackOperator(FleetOperator):
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
    # A deployment of this run went; for the commit's page.
    went_back = False
    # The run had begun one at all; for news.
    had_begun = False
    # It was let in, however that ended.
    was_let_in = True

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
        self.was_let_in = was_let_in(context)

    def admits(self, swap: Swap) -> Callable[[LeaseRecord | None], None] | None:
        """Where each deployment is approved, keep what served before, unless it is half done."""
        if self.admission is None or not self.admission.asks:
            return None
        version = swap.image.release.version

        def admit(held: LeaseRecord | None) -> None:
            half_done = held is not None and any(one.release == version for one in held.swaps)
            if half_done or not has_served_alone(swap.group()):
                return
            if not self.was_let_in:
                raise AirflowSkipException(_NOTHING)
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
            serves = serving_version(fleet) or ""
            self.went_back = note_rolled_back(context, self.target, release, serves)
            self.had_begun = self.went_back
        else:
            self.had_begun = note_failed(context, self.target, release, "")
        forget_swap(context)
        lease.finish(release)
