"""Newer commits end older runs, and a promotion comes in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from include.delivery.commit_dag import build
from slipway.tasks.kept_facts import BAKE_EARLY, BUILD_DEB, CHECKOUT, PUBLISH_APT, REHEARSE, TEST
from tests.include.delivery.commit_dag import projects
from tests.include.delivery.commit_dag.projects import edges_of

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from include.project.model import Project

project = projects.project


def _makes_way(dag: DAG) -> set[str]:
    return {task.task_id for task in dag.tasks if hasattr(task, "superseding")}


def superseding(project: Project, **more: Any) -> Project:
    repository = project.repository.model_copy(update={"supersede": True})
    return project.model_copy(update={"repository": repository, **more})


def test_a_run_per_commit_is_what_a_project_gets_that_says_nothing(project: Project) -> None:
    assert _makes_way(build(project, "guestbook")) == set()


def test_a_newer_commit_ends_what_tests_and_what_would_deploy(project: Project) -> None:
    ends = _makes_way(build(superseding(project), "guestbook"))
    assert {TEST, REHEARSE, BUILD_DEB, "bake_image", "swap.migrate", "swap.launch"} <= ends
    assert ends.isdisjoint({CHECKOUT, PUBLISH_APT, "record_release"})


def test_what_a_person_said_yes_to_is_not_ended(project: Project) -> None:
    dev = project.environments["dev"].model_copy(update={"approval": True})
    asking = superseding(project, environments={**project.environments, "dev": dev})
    assert _makes_way(build(asking, "guestbook")) == {TEST, REHEARSE, BUILD_DEB, BAKE_EARLY}


def test_a_deployment_by_hand_is_ended_by_no_commit(project: Project) -> None:
    assert _makes_way(build(superseding(project), "guestbook.prod")) == set()


def promoting(project: Project, name: str) -> Project:
    changed = project.environments[name].model_copy(update={"promotion": True})
    return project.model_copy(update={"environments": {**project.environments, name: changed}})


@pytest.mark.parametrize(("dag_id", "name"), [("guestbook", "dev"), ("guestbook.prod", "prod")])
def test_a_promotion_comes_when_all_else_is_ready_and_before_the_first_change(
    project: Project, dag_id: str, name: str
) -> None:
    edges = edges_of(build(promoting(project, name), dag_id))
    assert {("bake_image", "promote"), ("preflight", "promote")} <= edges
    assert ("promote", "swap.migrate") in edges
    assert "promote" not in build(project, dag_id).task_ids


def test_an_older_commit_does_not_land_by_itself_but_by_hand(project: Project) -> None:
    begins = ("swap.migrate", "swap.launch")
    by_itself: Any = [build(project, "guestbook").get_task(one) for one in begins]
    by_hand: Any = [build(project, "guestbook.dev").get_task(one) for one in begins]
    assert all(one.order is not None for one in by_itself)
    assert all(one.order is None for one in by_hand)


def test_what_is_promoted_already_is_deployed(project: Project) -> None:
    dag = build(superseding(promoting(project, "dev")), "guestbook")
    ends = _makes_way(dag)
    assert {"bake_image", "promote"} <= ends
    assert not any(task.startswith("swap.") for task in ends)
    promote: Any = dag.get_task("promote")
    assert not promote.superseding.midway
