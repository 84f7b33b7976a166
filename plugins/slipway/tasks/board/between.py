"""Finds out what lies between two releases: from their records, their images' and git."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from slipway.exceptions import RecordRefused, ReleaseNotFound, SlipwayError
from slipway.hooks.git.command import within
from slipway.hooks.git.connection import git_mirror
from slipway.hooks.git.mirror import GitMirror
from slipway.hooks.migrations.migration_files import MigrationFiles
from slipway.hooks.store.artifacts import ArtifactStore, artifact_store
from slipway.hooks.store.image_records import ImageRecord, ImageRecords
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.model.board.deployment import subject_of
from slipway.model.board.difference import ChangedCommit, ChangedMigration, Difference
from slipway.model.facts import Release
from slipway.model.git.repository import Repository
from slipway.policies.difference import GitWord, Side, difference, pull_request_of

# Commits that are read, and those that are counted.
_NAMED, _COUNTED = 200, 10_000
# Seconds for git: a host that is silent, or a first clone, must not cost a deployment its plan.
_PATIENCE = 120.0


@dataclass(frozen=True, kw_only=True)
class Between:
    """Looks at what lies between two releases of a project.

    :param repository: that has the commits.
    :param directory: where the migrations are, from the repository's top; empty without any.
    :param region: whose images are compared; any where it is empty.
    """

    repository: Repository
    directory: str = ""
    region: str = ""

    def look(
        self, old: Release | None, new: Release, *, old_image: str = "", new_image: str = ""
    ) -> Difference:
        """Return what lies between; what cannot be found out is said in it.

        :param old: what serves; None for nothing. A version alone is enough.
        :param new: what would.
        :param old_image: id of the machine image that serves, where somebody knows.
        :param new_image: likewise, of the one that would.
        """
        store = artifact_store()
        before = self._side(store, old, old_image) if old else None
        after = self._side(store, new, new_image)
        return difference(before, after, self._ask_git(before, after))

    def _side(self, store: ArtifactStore, release: Release, image: str) -> Side:
        try:
            record = ReleaseCatalogue(store).find(release.project, release.version)
        except (ReleaseNotFound, RecordRefused):
            return Side(release=release)
        known = record.checkout.release
        found = self._image(ImageRecords(store), known, image)
        return Side(
            release=known,
            package=record.package,
            inputs=found.inputs if found else {},
            base=found.tags.get("slipway:base-image", "") if found else "",
        )

    def _image(self, records: ImageRecords, release: Release, image: str) -> ImageRecord | None:
        try:
            if image:
                return records.find(image, release)
            every = records.of(release)
            here = (one for one in every if self.region in ("", one.region))
            return next(here, None)
        except RecordRefused:
            return None

    def _ask_git(self, before: Side | None, after: Side) -> GitWord:
        if before is None:
            return GitWord()
        if not (before.release.sha and after.release.sha):
            return GitWord(unknown=("commits: the catalogue does not know both releases",))
        try:
            mirror = git_mirror(self.repository.url, self.repository.connection)
            with within(_PATIENCE):
                return ask_git(mirror, before.release.sha, after.release.sha, self.directory)
        except SlipwayError as error:
            return GitWord(unknown=(f"commits and migrations: {error.message}",))


def ask_git(mirror: GitMirror, old: str, new: str, directory: str) -> GitWord:
    """Ask git what lies between two commits, wherever they are.

    :param mirror: of the repository.
    :param old: the commit that serves.
    :param new: the one that would.
    :param directory: where the migrations are; empty without any.
    """
    gained, more_gained = _commits(mirror, new, old)
    lost, more_lost = _commits(mirror, old, new)
    unknown: list[str] = []
    before = _migrations(mirror, directory, old, unknown.append)
    after = _migrations(mirror, directory, new, unknown.append)
    if unknown:
        before, after = {}, {}
    return GitWord(
        gained=gained,
        more_gained=more_gained,
        lost=lost,
        more_lost=more_lost,
        old_migrations=before,
        new_migrations=after,
        unknown=tuple(dict.fromkeys(unknown)),
    )


def _commits(mirror: GitMirror, of: str, without: str) -> tuple[tuple[ChangedCommit, ...], int]:
    shas = mirror.only_in(of, without, _COUNTED)
    read = (mirror.commit(sha) for sha in shas[:_NAMED])
    named = tuple(
        ChangedCommit(
            sha=one.sha,
            subject=subject_of(one.message),
            author=one.author_name,
            pull_request=pull_request_of(one.message),
        )
        for one in read
    )
    return named, len(shas) - len(named)


def _migrations(
    mirror: GitMirror, directory: str, sha: str, tell: Callable[[str], None]
) -> dict[int, ChangedMigration]:
    if not directory:
        return {}
    try:
        with mirror.archive(sha, directory) as archive:
            found = MigrationFiles.from_archive(archive.read(), directory.rstrip("/"))
    except SlipwayError as error:
        tell(f"migrations: {error.message}")
        return {}
    return {
        number: ChangedMigration(
            number=number,
            name=name,
            sql=tuple(one.plain for one in found.files[number].up),
        )
        for number, name in found.names.items()
    }
