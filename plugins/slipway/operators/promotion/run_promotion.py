"""Before the swap: run the release's own pipeline for the event of being deployed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowSkipException

from slipway.exceptions import EnvironmentFrozen, ReleaseNotFound, RepositoryUnreachable
from slipway.fleet.capacity import serving_version
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.model.edition import version_of
from slipway.model.event import Event
from slipway.model.facts import Checkout, Release
from slipway.operators.check_freeze import held_up
from slipway.operators.run_pipeline import RunPipelineOperator
from slipway.operators.swap import open_cloud
from slipway.tasks.at_a_time.agreed import require_planned_again
from slipway.tasks.controls.allowed import require_open
from slipway.tasks.lease.takeover import run_lease
from slipway.tasks.making_way.superseded_run import end_for
from slipway.tasks.order.landing import landed, overtaken, skip_if_landed
from slipway.tasks.params import triggered_by
from slipway.tasks.pipeline.share import NoStepRan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from slipway.model.facts import Json
    from slipway.model.fleet import Fleet
    from slipway.model.target import DeployTarget
    from slipway.policies.freeze_windows import FreezeWindow
    from slipway.tasks.consent import Admission
    from slipway.tasks.order.branch_order import BranchOrder


class RunPromotionOperator(RunPipelineOperator):
    """Run a release's pipeline file for the event ``promote``, or ``rollback`` on the way back.

    The file, the commit, secrets and trust are those of the commit's own run; the event's target is
    the environment. A failure stops the deployment, before anything was changed; where no step is
    meant for it, the deployment goes on.

    :param target: the environment.
    :param release: :class:`slipway.model.facts.Release` as JSON.
    :param admission: what the environment lets in.
    :param order: of the repository's commits: it says which way is back.
    :param windows: in which nothing is deployed: what a pipeline does may be seen elsewhere.
    :param skip_frozen: within a window, skip what follows instead of failing.
    :param by_itself: no person chose the release: it is skipped where a newer one has landed.
    :returns: :class:`slipway.model.facts.TestReport` as JSON; empty where nothing was to run.

    Example::

        promote = RunPromotionOperator(
            task_id="promote",
            target=target,
            release=record["release"],
            admission=Admission(project="shop", environment="prod", asks=True),
            order=BranchOrder(repository=repository, delivered=Deliverable(branch="main")),
            repository=repository,
        )
    """

    template_fields: Sequence[str] = ("release",)

    def __init__(
        self,
        *,
        target: DeployTarget,
        release: Any,
        admission: Admission,
        order: BranchOrder,
        windows: Sequence[FreezeWindow] = (),
        skip_frozen: bool = False,
        by_itself: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(checkout=None, **kwargs)
        self.windows = tuple(windows)
        self.skip_frozen = skip_frozen
        self.by_itself = by_itself
        self.target = target
        self.release = release
        self.admission = admission
        self.order = order

    def execute(self, context: Context) -> Json:
        """Run the pipelines that are meant for it.

        :raises AirflowFailException: when a step failed, or nobody approved the release.
        """
        try:
            return super().execute(context)
        except NoStepRan:
            self.log.info("nothing of the pipeline file is for this, so the deployment goes on")
            return {}

    def commit(self, context: Context) -> Checkout:
        """Return the release's commit as it is on record, for this environment."""
        told = Release.from_json(self.release)
        checkout = self.admission.record(told).checkout
        consent = self.admission.consent(context, told)
        cloud = open_cloud(self.target)
        if consent is not None:
            # One yes is for one swap, and for one promotion.
            consent.admit(run_lease(context, cloud, self.log.info).holder())
        fleet = cloud.observe()
        require_planned_again(context, cloud, checkout.release.version, datetime.now(UTC))
        self._require_open(context, checkout, fleet)
        event = Event.promotion(
            self.target.environment,
            checkout.cause.ref,
            by=triggered_by(context),
            back=self._is_back(checkout, serving_version(fleet)),
        )
        self.log.info(
            "%s of %s to %s", event.kind.value, checkout.release.version, self.target.environment
        )
        # What steps are told is the release; which edition of it comes is the environment's.
        release = replace(checkout.release, version=version_of(checkout.release.version))
        branch = event.branch or checkout.branch
        return replace(checkout, release=release, event=replace(event, branch=branch))

    def _require_open(self, context: Context, checkout: Checkout, fleet: Fleet) -> None:
        """Look whether the swap would begin: else its pipeline has nothing to tell anybody."""
        version = checkout.release.version
        require_open(context, self.admission, version, skip=self.skip_frozen)
        try:
            held_up(self.windows, datetime.now(UTC), context, self.log, self.admission)
        except EnvironmentFrozen as frozen:
            if self.skip_frozen:
                raise AirflowSkipException(str(frozen)) from frozen
            raise
        if not self.by_itself:
            return
        place, there = (self.target.project, self.target.environment), landed(fleet, None)
        newer = overtaken(self.order, *place, version, there, self.log.warning)
        if newer is not None:
            end_for(newer.by, context["ti"], str(newer))
        skip_if_landed(context, self.target, version, there)

    def _is_back(self, checkout: Checkout, serving: str | None) -> bool:
        """Tell whether something newer serves there now; nobody knows of what has no record."""
        if serving in (None, checkout.release.version):
            return False
        try:
            there = ReleaseCatalogue(artifact_store()).find(self.target.project, str(serving))
        except ReleaseNotFound:
            return False
        live = there.checkout
        try:
            return self.order.precedes(checkout.release.sha, live.release.sha)
        except RepositoryUnreachable:
            return (checkout.position or 0) < (live.position or 0)
