"""Where a release is taken out of the catalogue: by name, or by what an environment runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from slipway.exceptions import EnvironmentMisconfigured, ReleaseNotFound, RepositoryUnreachable
from slipway.fleet.capacity import serving_version
from slipway.hooks.git.connection import branch_line
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.controls import ControlBook
from slipway.hooks.store.deployments import DeploymentHistory, previous
from slipway.hooks.store.editions import Editions
from slipway.hooks.store.failed_deployments import FailedDeployments
from slipway.hooks.store.releases import ReleaseCatalogue, ReleaseRecord
from slipway.links.extra import CHOICE
from slipway.model.controls import Rejection
from slipway.model.edition import NOTHING, SAME, is_later, version_of
from slipway.model.facts import Json
from slipway.model.git.repository import Repository
from slipway.model.target import DeployTarget
from slipway.model.text.inert import visible
from slipway.model.text.nearest import nearest_few
from slipway.operators.record_release import parts
from slipway.operators.swap import open_cloud
from slipway.tasks.at_a_time.moment import require_good_time
from slipway.tasks.consent import Admission
from slipway.tasks.controls.allowed import require_open
from slipway.tasks.editions.same import BEFORE_NOTES, Same
from slipway.tasks.images.layers import Layers
from slipway.tasks.params import is_dry_run
from slipway.tasks.past_deployments import told_by_version
from slipway.tasks.release_form import ask_which, chosen
from slipway.tasks.retries import no_retry_on_input_error
from slipway.tasks.run_note import note_run

if TYPE_CHECKING:
    from airflow.sdk import Context

    from slipway.model.fleet import Fleet

NEWEST, PREVIOUS, CHOOSE = "newest", "previous", "choose"
# As many as a person wants to read.
_LISTED = 25
# Characters of a line.
_LONGEST = 500


class ChooseReleaseOperator(BaseOperator):
    """Take a release out of the catalogue, where only those are that passed the commit pipeline.

    :param target: the environment that it will go to.
    :param version: a version, the start of a sha, ``newest`` (of those that have not failed where
        releases are tried first), ``previous`` (the last good one before what serves now),
        ``choose`` (a person picks one from a list), ``same`` (what serves, with the settings and
        the base image of today), or nothing: what the environment before this one runs now. Where
        none is named by its whole version, another edition of it that serves here stays.
    :param repository: by whose branch the newest release is known; without one it is by what was
        noted of each.
    :param branch: that is delivered.
    :param before: the environment before this one; without one, nothing means ``newest``.
    :param layers: of the environment's images, for ``same``.
    :param admission: of the environment: what somebody rejected or stopped is refused here already,
        as is whoever may not deploy.
    :returns: the :class:`ReleaseRecord` as JSON, and its ``release``, each key an XCom.

    Example::

        record = ChooseReleaseOperator(
            task_id="choose_release",
            target=target,
            version="{{ params.version or '' }}",
        )
    """

    template_fields: Sequence[str] = ("version",)
    # For slipway.tasks.maintenance: what comes next may come at any time.
    asks_people = True
    ui_color = "#dbeafe"
    operator_extra_links = CHOICE

    def __init__(
        self,
        *,
        target: DeployTarget,
        version: str,
        before: DeployTarget | None = None,
        repository: Repository | None = None,
        branch: str = "",
        admission: Admission | None = None,
        layers: Layers | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"multiple_outputs": True, **kwargs})
        self.target = target
        self.version = version
        self.before = before
        self.repository = repository
        self.branch = branch
        self.admission = admission
        self.layers = layers

    def execute(self, context: Context) -> Json:
        """Find the release; an unknown one fails for good, naming what there is.

        :raises AirflowFailException: when somebody rejected it, it may not be deployed now, or the
            run is set for no time to come.
        :raises AirflowSkipException: when `same` has nothing to bring.
        """
        catalogue, asked = ReleaseCatalogue(artifact_store()), self.version.strip()
        with no_retry_on_input_error():
            require_good_time(context, datetime.now(UTC))
            if asked == CHOOSE:
                self._ask(context, catalogue)
            return self._taken(context, self._find(catalogue, asked))

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Json:
        """Go on with the release that a person chose."""
        version, who = chosen(event)
        self.log.info("%s chose %s", visible(who), version)
        with no_retry_on_input_error():
            catalogue = ReleaseCatalogue(artifact_store())
            return self._taken(context, catalogue.find(self.target.project, self._here(version)))

    def _ask(self, context: Context, catalogue: ReleaseCatalogue) -> None:
        target = self.target
        seen = {
            place.environment: serving_version(open_cloud(place).observe())
            for place in self._places()
        }
        on = {name: version_of(version) for name, version in seen.items() if version}
        rejected = self._rejected()
        recent = [
            one
            for one in catalogue.recent(target.project, _LISTED + len(rejected))
            if one.checkout.release.version not in rejected
        ][:_LISTED]
        ask_which(
            context,
            recent,
            past=told_by_version(
                artifact_store(),
                target.project,
                (place.environment for place in self._places()),
                (one.checkout.release.version for one in recent),
                on,
                self._warn,
            ),
            subject=f"Which release of {target.project} goes to {target.environment}?",
            default=on.get(self.before.environment) if self.before else None,
        )

    def _taken(self, context: Context, record: ReleaseRecord) -> Json:
        release = record.checkout.release
        if self.admission is not None and not is_dry_run(context):
            require_open(context, self.admission, release.version)
        subject = record.checkout.message.splitlines()[0] if record.checkout.message else ""
        self.log.info("%s (%s): %s", release.version, release.sha, visible(subject))
        source = self.repository.url if self.repository else ""
        note_run(context, record.checkout, source, self.log)
        notes = FailedDeployments(artifact_store())
        for failed in notes.everywhere(release.project, release.version):
            self.log.warning("%s", failed.warning)
        return parts(record)

    def _find(self, catalogue: ReleaseCatalogue, asked: str) -> ReleaseRecord:
        project = self.target.project
        if asked == PREVIOUS:
            return catalogue.find(project, self._previous())
        if asked == SAME:
            return self._same(catalogue)
        if asked and asked != NEWEST:
            return self._named(catalogue, asked)
        if asked == NEWEST or self.before is None:
            found = catalogue.newest(project, self._line(), self._passes)
        else:
            self.log.info("no version was named, so it is what %s runs", self.before.environment)
            # An edition is its own environment's: settings and sizes are not those of another one.
            found = catalogue.find(project, version_of(_serving(self.before)))
        return catalogue.find(project, self._here(found.checkout.release.version))

    def _named(self, catalogue: ReleaseCatalogue, asked: str) -> ReleaseRecord:
        """Return what was named: an edition by its name, or a release, by a part of its sha say."""
        target = self.target
        if is_later(asked):
            known = Editions(artifact_store()).later(target.project, target.environment)
            if asked not in known:
                msg = f"{target.environment} was never given {asked}"
                near = nearest_few(asked, known, alike=0.3)
                raise ReleaseNotFound(msg, advice=f"there is {', '.join(near or known) or 'none'}")
        found = catalogue.find(target.project, asked)
        version = found.checkout.release.version
        return found if version == asked else catalogue.find(target.project, self._here(version))

    def _here(self, version: str) -> str:
        """Return the edition of a release that serves here already, or else its first one."""
        target, store = self.target, artifact_store()
        later = Editions(store).later(target.project, target.environment)
        if not any(version_of(one) == version for one in later):
            return version
        serving = serving_version(open_cloud(target).observe()) or ""
        return serving if version_of(serving) == version else version

    def _same(self, catalogue: ReleaseCatalogue) -> ReleaseRecord:
        """Return what serves in the edition that it would be launched as today."""
        target, cloud = self.target, open_cloud(self.target)
        fleet = cloud.observe()
        serving = _served(target, fleet)
        record = catalogue.find(target.project, serving)
        if self.layers is None:
            msg = f"nothing says what images of {target.project} are made of here"
            raise EnvironmentMisconfigured(msg, advice="name a version")
        group = fleet.of(serving)
        if group is None:
            msg = f"{serving} serves still, and is being taken away"
            raise ReleaseNotFound(msg, advice="somebody is changing the environment: try again")
        found = Same(target=target, layers=self.layers, cloud=cloud).choose(record.package, group)
        if found is None:
            there = Editions(artifact_store()).find(target.project, target.environment, serving)
            unknown = "" if there is not None else BEFORE_NOTES
            msg = (
                f"{NOTHING}{serving} serves {target.environment} with the settings and the "
                f"base image of today{unknown}"
            )
            self.log.info("%s", msg)
            raise AirflowSkipException(msg)
        for line in found.brings:
            self.log.info("%s", visible(line, _LONGEST))
        return catalogue.find(target.project, found.release.version)

    def _passes(self, version: str) -> bool:
        """Pass over what was rejected, and what failed where releases are tried first."""
        if (rejected := self._rejected().get(version)) is not None:
            by, why = visible(rejected.by), visible(rejected.why, 500)
            self.log.warning("%s is passed over: rejected by %s: %s", version, by, why)
            return False
        tried = (self.before or self.target).environment
        notes = FailedDeployments(artifact_store())
        failed = notes.find(self.target.project, tried, [version]).get(version)
        if failed is not None:
            self.log.warning(
                "%s %s, so it is passed over; name it to deploy it all the same", version, failed
            )
        return failed is None

    def _rejected(self) -> Mapping[str, Rejection]:
        book, target = ControlBook(artifact_store()), self.target
        return book.of(target.project, target.environment).rejected

    def _places(self) -> list[DeployTarget]:
        """List the environments that the choice is about, in the order in which releases go."""
        return [*([self.before] if self.before else []), self.target]

    def _warn(self, line: str) -> None:
        self.log.warning("%s", line)

    def _line(self) -> list[str] | None:
        """Return the delivered branch as the git server has it now, if it answers."""
        if self.repository is None:
            return None
        source = self.repository
        try:
            return branch_line(url=source.url, branch=self.branch, connection=source.connection)
        except RepositoryUnreachable as error:
            self.log.warning("%s; the newest release is taken by the order noted then", error)
            return None

    def _previous(self) -> str:
        target = self.target
        history = DeploymentHistory(artifact_store())
        serving = _serving(target)
        rejected = set(self._rejected()) - {serving}
        served = history.versions(target.project, target.environment)
        good = [one for one in served if one == serving or not {one, version_of(one)} & rejected]
        found = previous(good, serving)
        if found is None:
            msg = f"nothing is known to have served {target.environment} before {serving}"
            raise ReleaseNotFound(msg, advice="name the version to go back to")
        self.log.info("%s serves now; before it there was %s", serving, found)
        return found


def _serving(target: DeployTarget) -> str:
    return _served(target, open_cloud(target).observe())


def _served(target: DeployTarget, fleet: Fleet) -> str:
    version = serving_version(fleet)
    if version is None:
        msg = f"{target.environment} runs no release of {target.project} yet"
        raise ReleaseNotFound(msg, advice=f"name a version, or {NEWEST!r} for the newest one")
    return version
