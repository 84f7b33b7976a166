"""Where a release is taken out of the catalogue: by name, or by what an environment runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from slipway.exceptions import ReleaseNotFound, RepositoryUnreachable
from slipway.fleet.capacity import serving_version
from slipway.hooks.git.connection import branch_line
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.deployments import DeploymentHistory, previous
from slipway.hooks.store.failed_deployments import FailedDeployment, FailedDeployments
from slipway.hooks.store.releases import ReleaseCatalogue, ReleaseRecord
from slipway.model.facts import Json
from slipway.model.inert import visible
from slipway.model.target import DeployTarget
from slipway.operators.record_release import parts
from slipway.operators.swap import open_cloud
from slipway.tasks.release_form import ask_which, chosen
from slipway.tasks.retries import no_retry_on_input_error

if TYPE_CHECKING:
    from airflow.sdk import Context

NEWEST, PREVIOUS, CHOOSE = "newest", "previous", "choose"
# As many as a person wants to read.
_LISTED = 25


class ChooseReleaseOperator(BaseOperator):
    """Take a release out of the catalogue, where only those are that passed the commit pipeline.

    :param environment: where it will go, :class:`slipway.model.target.DeployTarget` as JSON.
    :param version: a version, the start of a sha, ``newest`` (of those that have not failed where
        releases are tried first), ``previous`` (the last good one before what serves now),
        ``choose`` (a person picks one from a list), or nothing: what the environment before this
        one runs now.
    :param source: ``url``, ``branch`` and ``connection`` of the repository, by whose branch the
        newest release is known; without them it is by what was noted of each.
    :param before: the environment before this one, as JSON; without one, nothing means ``newest``.
    :returns: the :class:`ReleaseRecord` as JSON, and its ``release``, each key an XCom.
    """

    template_fields: Sequence[str] = ("version",)
    ui_color = "#dbeafe"

    def __init__(
        self,
        *,
        environment: Json,
        version: str,
        before: Json | None = None,
        source: Json | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"multiple_outputs": True, **kwargs})
        self.environment = environment
        self.version = version
        self.before = before
        self.source = source

    def execute(self, context: Context) -> Json:
        """Find the release; an unknown one fails for good, naming what there is."""
        catalogue, asked = ReleaseCatalogue(artifact_store()), self.version.strip()
        with no_retry_on_input_error():
            if asked == CHOOSE:
                self._ask(context, catalogue)
            return self._taken(self._find(catalogue, asked))

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Json:
        """Go on with the release that a person chose."""
        version, who = chosen(event)
        self.log.info("%s chose %s", visible(who), version)
        with no_retry_on_input_error():
            catalogue = ReleaseCatalogue(artifact_store())
            return self._taken(catalogue.find(self.environment["project"], version))

    def _ask(self, context: Context, catalogue: ReleaseCatalogue) -> None:
        target = DeployTarget.from_json(self.environment)
        places = [DeployTarget.from_json(self.before)] if self.before else []
        seen = {
            place.environment: serving_version(open_cloud(place).observe())
            for place in [*places, target]
        }
        on = {name: version for name, version in seen.items() if version}
        recent = catalogue.recent(target.project, _LISTED)
        ask_which(
            context,
            recent,
            on=on,
            failed=self._failures(one.checkout.release.version for one in recent),
            subject=f"Which release of {target.project} goes to {target.environment}?",
            default=on.get(places[0].environment) if places else None,
        )

    def _taken(self, record: ReleaseRecord) -> Json:
        release = record.checkout.release
        subject = record.checkout.message.splitlines()[0] if record.checkout.message else ""
        self.log.info("%s (%s): %s", release.version, release.sha, visible(subject))
        notes = FailedDeployments(artifact_store())
        for failed in notes.everywhere(release.project, release.version):
            self.log.warning("%s", failed.warning)
        return parts(record)

    def _find(self, catalogue: ReleaseCatalogue, asked: str) -> ReleaseRecord:
        project = self.environment["project"]
        if asked == PREVIOUS:
            return catalogue.find(project, self._previous())
        if asked and asked != NEWEST:
            return catalogue.find(project, asked)
        if asked == NEWEST or self.before is None:
            return catalogue.newest(project, self._line(), self._passes)
        source = DeployTarget.from_json(self.before)
        self.log.info("no version was named, so it is what %s runs", source.environment)
        return catalogue.find(project, _serving(source))

    def _passes(self, version: str) -> bool:
        """Pass over what failed where releases are tried first."""
        tried = (self.before or self.environment)["environment"]
        notes = FailedDeployments(artifact_store())
        failed = notes.find(self.environment["project"], tried, [version]).get(version)
        if failed is not None:
            self.log.warning(
                "%s %s, so it is passed over; name it to deploy it all the same", version, failed
            )
        return failed is None

    def _failures(self, versions: Iterable[str]) -> dict[str, list[FailedDeployment]]:
        """Find out which releases failed in the environments that the choice is about."""
        notes, asked = FailedDeployments(artifact_store()), list(versions)
        found: dict[str, list[FailedDeployment]] = {}
        for place in [*([self.before] if self.before else []), self.environment]:
            failed = notes.find(self.environment["project"], place["environment"], asked)
            for version, note in failed.items():
                found.setdefault(version, []).append(note)
        return found

    def _line(self) -> list[str] | None:
        """Return the delivered branch as the git server has it now, if it answers."""
        if self.source is None:
            return None
        try:
            return branch_line(**self.source)
        except RepositoryUnreachable as error:
            self.log.warning("%s; the newest release is taken by the order noted then", error)
            return None

    def _previous(self) -> str:
        target = DeployTarget.from_json(self.environment)
        history = DeploymentHistory(artifact_store())
        serving = _serving(target)
        found = previous(history.versions(target.project, target.environment), serving)
        if found is None:
            msg = f"nothing is known to have served {target.environment} before {serving}"
            raise ReleaseNotFound(msg, advice="name the version to go back to")
        self.log.info("%s serves now; before it there was %s", serving, found)
        return found


def _serving(target: DeployTarget) -> str:
    version = serving_version(open_cloud(target).observe())
    if version is None:
        msg = f"{target.environment} runs no release of {target.project} yet"
        raise ReleaseNotFound(msg, advice=f"name a version, or {NEWEST!r} for the newest one")
    return version
