"""What is watched, as a project file says it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from include.delivery.commit_dag import build
from include.delivery.commits_dag import commits_dag
from include.project.loader import PROJECTS, load_project
from slipway.exceptions import ProjectFileError
from slipway.model.git.watching import Burst, Watching

GUESTBOOK = (PROJECTS / "guestbook.yaml").read_text()


def write(folder: Path, watch: str) -> Path:
    file = folder / "guestbook.yaml"
    file.write_text(GUESTBOOK.replace("repository:\n", f"repository:\n  watch: {watch}\n", 1))
    return file


def test_a_file_that_says_nothing_watches_every_commit_of_its_branch() -> None:
    project = load_project(PROJECTS / "guestbook.yaml")
    assert project.repository.watch.as_watching() == Watching()


def test_branches_tags_and_bursts(tmp_path: Path) -> None:
    file = write(tmp_path, '{branches: ["release/*"], tags: ["v*"], commits: newest}')
    found = load_project(file).repository.watch.as_watching()
    assert found == Watching(branches=("release/*",), tags=("v*",), commits=Burst.NEWEST)


@pytest.mark.parametrize(
    ("watch", "said"),
    [
        ("{commits: latest}", "'every' or 'newest'"),
        ("{branch: [x]}", "branches"),
        ('{tags: ["a b"]}', "tags"),
        ("{branches: release}", "branches"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, watch: str, said: str) -> None:
    with pytest.raises(ProjectFileError, match=said):
        load_project(write(tmp_path, watch))


def test_the_run_of_a_tag_asks_before_it_deploys_and_only_where_tags_are_watched(
    tmp_path: Path,
) -> None:
    plain = load_project(PROJECTS / "guestbook.yaml")
    assert "check_event" not in build(plain, "guestbook").task_ids
    dag = build(load_project(write(tmp_path, '{tags: ["v*"]}')), "guestbook")
    check: Any = dag.get_task("check_event")
    assert check.upstream_task_ids == {"record_release"}
    reached = {task.task_id for task in check.get_flat_relatives(upstream=False)}
    assert {"bake_image", "swap.launch", "swap.shift_traffic"} <= reached


@pytest.mark.parametrize("mode", ["poke", "reschedule", "deferrable"])
def test_the_watcher_waits_as_the_configuration_says(
    mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__SLIPWAY__SENSOR_MODE", mode)
    sensor: Any = commits_dag().get_task("new_commits")
    assert sensor.deferrable == (mode == "deferrable")
    assert sensor.reschedule == (mode == "reschedule")
    assert sensor.source == "include.delivery.commits_dag.watched_projects"
