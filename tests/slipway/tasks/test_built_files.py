"""What ships is kept once per commit, and is what a task of ours has signed for."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest

from slipway.exceptions import RecordRefused, VersionConflict
from slipway.hooks.store.artifacts import ArtifactStore, artifact_store
from slipway.model.facts import BuiltFiles, Release
from slipway.pipeline.built.take import Taking
from slipway.tasks.built_files import BuiltStore, owner_of
from tests.fakes.airflow_run import FakeTask
from tests.slipway.pipeline.runtime.workspaces import Workspace

if TYPE_CHECKING:
    from pathlib import Path

RELEASE = Release(project="shop", sha="a" * 40, version="1.0.0+1.gaaaaaaa")
FOLDER = f"built/shop/{RELEASE.version}"
PATHS = ("bin/shop",)


@pytest.fixture
def workspace(tmp_path: Path, artifacts: Path) -> Workspace:
    (tmp_path / "src").mkdir()
    return Workspace(tmp_path / "src")


def keep(
    workspace: Workspace,
    content: str,
    *,
    sha: str = RELEASE.sha,
    log: list[str] | None = None,
    store: ArtifactStore | None = None,
    version: str = RELEASE.version,
    run: str = "r",
) -> BuiltFiles:
    workspace.write("bin/shop", content)
    taking = Taking(pipeline="build", paths=PATHS, file=io.BytesIO(), built_at=1)
    taking.take(workspace.read)
    said: list[str] = [] if log is None else log
    release = Release(project="shop", sha=sha, version=version)
    owner = owner_of(FakeTask(dag_id="shop.pr", run_id=run).context, release)
    built = BuiltStore(
        store=store or artifact_store(), release=release, log=said.append, owner=owner
    )
    return built.keep(taking, PATHS)


def fetch(built: BuiltFiles) -> bytes:
    file = io.BytesIO()
    BuiltStore(store=artifact_store(), release=RELEASE, log=print).fetch(built, file)
    return file.getvalue()


def names() -> list[str]:
    return sorted(artifact_store().keys(FOLDER))


def test_what_is_kept_is_what_is_fetched(workspace: Workspace) -> None:
    built = keep(workspace, "one")
    data = fetch(built)
    assert (len(data), built.files, built.reused) == (built.size, 1, False)
    assert b"one" in data
    assert len(names()) == 2


def test_a_second_build_of_the_commit_ships_the_first_and_says_so(workspace: Workspace) -> None:
    log: list[str] = []
    first = keep(workspace, "one")
    second = keep(workspace, "two", log=log)
    assert (second.sha256, second.reused) == (first.sha256, True)
    assert any("not reproducible" in line for line in log)
    assert len(names()) == 2


def test_another_commit_or_path_is_another_build(workspace: Workspace) -> None:
    assert keep(workspace, "one").sha256 != keep(workspace, "two", sha="b" * 40).sha256


@pytest.mark.parametrize("content", ["one", "two"])
def test_a_build_that_is_gone_from_the_bucket_is_replaced(
    workspace: Workspace, content: str
) -> None:
    artifact_store().delete(keep(workspace, "one").artifact)
    built = keep(workspace, content)
    assert content.encode() in fetch(built)
    assert keep(workspace, "three").sha256 == built.sha256


def test_a_try_that_was_killed_before_its_record_is_finished_by_the_next(
    workspace: Workspace,
) -> None:
    first = keep(workspace, "one")
    record = next(name for name in names() if name.endswith(".json"))
    artifact_store().delete(f"{FOLDER}/{record}")
    assert keep(workspace, "one") == first


def test_of_two_runs_at_once_one_build_ships(workspace: Workspace) -> None:
    """The other run is done between our look at the record and our own."""

    class Slow(ArtifactStore):
        def put_file(self, key: str, file: object) -> None:
            if not artifact_store().keys(FOLDER):
                self.other = keep(workspace, "two")
            super().put_file(key, file)  # type: ignore[arg-type]

    store = Slow(artifact_store()._folder.as_uri())
    ours = keep(workspace, "one", store=store)
    assert (ours.sha256, ours.reused) == (store.other.sha256, True)


@pytest.mark.parametrize("altered", [b"", b"evil", b"x" * 20_000])
def test_other_bytes_in_the_bucket_are_never_packaged(workspace: Workspace, altered: bytes) -> None:
    built = keep(workspace, "one")
    artifact_store().put(built.artifact, altered)
    with pytest.raises(VersionConflict, match="is not what the pipeline built"):
        fetch(built)
    assert keep(workspace, "one").sha256 == built.sha256
    assert fetch(built)


def test_a_record_that_somebody_else_wrote_is_refused(workspace: Workspace) -> None:
    built = keep(workspace, "one")
    record = next(name for name in names() if name.endswith(".json"))
    artifact_store().put_json(f"{FOLDER}/{record}", built.to_json())
    with pytest.raises(RecordRefused, match="is not signed"):
        keep(workspace, "one")


def test_what_two_pull_requests_build_alike_is_each_ones_own(workspace: Workspace) -> None:
    """The first whose package is made takes its build away, and no other's."""
    version = "1.0.0+2~pr7"
    one, other = (keep(workspace, "one", version=version, run=run) for run in "ab")
    assert one.sha256 == other.sha256
    assert one.artifact != other.artifact
    assert not other.reused
    artifact_store().delete(one.artifact)
    assert b"one" in fetch(other)
    assert artifact_store().keys("built") == []


def test_a_pull_requests_build_is_found_again_by_its_own_runs_next_try(
    workspace: Workspace,
) -> None:
    first = keep(workspace, "one", version="1.0.0+2~pr7")
    again = keep(workspace, "two", version="1.0.0+2~pr7")
    assert (again.sha256, again.reused) == (first.sha256, True)


def test_outside_of_a_run_and_for_a_release_nothing_changes() -> None:
    proposed = Release(project="shop", sha="a" * 40, version="1.0.0+2~pr7")
    nowhere: Any = {}
    assert owner_of(nowhere, proposed) == ""
    assert owner_of(FakeTask().context, RELEASE) == ""
    assert owner_of(FakeTask().context, proposed).startswith("runs/")
