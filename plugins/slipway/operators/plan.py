"""What a deployment would do, for whoever asks or has to approve it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from airflow.sdk import BaseOperator
from airflow.sdk.bases.skipmixin import SkipMixin
from airflow.sdk.exceptions import AirflowSkipException

from slipway.exceptions import ReleaseNotFound, SchemaAhead
from slipway.fleet.capacity import serving_version
from slipway.fleet.forecast import forecast
from slipway.fleet.goals import Goal
from slipway.hooks.git.connection import git_mirror
from slipway.hooks.store.approvals import Proposal
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.failed_deployments import FailedDeployments
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.links.extra import ENVIRONMENT
from slipway.model.facts import PublishedPackage, Release
from slipway.model.git.repository import Repository
from slipway.model.target import DeployTarget
from slipway.model.text.inert import visible
from slipway.operators.preflight_look import Preflight, require
from slipway.operators.preview import ImageOutlook, SchemaOutlook, known
from slipway.operators.swap import open_launch
from slipway.policies.difference import lines
from slipway.tasks.at_a_time.agreed import keep_plan
from slipway.tasks.at_a_time.moment import planned_time
from slipway.tasks.at_a_time.standby import gone_by_then
from slipway.tasks.board.between import Between
from slipway.tasks.board.by_hand import told_by_hand
from slipway.tasks.consent import Admission
from slipway.tasks.controls.allowed import URGENT, before_its_time, describe, require_open
from slipway.tasks.editions.kept import brings, of_one_release
from slipway.tasks.order.branch_order import BranchOrder
from slipway.tasks.order.newest_approval import supersede
from slipway.tasks.params import is_dry_run, reason_of, triggered_by
from slipway.tasks.retries import no_retry_on_input_error

if TYPE_CHECKING:
    from airflow.sdk import Context

# The XComs: the lines, and the version that is to be replaced.
PLAN, REPLACES = "plan", "replaces"
# Characters of a line that are told.
LONGEST_LINE = 1000
# Commits whose authors are looked at, of a release's newest.
_COMMITS = 2000


class PlanOperator(BaseOperator, SkipMixin):
    """Tell what would be baked, migrated, launched, shifted and retired, and change nothing.

    The lines are in the log, and the XCom ``plan``; the XCom ``replaces`` has the version that
    serves now. Where a person is asked, the plan is kept in the book of approvals as well, and that
    is what counts. For a run that is set for a time there always is a plan, which is signed, since
    it is made again then. A dry run ends here: all that follows is skipped.

    :param package: :class:`slipway.model.facts.PublishedPackage` as JSON.
    :param target: the environment.
    :param image: looks for the image.
    :param schema: looks at the database; None without migrations.
    :param always: also when the run is no dry run; otherwise the task has nothing to do then.
    :param admission: of the environment; the package is the catalogue's then.
    :param order: of the commits, where each of them is asked about: the newest one counts.
    :param preflight: looks whether there is everything that the deployment will need.
    :param between: looks at what lies between what serves and what would.
    :param repository: that the commits are in, where nobody approves his own.

    Example::

        plan = PlanOperator(
            task_id="plan",
            package=record["package"],
            target=target,
            image=ImageOutlook(layers=layers, aws_conn_id="aws_default"),
            schema=None,
            always=False,
        )
    """

    inherits_from_skipmixin = True
    template_fields: Sequence[str] = ("package",)
    ui_color = "#e0f2fe"
    operator_extra_links = ENVIRONMENT

    def __init__(
        self,
        *,
        package: Any,
        target: DeployTarget,
        image: ImageOutlook,
        schema: SchemaOutlook | None,
        always: bool,
        admission: Admission | None = None,
        order: BranchOrder | None = None,
        preflight: Preflight | None = None,
        between: Between | None = None,
        repository: Repository | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.package = package
        self.target = target
        self.image = image
        self.schema = schema
        self.always = always
        self.admission = admission
        self.order = order
        self.preflight = preflight
        self.between = between
        self.repository = repository
        self._context: Context | None = None
        self._replaces = ""

    def execute(self, context: Context) -> None:
        """Look at everything that the deployment would look at.

        :raises AirflowFailException: when it would stop, as the deployment itself.
        :raises AirflowSkipException: when a newer commit was here before, or, for a commit, when
            somebody held, stopped or rejected it.
        """
        dry = is_dry_run(context)
        planned = planned_time(context)
        if not (dry or self.always or planned):
            self.log.info("nobody asked for a plan; the tasks that follow tell what they do")
            return
        self._context = context
        with no_retry_on_input_error():
            package = self._package()
            if self.admission is not None and not dry:
                skip = self.admission.by_itself  # nobody has said yes yet
                require_open(context, self.admission, package.release.version, skip=skip)
            if self.preflight is not None:
                self._require_open(self.preflight, package, context)
            lines = [visible(one, LONGEST_LINE) for one in self._lines(context, package, dry=dry)]
        for line in lines:
            self.log.info("%s", line)
        ti: Any = context["ti"]
        ti.xcom_push(key=PLAN, value=lines)
        if self.admission is not None and (self.admission.asks or planned) and not dry:
            with no_retry_on_input_error():
                self._propose(context, self.admission, package, lines)
        if dry:
            self.log.info("a dry run: nothing was changed, and the rest is skipped")
            self.skip(ti=ti, tasks=self.get_flat_relatives(upstream=False))

    def on_kill(self) -> None:
        """Remove the container in which goose was asked."""
        if self._context is not None and self.schema is not None:
            self.schema.clean_up(self._context)

    def _require_open(
        self, preflight: Preflight, package: PublishedPackage, context: Context
    ) -> None:
        """Tell everything that would stop the deployment, at once; whoever asked waits for it."""
        findings = preflight.look(package, context, self.log.info)
        lasting = [replace(one, passing=False) for one in findings]
        require(lasting, preflight.target, package.release)

    def _package(self) -> PublishedPackage:
        told = PublishedPackage.from_json(self.package)
        if self.admission is None:
            return told
        return self.admission.record(told.release, told.digest).package

    def _propose(
        self, context: Context, admission: Admission, package: PublishedPackage, lines: list[str]
    ) -> None:
        """Keep what a person is asked about; the name is new, so that no earlier yes is to it."""
        ti: Any = context["ti"]
        planned = planned_time(context)
        proposal = Proposal(
            name=uuid4().hex,
            dag_id=ti.dag_id,
            run_id=ti.run_id,
            environment=admission.environment,
            release=package.release,
            sha256=package.digest,
            replaces=self._replaces,
            lines=tuple(lines),
            made_at=int(time.time()),
            started_by=triggered_by(context),
            authors=self._authors(admission, package.release.sha),
            at=str(planned or ""),
        )
        if planned is not None:
            keep_plan(context, proposal)
        if not admission.asks:
            return
        if self.order is not None:
            serving = _known(package.release.project, self._replaces)
            newer = supersede(admission.book, proposal, serving, self.order)
            if newer is not None:
                msg = f"superseded by {newer}"
                raise AirflowSkipException(msg)
        admission.book.propose(proposal)

    def _authors(self, admission: Admission, sha: str) -> tuple[str, ...]:
        """Name whose commits come with the release, where nobody approves his own."""
        if self.repository is None or not admission.rules.four_eyes:
            return ()
        known = _known(admission.project, self._replaces)
        mirror = git_mirror(self.repository.url, self.repository.connection)
        return tuple(mirror.people_between(known[1] if known else "", sha, _COMMITS))

    def _lines(self, context: Context, package: PublishedPackage, *, dry: bool) -> Iterator[str]:
        image, words = self.image.look(package)
        swap = open_launch(self.target, image, self.log.info)
        swap.check()
        fleet = swap.observe(Goal.OLD_RETIRED)  # the wish that takes the closest look
        self._replaces = replaced = serving_version(fleet) or ""
        context["ti"].xcom_push(key=REPLACES, value=replaced)
        release = package.release
        yield f"release: {release.version}, in place of {replaced or 'none'}"
        if (planned := planned_time(context)) is not None:
            yield f"at: {planned}"
        if self.admission is not None:
            yield from (f"warning: {line}" for line in describe(self.admission, release.version))
            yield from (f"warning: {line}" for line in before_its_time(context, self.admission))
        for line in gone_by_then(context, fleet, release.version):
            yield f"warning: {line}"
        if urgent := reason_of(context, URGENT):
            yield f"urgent: {urgent}"
        notes = FailedDeployments(artifact_store())
        for failed in notes.everywhere(release.project, release.version):
            yield f"warning: {failed.warning}"
        yield f"image: {words}"
        if self.schema is not None:
            yield f"schema: {self._schema(package, context, dry=dry)}"
        ahead = swap.situation(fleet, Goal.OLD_RETIRED)
        for number, step in enumerate(forecast(ahead), start=1):
            yield f"{number}. {step.said}"
        yield from told_by_hand(swap.cloud, fleet)
        yield from swap.inheritance(fleet)
        place = (self.target.project, self.target.environment)
        settings = list(brings(*place, release.version, replaced, image=image))
        yield from settings
        if self.between is not None and not (
            settings and of_one_release(release.version, replaced)
        ):
            old = Release(project=release.project, sha="", version=replaced) if replaced else None
            serves = fleet.of(replaced) if replaced else None
            images = {"old_image": (serves and serves.image_id) or "", "new_image": known(image)}
            yield from lines(self.between.look(old, release, **images))

    def _schema(self, package: PublishedPackage, context: Context, *, dry: bool) -> str:
        schema: Any = self.schema
        try:
            return str(schema.look(package.release, context, self.log.info))
        except SchemaAhead as error:
            if not dry:
                raise
            return f"the deployment would stop here: {error.message}"


def _known(project: str, version: str) -> tuple[str, str] | None:
    """Return version and sha of what serves, if it is a release of this catalogue."""
    try:
        record = ReleaseCatalogue(artifact_store()).find(project, version)
    except ReleaseNotFound:
        return None
    return version, record.checkout.release.sha
