"""What a commit's pipeline built: kept once per release, and given to whoever packages it.

What was built of a pull request, or of a branch that is not delivered, belongs to its run alone. It
goes when the package is made, and with the run's failure some days later.

The signed record is what counts, the tar beside it is only bytes: whoever writes the bucket can
take them away, but not have others packaged.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, Any

from slipway.exceptions import VersionConflict
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.runs.folder import BUILT, run_folder
from slipway.hooks.store.signed_records import SignedRecords
from slipway.model.facts import BuiltFiles, Release
from slipway.pipeline.built.take import Taking

if TYPE_CHECKING:
    from airflow.sdk import Context

_SHOWN = 12


@dataclass(frozen=True, kw_only=True)
class BuiltStore:
    """What was built for one release.

    :param store: where it is kept.
    :param release: whose it is.
    :param log: receives what happens.
    :param owner: the folder of the run that it belongs to; empty where that is the release.
    """

    store: ArtifactStore
    release: Release
    log: Callable[[str], None]
    owner: str = ""

    def keep(self, taking: Taking, paths: tuple[str, ...]) -> BuiltFiles:
        """Keep what was taken, or find what an earlier run of this commit has kept.

        The same commit ships the same bytes, also where its build does not give them twice. A try
        that is killed here leaves bytes that nobody has signed for; the next one does.

        :param taking: has taken it.
        :param paths: under which it was, as the project file has them.
        :returns: what ships.
        :raises SlipwayError: as :meth:`Taking.outcome`, or when somebody altered the record.
        """
        summary = taking.outcome()
        shared = f"{BUILT}/{self.release.project}/{self.release.version}"
        folder = f"{self.owner}/{BUILT}" if self.owner else shared
        ours = BuiltFiles(
            artifact=f"{folder}/{summary.sha256}.tar",
            sha256=summary.sha256,
            size=summary.size,
            files=summary.files,
            pipeline=taking.pipeline,
            paths=paths,
        )
        self.log(f"taken from the workspace of {ours.pipeline}: {_said(ours)}")
        records = SignedRecords(self.store)
        record = f"{folder}/{self._question(ours)}.json"
        if kept := self._kept(records, record, ours):
            return kept
        self.store.put_file(ours.artifact, taking.file)
        if records.put_new(record, ours.to_json()):
            return ours
        if kept := self._kept(records, record, ours):  # another run was faster
            return kept
        self.log("what an earlier run of this commit has kept is gone, so this build ships")
        records.put(record, ours.to_json())
        return ours

    def fetch(self, built: BuiltFiles, file: IO[bytes]) -> None:
        """Fetch what was built, and make sure that it is just that.

        :param built: as the pipeline's task signed it.
        :param file: empty, open for writing.
        :raises VersionConflict: when the store has something else, or nothing.
        """
        if not self._read(built, file.write):
            msg = f"{built.artifact} in the artifact store is not what the pipeline built"
            advice = "trigger the DAG again for this commit, so that its pipeline builds it anew"
            raise VersionConflict(msg, advice=advice)
        self.log(f"with what the pipeline {built.pipeline} built: {_said(built)}")

    def _kept(self, records: SignedRecords, record: str, ours: BuiltFiles) -> BuiltFiles | None:
        """Return what is on record, where its bytes are still there."""
        found = records.get(record)
        if found is None:
            return None
        kept = BuiltFiles.from_json(found)
        if not self._read(kept, lambda _: None):
            return None
        if kept.sha256 == ours.sha256:
            self.log("an earlier run of this commit has kept the same bytes")
        else:
            self.log(
                f"an earlier run of this commit has kept its build, which ships: {_said(kept)}"
            )
            self.log("this one has other bytes: the build is not reproducible (SOURCE_DATE_EPOCH?)")
        return replace(kept, reused=True)

    def _read(self, built: BuiltFiles, write: Callable[[bytes], object]) -> bool:
        """Read the bytes of a build, and tell whether they are all there and no others."""
        digest, size = hashlib.sha256(), 0
        for piece in self.store.pieces(built.artifact):
            size += len(piece)
            if size > built.size:
                return False
            digest.update(piece)
            write(piece)
        return digest.hexdigest() == built.sha256

    def _question(self, ours: BuiltFiles) -> str:
        """Name what was asked for: another commit, pipeline or path is another build."""
        asked = (self.release.sha, ours.pipeline, *ours.paths)
        return hashlib.sha256("\0".join(asked).encode()).hexdigest()[:32]


def _said(built: BuiltFiles) -> str:
    return f"{built.files} files, {built.size} bytes, sha256 {built.sha256[:_SHOWN]}"


def owner_of(context: Context, release: Release) -> str:
    """Return the folder of the run that what is built belongs to; empty where that is the release.

    :param context: the task's.
    :param release: whose it is.
    """
    ti: Any = context.get("ti")
    return run_folder(ti.dag_id, ti.run_id) if release.is_proposed and ti is not None else ""
