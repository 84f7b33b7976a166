"""Packages wait for what is built for them."""

from __future__ import annotations

from typing import Any, cast

from include.delivery.commit_dag import build
from include.project.machines.written import MachineSpec
from include.project.model import Project
from slipway.model.cloud.machine import Architecture
from slipway.tasks.kept_facts import BUILD_DEB, CHECKOUT, PUBLISH_APT, REHEARSE, TEST
from tests.include.delivery.commit_dag import projects
from tests.include.delivery.commit_dag.packages import building
from tests.include.delivery.commit_dag.projects import edges_of

project = projects.project


def test_a_package_of_what_the_pipeline_built_waits_for_it(project: Project) -> None:
    dag = build(building(project), "guestbook")
    test, deb = (cast("Any", dag.get_task(name)) for name in ("test", "build_deb"))
    assert ("test", "build_deb") in edges_of(dag)
    assert ("rehearse_migrations", "build_deb") not in edges_of(dag)
    assert (test.share.paths, test.share.pipeline, test.share.part) == (
        ("bin/shop",),
        None,
        "whole",
    )
    assert deb.built_task == "test"
    plain = build(project, "guestbook")
    assert ("test", "build_deb") not in edges_of(plain)
    assert cast("Any", plain.get_task("build_deb")).built_task is None
    assert "build" not in plain.task_ids


def test_a_package_waits_for_the_pipeline_that_builds_it_and_the_release_for_all(
    project: Project,
) -> None:
    dag = build(building(project, **{"from": "compile"}), "guestbook")
    edges = edges_of(dag)
    assert {("checkout", "build"), ("build", "build_deb"), ("build", "test")} <= edges
    assert ("test", "build_deb") not in edges
    assert {("test", "publish_apt"), ("build_deb", "publish_apt")} <= edges
    first, second = (cast("Any", dag.get_task(name)) for name in ("build", "test"))
    assert (first.share.part, second.share.part) == ("first", "second")
    assert first.share.pipeline == second.share.pipeline == "compile"
    assert cast("Any", dag.get_task("build_deb")).built_task == "build"
    assert dag.get_task("build").doc_md


def test_machines_of_two_architectures_have_what_is_built_for_each(project: Project) -> None:
    shop = building(project, built=["bin/{arch}/shop", "web/dist/**"])
    plain = build(shop, "guestbook")
    assert cast("Any", plain.get_task("test")).share.paths == ("bin/amd64/shop", "web/dist/**")
    assert cast("Any", plain.get_task("build_deb")).architectures == ("amd64",)
    graviton = MachineSpec(architecture=Architecture.ARM64)
    environments = dict(shop.environments)
    environments["prod"] = environments["prod"].model_copy(update={"machine": graviton})
    both = build(shop.model_copy(update={"environments": environments}), "guestbook")
    paths = ("bin/amd64/shop", "bin/arm64/shop", "web/dist/**")
    assert cast("Any", both.get_task("test")).share.paths == paths
    assert cast("Any", both.get_task("build_deb")).architectures == ("amd64", "arm64")


def test_a_release_is_made_of_the_facts_of_its_dags_own_tasks(project: Project) -> None:
    dag = build(project, "guestbook")
    record: Any = dag.get_task("record_release")
    assert (record.project, record.rehearsed) == ("guestbook", True)
    tasks = {CHECKOUT, TEST, REHEARSE, BUILD_DEB, PUBLISH_APT}
    assert tasks <= {task.task_id for task in record.get_flat_relatives(upstream=True)}
    plain = project.model_copy(update={"migrations": None})
    assert not cast("Any", build(plain, "guestbook").get_task("record_release")).rehearsed
