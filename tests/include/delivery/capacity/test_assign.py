"""Builds, bakes and swaps, where workers are few."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from airflow.models.pool import Pool
from airflow.utils.state import TaskInstanceState
from pydantic import ValidationError

from include.delivery.capacity.assign import kind_of, places
from include.delivery.commit_dag import build, dag_ids
from include.delivery.commits_dag import commits_dag
from include.delivery.housekeeping_dag import housekeeping_dag
from include.project.capacity import Capacity, TaskKind
from include.project.loader import PROJECTS, load_project
from include.project.model import Project
from slipway.exceptions import EnvironmentMisconfigured

if TYPE_CHECKING:
    from airflow.sdk import DAG

SETTING = "AIRFLOW__SLIPWAY__{}"


@pytest.fixture(scope="module")
def project() -> Project:
    return load_project(PROJECTS / "guestbook.yaml")


def _dags(project: Project) -> Iterator[DAG]:
    return (build(project, dag_id) for dag_id in dag_ids(project))


def test_a_swap_goes_before_ten_builds(project: Project) -> None:
    weights: dict[TaskKind, set[int]] = {kind: set() for kind in TaskKind}
    for dag in _dags(project):
        for task in dag.tasks:
            assert task.weight_rule.__class__.__name__ != "_DownstreamPriorityWeightStrategy"
            kind = kind_of(task)
            if kind and task.task_id != "bake_image":  # it mostly finds one that is there
                weights[kind].add(task.priority_weight)
    assert all(weights.values())
    order = (TaskKind.BUILD, TaskKind.BAKE, TaskKind.PUBLISH, TaskKind.SWAP)
    assert [max(weights[kind]) for kind in order] == sorted(max(weights[kind]) for kind in order)
    assert max(weights[TaskKind.BUILD]) < min(weights[TaskKind.SWAP])


def test_a_bake_that_may_come_to_nothing_waits_for_one_of_what_has_passed(project: Project) -> None:
    dag = build(project, "guestbook")
    early, bake, test = (dag.get_task(name) for name in ("bake_early", "bake_image", "test"))
    assert kind_of(early) is TaskKind.BAKE
    assert bake.priority_weight > early.priority_weight > test.priority_weight


def test_who_only_asks_for_an_image_waits_behind_no_bake(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deployment's image is there; it stood behind twenty bakes for minutes to be told so."""
    monkeypatch.setenv(SETTING.format("POOLS"), "bake=bakes, swap=swaps")
    monkeypatch.setenv(SETTING.format("QUEUES"), "bake=builders")
    for dag_id in ("guestbook", "guestbook.dev", "guestbook.prod"):
        bake = build(project, dag_id).get_task("bake_image")
        assert (bake.pool, bake.queue, bake.priority_weight) == ("swaps", "builders", 100)
    late = project.model_copy(update={"bake": "after_tests"})
    bake = build(late, "guestbook").get_task("bake_image")
    assert (bake.pool, bake.queue, bake.priority_weight) == ("bakes", "builders", 20)


def test_nothing_goes_before_the_way_back(project: Project) -> None:
    for dag in _dags(project):
        if dag.has_task("swap.roll_back"):
            back = dag.get_task("swap.roll_back").priority_weight
            assert back == max(task.priority_weight for task in dag.tasks)


def test_each_task_that_works_for_long_is_of_a_kind(project: Project) -> None:
    for dag in _dags(project):
        without = {task.task_id for task in dag.tasks if kind_of(task) is None}
        swap = {task for task in without if task.startswith("swap.")}
        heavy = {"checkout", "test", "build", "build_deb", "bake_image", "publish_apt", "plan"}
        heavy |= {"bake_early"}
        assert not swap
        assert not without & heavy


def test_there_are_no_pools_and_queues_by_default(project: Project) -> None:
    for dag in _dags(project):
        assert {(task.pool, task.queue) for task in dag.tasks} == {("default_pool", "default")}


def test_a_setting_gives_each_kind_its_place_and_a_project_its_own(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SETTING.format("POOLS"), "build=builds, bake=bakes,swap=swaps")
    monkeypatch.setenv(SETTING.format("QUEUES"), "swap=near-production")
    own = Capacity(pools={TaskKind.BUILD: "team_a"})
    mine = project.model_copy(update={"capacity": own})
    pools = {task.task_id: (task.pool, task.queue) for task in build(mine, "guestbook").tasks}
    assert pools["test"] == pools["build_deb"] == ("team_a", "default")
    assert pools["bake_early"] == ("bakes", "default")
    assert pools["swap.launch"] == pools["swap.roll_back"] == ("swaps", "near-production")
    assert pools["publish_apt"] == ("default_pool", "default")
    assert {task.pool for task in build(project, "guestbook").tasks} >= {"builds"}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("biuld=a", "did you mean 'build'"),
        ("build", "cannot be read: 'build'"),
        ("build=", "cannot be read: 'build='"),
        ("tests=heavy", "the kinds are build, publish, bake, swap"),
    ],
)
def test_a_setting_that_cannot_be_read_is_said(written: str, said: str) -> None:
    with pytest.raises(EnvironmentMisconfigured) as caught:
        places("pools", written)
    assert said in str(caught.value)


@pytest.mark.parametrize("name", ["", "a pool", "-x", "a/b", "a" * 129, "a\nb"])
def test_a_place_is_a_name(name: str) -> None:
    with pytest.raises(ValidationError):
        Capacity(pools={TaskKind.BUILD: name})


def test_what_waits_in_the_triggerer_takes_no_slot_of_a_pool() -> None:
    pool = Pool(pool="slipway_swaps", slots=1, include_deferred=False)
    assert TaskInstanceState.DEFERRED not in pool.get_occupied_states()
    assert TaskInstanceState.UP_FOR_RESCHEDULE not in pool.get_occupied_states()
    assert TaskInstanceState.RUNNING in pool.get_occupied_states()


def test_commits_are_found_where_builds_have_every_slot(project: Project) -> None:
    found = [task.priority_weight for task in commits_dag(lambda: [project]).tasks]
    kept = [task.priority_weight for task in housekeeping_dag([project]).tasks]
    assert set(found) == {50}
    assert set(kept) == {10}  # no less than a build: it ends swaps whose runs are over
