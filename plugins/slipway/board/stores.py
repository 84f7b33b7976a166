"""What the pages read, out of the artifact store."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence

from slipway.exceptions import RecordRefused, ReleaseNotFound
from slipway.hooks.store.approvals import ApprovalBook, Proposal
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.controls import ControlBook
from slipway.hooks.store.deployments import DeploymentHistory, previous
from slipway.hooks.store.environments.history import deployments
from slipway.hooks.store.environments.snapshots import snapshots
from slipway.hooks.store.image_records import ImageRecord, ImageRecords
from slipway.hooks.store.release_order import history, in_order
from slipway.hooks.store.releases import ReleaseCatalogue, ReleaseRecord
from slipway.model.board.audit import Line
from slipway.model.board.deployment import DeploymentRecord
from slipway.model.board.snapshot import ProjectSnapshot
from slipway.model.controls import Controls
from slipway.model.edition import is_later, version_of
from slipway.model.facts import Release
from slipway.tasks.board.audit import audit
from slipway.tasks.board.show import rejected_versions

# Records that a server remembers: what a version stands for never changes.
_MOST_REMEMBERED = 20_000


class Stores:
    """Reads the store anew for each page, but for what never changes."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], ReleaseRecord] = {}
        self._lock = threading.Lock()

    def projects(self) -> Sequence[ProjectSnapshot]:
        """Return every project, as it was seen last."""
        return snapshots().every()

    def project(self, project: str) -> ProjectSnapshot | None:
        """Return one project; None where nothing was seen of it."""
        return next((one for one in self.projects() if one.project == project), None)

    def history(
        self, project: str, environment: str, most: int, skip: int = 0
    ) -> Sequence[DeploymentRecord]:
        """Return the last deployments of an environment, the newest first."""
        return deployments().last(project, environment, most=most, skip=skip)

    def releases(self, project: str, most: int) -> Sequence[ReleaseRecord]:
        """Return a project's last releases, the newest first; one that is refused is left out."""
        catalogue = ReleaseCatalogue(artifact_store())
        versions = catalogue.versions(project)
        # A record is an object: of thousands those alone are read that may be among the last.
        newest = sorted(versions, key=history, reverse=True)[:most]
        found = (self._record(catalogue, project, one, versions) for one in newest)
        return in_order(one for one in found if one is not None)[::-1]

    def release(self, project: str, version: str) -> ReleaseRecord | None:
        """Return one release; None where there is none of exactly that version."""
        catalogue = ReleaseCatalogue(artifact_store())
        versions = catalogue.versions(project)
        if (version_of(version) if is_later(version) else version) not in versions:
            return None
        return self._record(catalogue, project, version, versions)

    def images(self, release: Release) -> Sequence[ImageRecord]:
        """Return the machine images that were baked of a release."""
        store = artifact_store()
        names = store.keys(f"images/{release.project}/{version_of(release.version)}")
        records = ImageRecords(store)
        found = (records.find(one.removesuffix(".json"), release) for one in names)
        return [one for one in found if one is not None]

    def rejected(self, project: str) -> Collection[str]:
        """Return the versions that somebody rejected: they are deployed nowhere."""
        return rejected_versions(artifact_store(), project)

    def previous(self, project: str, environment: str, serving: str) -> str | None:
        """Return the release that a roll back would bring; None where there is none."""
        try:
            served = DeploymentHistory(artifact_store()).versions(project, environment)
        except RecordRefused:
            return None  # the run that would be started says why
        rejected = set(self.rejected(project)) - {serving}
        good = [one for one in served if one == serving or not {one, version_of(one)} & rejected]
        return previous(good, serving)

    def controls(self, project: str, environment: str) -> Controls:
        """Return everything that holds for an environment."""
        return ControlBook(artifact_store()).of(project, environment)

    def audit(self, project: str, environments: Sequence[str]) -> Sequence[Line]:
        """Return what people did to a project, the oldest first."""
        return audit(artifact_store(), [(project, one) for one in environments], project)

    def proposal(self, project: str, environment: str, dag_id: str, run_id: str) -> Proposal | None:
        """Return the plan that a run asks a yes to; None where it asks none."""
        book = ApprovalBook(artifact_store(), project=project, environment=environment)
        return book.proposal(dag_id, run_id)

    def _record(
        self, catalogue: ReleaseCatalogue, project: str, version: str, versions: list[str]
    ) -> ReleaseRecord | None:
        known = self._known.get((project, version))
        if known is not None:
            return known
        try:
            found = catalogue.find(project, version, among=versions)
        except (ReleaseNotFound, RecordRefused):
            return None
        with self._lock:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[project, version] = found
        return found
