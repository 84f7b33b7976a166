"""Many projects as a few DAG files."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import BundleDagBag

from include.delivery.project_bundle import ProjectsBundle, is_in_use, shards
from include.project.loader import PROJECTS

GUESTBOOK = (PROJECTS / "guestbook.yaml").read_text()
# A project's own, of its two environments, and of its pull requests.
DAGS = 4
NAMES = [f"shop-{number}" for number in range(9)]


def _write(folder: Path, name: str) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(GUESTBOOK.replace("name: guestbook", f"name: {name}"))
    return path


@pytest.fixture
def projects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of nine projects."""
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH", str(tmp_path / "bundles"))
    folder = tmp_path / "projects"
    folder.mkdir()
    for name in NAMES:
        _write(folder, name)
    return folder


def _bundle(projects: Path) -> ProjectsBundle:
    bundle = ProjectsBundle(name="projects", projects=str(projects), each=3)
    bundle.initialize()
    return bundle


def _files(bundle: ProjectsBundle) -> dict[str, str]:
    return {path.name: path.read_text() for path in bundle.path.iterdir()}


def _dags(bundle: ProjectsBundle, file: str = "") -> set[str]:
    bag = BundleDagBag(bundle.path / file, bundle_path=bundle.path, bundle_name=bundle.name)
    assert not bag.import_errors
    return set(bag.dags)


def test_all_projects_are_there_each_in_one_file(projects: Path) -> None:
    bundle = _bundle(projects)
    assert len(_files(bundle)) == 4
    each = [_dags(bundle, name) for name in _files(bundle)]
    assert sum(map(len, each)) == len(set().union(*each)) == DAGS * len(NAMES)
    assert {"shop-3", "shop-3.dev", "shop-3.prod"} <= set().union(*each)


def test_a_change_is_one_file_s(projects: Path) -> None:
    before = _files(bundle := _bundle(projects))
    bundle.refresh()
    assert _files(bundle) == before
    path = projects / "shop-4.yaml"
    found = path.stat()
    path.write_text(path.read_text().replace("keep_old: 5m", "keep_old: 9m"))
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns - 10**9))  # as copying tools do
    bundle.refresh()
    changed = [name for name, text in _files(bundle).items() if before[name] != text]
    assert len(changed) == 1
    assert "shop-4.prod" in _dags(bundle, changed[0])


def test_what_goes_takes_its_file_s_dags_alone(projects: Path) -> None:
    bundle = _bundle(projects)
    (projects / "shop-4.yaml").unlink()
    bundle.refresh()
    left = set().union(*(_dags(bundle, name) for name in _files(bundle)))
    assert left == {
        dag
        for name in NAMES
        if name != "shop-4"
        for dag in (name, f"{name}.dev", f"{name}.prod", f"{name}.pr")
    }


def test_more_projects_get_more_files_and_none_is_in_two(projects: Path) -> None:
    bundle = _bundle(projects)
    more = [f"blog-{number}" for number in range(9)]
    for name in more:
        _write(projects, name)
    bundle.refresh()
    each = [_dags(bundle, name) for name in _files(bundle)]
    assert len(each) > 4
    assert sum(map(len, each)) == len(set().union(*each)) == DAGS * len([*NAMES, *more])


def test_a_name_that_is_taken_in_another_file_is_no_dag_twice(projects: Path) -> None:
    bundle = _bundle(projects)
    _write(projects, "zebra").write_text((projects / "shop-0.yaml").read_text())
    bundle.refresh()
    each = [_dags(bundle, name) for name in _files(bundle)]
    assert sum(map(len, each)) == DAGS * len(NAMES)


def test_a_task_builds_its_own_dag_from_whatever_file(
    projects: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = _bundle(projects)
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "shop-7.prod")
    assert {frozenset(_dags(bundle, name)) for name in _files(bundle)} == {
        frozenset({"shop-7.prod"})
    }
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "shop-7.stage")
    assert not _dags(bundle, next(iter(_files(bundle))))


def test_airflow_makes_the_bundle_from_its_settings(
    projects: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not is_in_use()
    kwargs = {"projects": str(projects), "refresh_interval": 10}
    path = f"{ProjectsBundle.__module__}.{ProjectsBundle.__name__}"
    one = {"name": "projects", "classpath": path, "kwargs": kwargs}
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps([one]))
    bundle = DagBundlesManager().get_bundle("projects")
    bundle.initialize()
    assert len(list(bundle.path.iterdir())) == shards(len(NAMES), 20) == 1
    assert is_in_use()


@pytest.mark.parametrize(
    ("count", "expected"), [(0, 1), (1, 1), (20, 1), (21, 2), (60, 4), (1000, 64), (10_000, 512)]
)
def test_how_many_files(count: int, expected: int) -> None:
    assert shards(count, 20) == expected
