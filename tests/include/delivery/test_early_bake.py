"""Where the bake beside the tests stands among a commit's tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from include.delivery.commit_dag import build
from include.project.loader import PROJECTS, load_project
from include.project.model import BakeWhen, Package, Project
from include.project.repository.pull_requests import PullRequests
from slipway.operators.bake_image import BakeImageOperator
from slipway.operators.images.bake_early import BakeEarlyOperator
from slipway.tasks.kept_facts import BAKE_EARLY

if TYPE_CHECKING:
    from airflow.sdk import DAG

# What a bake goes by, and what a candidate must not differ in.
_INPUTS = ("unit", "config", "uses", "account", "machine", "instance_type", "recipes")


@pytest.fixture(scope="module")
def project() -> Project:
    return load_project(PROJECTS / "guestbook.yaml")


def _around(dag: DAG, task: str) -> tuple[set[str], set[str]]:
    found = dag.get_task(task)
    return found.upstream_task_ids, found.downstream_task_ids


def test_its_builder_comes_up_beside_the_package_and_it_ends_at_the_bake_alone(
    project: Project,
) -> None:
    assert _around(build(project, "guestbook"), BAKE_EARLY) == ({"checkout"}, {"bake_image"})


def test_nothing_that_passes_or_fails_a_commit_waits_for_it(project: Project) -> None:
    dag = build(project, "guestbook")
    for task in ("test", "rehearse_migrations", "publish_apt", "record_release"):
        assert BAKE_EARLY not in dag.get_task(task).get_flat_relative_ids(upstream=True)


def test_what_the_pipeline_builds_is_baked_once_it_is_built(project: Project) -> None:
    written = {**project.package.model_dump(by_alias=True), "built": ["bin/shop"], "from": "build"}
    other = project.model_copy(update={"package": Package.model_validate(written)})
    dag = build(other, "guestbook")
    assert _around(dag, BAKE_EARLY) == ({"checkout", "build_deb"}, {"bake_image"})
    assert "test" not in dag.get_task(BAKE_EARLY).get_flat_relative_ids(upstream=True)


def test_both_bakes_are_of_the_same_inputs(project: Project) -> None:
    dag = build(project, "guestbook")
    early = cast("BakeEarlyOperator", dag.get_task(BAKE_EARLY))
    bake = cast("BakeImageOperator", dag.get_task("bake_image"))
    assert [getattr(early, one) for one in _INPUTS] == [getattr(bake, one) for one in _INPUTS]
    assert bake.admission
    assert early.environment == bake.admission.environment


def test_a_project_may_want_it_after_the_tests(project: Project) -> None:
    later = project.model_copy(update={"bake": BakeWhen.AFTER_TESTS})
    assert BAKE_EARLY not in build(later, "guestbook").task_ids


def test_a_release_that_is_deployed_by_hand_has_its_image_already(project: Project) -> None:
    assert BAKE_EARLY not in build(project, "guestbook.prod").task_ids


def test_nothing_is_baked_for_a_pull_request(project: Project) -> None:
    repository = project.repository.model_copy(update={"pull_requests": PullRequests()})
    other = project.model_copy(update={"repository": repository})
    assert BAKE_EARLY not in build(other, "guestbook.pr").task_ids


def test_a_project_without_a_continuous_environment_bakes_none(project: Project) -> None:
    by_hand = {"prod": project.environments["prod"]}
    dag = build(project.model_copy(update={"environments": by_hand}), "guestbook")
    assert BAKE_EARLY not in dag.task_ids


def test_where_a_person_is_asked_about_each_commit_one_is_baked_after_the_other(
    project: Project,
) -> None:
    asks = project.environments["dev"].model_copy(update={"approval": True})
    environments = {**project.environments, "dev": asks}
    dag = build(project.model_copy(update={"environments": environments}), "guestbook")
    assert dag.get_task(BAKE_EARLY).max_active_tis_per_dag == 1
    # The image becomes the release's behind the yes, not before.
    assert "approve" in dag.get_task("bake_image").upstream_task_ids
    assert "approve" not in dag.get_task(BAKE_EARLY).get_flat_relative_ids(upstream=True)
