"""Housekeeping of one environment: ends what was left half done, and removes old standbys."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from slipway.exceptions import LeaseHeld, RecordRefused, ReleaseNotFound
from slipway.fleet.capacity import serving_version
from slipway.fleet.goals import Goal
from slipway.fleet.plan import ending
from slipway.fleet.swap import Swap
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.deployments import DeploymentHistory
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.model.board.snapshot import ApprovalWanted
from slipway.model.cloud.lease import UnfinishedSwap
from slipway.model.facts import MachineImage, Release
from slipway.model.fleet import Fleet
from slipway.model.target import DeployTarget
from slipway.operators.swap import open_cloud, open_launched, time_allowed
from slipway.operators.trouble import own_trouble
from slipway.tasks.board.by_hand import show_by_hand
from slipway.tasks.board.housekeeping import Listed, show_all
from slipway.tasks.editions.kept import prove
from slipway.tasks.freed import Freed, FreedKind
from slipway.tasks.lease.takeover import ALIVE, run_lease
from slipway.tasks.outcomes import note_ended, note_forgotten

if TYPE_CHECKING:
    from airflow.sdk import Context


class RetireStandbysOperator(BaseOperator):
    """Remove the standbys of one environment whose time has come, unless a swap is under way.

    A swap whose run has ended without an end to the swap is brought to one first: its last task
    failed, or somebody marked the run as failed, or deleted it. A release that was not watched to
    the end of its soak leaves.

    :param target: the environment.
    :param listed: what a list of environments shows of it.

    Example::

        RetireStandbysOperator(task_id="retire_standbys", target=target)
    """

    ui_color = "#ede9fe"

    def __init__(
        self, *, target: DeployTarget, listed: Listed | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.target = target
        self.listed = listed or Listed()

    def execute(self, context: Context) -> None:
        """Converge, if there is something to do.

        :raises AirflowSkipException: while somebody else changes the environment.
        """
        with own_trouble(context):
            looking = self._open("")
            lease = run_lease(context, looking.cloud, self.log.info)
            idle = lease.holder() is None
            wish = Goal.STANDBYS_RETIRED
            before = looking.observe(wish)
            if idle and looking.plan(before, wish).done:
                self._settle(looking, context)
                return
            try:
                swaps = lease.acquire().swaps
            except LeaseHeld as held:
                raise AirflowSkipException(held.message) from held
            cloud = looking.cloud.with_fence(lease.check)
            for half in reversed(swaps):
                self.log.info("the swap to %s was left half done", half.release)
                self._end(half, replace(self._open(half.release), cloud=cloud), context)
                if half is not swaps[0]:
                    lease.finish(half.release)
            self._converge(replace(looking, cloud=cloud), Goal.STANDBYS_RETIRED)
            lease.release()
            self._tell_freed(before, self._settle(looking, context))

    def _tell_freed(self, before: Fleet, after: Fleet) -> None:
        """Say what went: of an environment nobody else changes, what is gone we took away."""
        left, freed = {one.name for one in after.groups}, Freed(FreedKind.STANDBY)
        freed.add(things=sum(one.name not in left for one in before.groups))
        freed.tell(self.log.info)

    def _settle(self, looking: Swap, context: Context) -> Fleet:
        """Note the ends that nobody noted; a note steers nothing, so none keeps a standby."""
        fleet = looking.observe()
        serves = serving_version(fleet) or ""
        try:
            note_forgotten(context, self.target, serves, self._remember)
        except RecordRefused as refused:
            self.log.warning("what became of earlier deployments is not noted: %s", refused)
        self._show(fleet, context)
        at = self.target
        show_by_hand(artifact_store(), at.project, at.environment, looking.cloud, fleet)
        return fleet

    def _show(self, fleet: Fleet, context: Context) -> None:
        ti: Any = context["ti"]

        def is_alive(asked: ApprovalWanted) -> bool:
            count = ti.get_dr_count(dag_id=asked.dag_id, run_ids=[asked.run_id], states=ALIVE)
            return bool(count)

        at = self.target
        show_all(artifact_store(), at.project, at.environment, fleet, self.listed, is_alive)

    def _end(self, half: UnfinishedSwap, swap: Swap, context: Context) -> None:
        """Bring a swap to its end; a release that stays is one to come back to later."""
        wish = ending(swap.observe(), half)
        self._converge(swap, wish)
        if wish is Goal.OLD_RETIRED:
            ti: Any = context["ti"]
            self._remember(swap.image.release, ti.run_id)
        note_ended(context, self.target, half, serving_version(swap.observe()) or "")

    def _remember(self, told: Release, run_id: str) -> None:
        """Note what serves. The lease is no authority on what was released; the catalogue is."""
        store = artifact_store()
        try:
            known = ReleaseCatalogue(store).find(told.project, told.version).checkout.release
        except (ReleaseNotFound, RecordRefused) as unknown:
            self.log.warning("%s is not noted as a deployment: %s", told.version, unknown.message)
            return
        DeploymentHistory(store).record(known, self.target.environment, run_id=run_id)
        group = open_cloud(self.target).observe().of(known.version)
        image_id = (group.image_id or "") if group is not None else ""
        prove(self.target, known.version, image_id, self.log.warning)

    def _open(self, version: str) -> Swap:
        release = Release(project=self.target.project, sha="", version=version)
        image = MachineImage.unbaked(release, region=self.target.region)
        return open_launched(self.target, image, self.log.info)

    def _converge(self, swap: Swap, wish: Goal) -> None:
        swap.converge(wish, timeout=time_allowed(swap, wish))
