from __future__ import annotations

import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from include.delivery.commit_dag import build, dag_ids
from include.delivery.commits_dag import commits_dag
from include.delivery.defaults import LIMITS
from include.delivery.housekeeping_dag import housekeeping_dag
from include.project.cache import Cache
from include.project.freeze import Freeze
from include.project.loader import PROJECTS, load_project
from include.project.machines.written import MachineSpec
from include.project.model import Package, Project
from include.project.soak import Canary
from slipway.model.cloud.machine import Architecture
from slipway.model.git.deliverable import Deliverable
from slipway.operators.run_pipeline import RunPipelineOperator
from slipway.tasks.kept_facts import BAKE_EARLY, BUILD_DEB, CHECKOUT, PUBLISH_APT, REHEARSE, TEST

if TYPE_CHECKING:
    from airflow.sdk import DAG

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def project() -> Project:
    return load_project(PROJECTS / "guestbook.yaml")


def _edges(dag: DAG) -> set[tuple[str, str]]:
    return {(task.task_id, after) for task in dag.tasks for after in task.downstream_task_ids}


def test_a_commit_goes_the_whole_way(project: Project) -> None:
    edges = _edges(build(project, "guestbook"))
    for verification in ("test", "rehearse_migrations", "build_deb"):
        assert ("checkout", verification) in edges
        assert (verification, "publish_apt") in edges
    way = [
        "publish_apt",
        "record_release",
        "bake_image",
        "swap.migrate",
        "swap.launch",
        "swap.fleet_healthy",
        "swap.shift_traffic",
        "swap.fleet_in_service",
        "swap.soak",
        "swap.retire_old",
        "swap.record_deployment",
    ]
    assert set(pairwise(way)) <= edges
    # Beside the bake, and before anything is changed.
    assert {("record_release", "preflight"), ("preflight", "swap.migrate")} <= edges


def building(project: Project, **package: Any) -> Project:
    """The project, whose package holds what its pipeline builds."""
    written = {**project.package.model_dump(by_alias=True), "built": ["bin/shop"], **package}
    return project.model_copy(update={"package": Package.model_validate(written)})


def test_a_package_of_what_the_pipeline_built_waits_for_it(project: Project) -> None:
    dag = build(building(project), "guestbook")
    test, deb = (cast("Any", dag.get_task(name)) for name in ("test", "build_deb"))
    assert ("test", "build_deb") in _edges(dag)
    assert ("rehearse_migrations", "build_deb") not in _edges(dag)
    assert (test.share.paths, test.share.pipeline, test.share.part) == (
        ("bin/shop",),
        None,
        "whole",
    )
    assert deb.built_task == "test"
    plain = build(project, "guestbook")
    assert ("test", "build_deb") not in _edges(plain)
    assert cast("Any", plain.get_task("build_deb")).built_task is None
    assert "build" not in plain.task_ids


def test_a_package_waits_for_the_pipeline_that_builds_it_and_the_release_for_all(
    project: Project,
) -> None:
    dag = build(building(project, **{"from": "compile"}), "guestbook")
    edges = _edges(dag)
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


def test_production_is_the_same_last_steps_behind_an_approval(project: Project) -> None:
    commit, prod = build(project, "guestbook"), build(project, "guestbook.prod")
    swap = {edge for edge in _edges(commit) if edge[0].startswith("swap.")}
    assert swap == {edge for edge in _edges(prod) if edge[0].startswith("swap.")}
    way = ["choose_release", "plan", "approve", "bake_image"]
    assert set(pairwise(way)) <= _edges(prod)
    dev = build(project, "guestbook.dev")
    assert "approve" not in dev.task_ids
    for task in ("swap.migrate", "swap.launch"):
        approved: Any = prod.get_task(task)
        unasked: Any = dev.get_task(task)
        assert (approved.admission.asks, approved.admission.environment) == (True, "prod")
        assert (unasked.admission.asks, unasked.admission.environment) == (False, "dev")
    assert ("plan", "bake_image") in _edges(dev)


def asking(project: Project, **more: Any) -> Project:
    """The project, whose continuous environment asks as well."""
    dev = project.environments["dev"].model_copy(update={"approval": True, **more})
    return project.model_copy(update={"environments": {**project.environments, "dev": dev}})


def test_a_continuous_environment_asks_in_front_of_everything_that_it_changes(
    project: Project,
) -> None:
    dag = build(asking(project), "guestbook")
    way = ["record_release", "plan", "approve", "bake_image", "swap.migrate", "swap.launch"]
    assert set(pairwise(way)) <= _edges(dag)
    approve, plan = (cast("Any", dag.get_task(name)) for name in ("approve", "plan"))
    assert (approve.newest_only, plan.always, plan.order.repository.url) == (
        True,
        True,
        project.repository.url,
    )
    for name in ("bake_image", "swap.migrate", "swap.launch", "swap.shift_traffic"):
        task: Any = dag.get_task(name)
        assert task.admission.asks, name


def test_the_freeze_is_asked_before_anybody_is(project: Project) -> None:
    window = {"from": "2026-12-19", "until": "2027-01-04", "reason": "nobody is here"}
    dag = build(asking(project, freeze=(Freeze.model_validate(window),)), "guestbook")
    way = ["record_release", "check_freeze", "plan", "approve", "bake_image"]
    assert set(pairwise(way)) <= _edges(dag)
    approve: Any = dag.get_task("approve")
    assert len(approve.windows) == 1


def test_a_run_that_waits_for_a_person_does_not_hold_the_next_commit_up(project: Project) -> None:
    unasked, dag = build(project, "guestbook"), build(asking(project), "guestbook")
    assert (unasked.max_active_runs, dag.max_active_runs) == (1, 8)
    # They are tested and published one after another all the same, and compared one by one.
    for name in ("checkout", "test", "build_deb", "publish_apt", "record_release", "plan"):
        assert dag.get_task(name).max_active_tis_per_dag == 1
    assert dag.get_task("approve").max_active_tis_per_dag is None


def test_in_a_dry_run_every_task_that_changes_something_comes_after_the_plan(
    project: Project,
) -> None:
    for name in ("dev", "prod"):
        dag = build(project, f"guestbook.{name}")
        plan = dag.get_task("plan")
        before = {task.task_id for task in plan.get_flat_relatives(upstream=True)}
        after = {task.task_id for task in plan.get_flat_relatives(upstream=False)}
        assert before == {"choose_release"}
        assert before | after | {"plan"} == set(dag.task_ids)
        assert dag.params["dry_run"] is False


def test_a_plan_is_made_for_whoever_reads_it(project: Project) -> None:
    prod: Any = build(project, "guestbook.prod").get_task("plan")
    dev: Any = build(project, "guestbook.dev").get_task("plan")
    assert (prod.always, dev.always) == (True, False)
    assert prod.schema.database_conn_id == "guestbook_prod"
    assert prod.image.layers.config == {"GUESTBOOK_PORT": "8000"}


def test_an_environment_takes_the_image_that_ran_before_and_a_commit_makes_its_own(
    project: Project,
) -> None:
    bakes: list[Any] = [
        build(project, dag_id).get_task("bake_image") for dag_id in ("guestbook", "guestbook.prod")
    ]
    assert [bake.reuse for bake in bakes] == [False, True]


def test_the_form_offers_the_way_back_and_says_what_nothing_means(project: Project) -> None:
    prod = build(project, "guestbook.prod").params.get_param("version")
    dev = build(project, "guestbook.dev").params.get_param("version")
    assert prod.schema["examples"] == ["previous", "choose", "newest"]
    assert "Empty: what dev runs now" in str(prod.description)
    assert "Empty: the newest release" in str(dev.description)
    choice: Any = build(project, "guestbook.prod").get_task("choose_release")
    assert (choice.target.environment, choice.before.environment) == ("prod", "dev")
    assert prod.resolve(None) is None
    assert prod.resolve("previous") == "previous"


def test_every_task_is_documented_limited_and_retried(project: Project) -> None:
    for dag_id in dag_ids(project):
        dag = build(project, dag_id)
        assert dag.doc_md
        assert {"slipway", "guestbook"} <= set(dag.tags)
        for task in dag.tasks:
            assert task.doc_md, task.task_id
            assert task.owner == "guestbook-team"
            assert task.retries == 2
            limited = task.execution_timeout or getattr(task, "timeout", None)
            # A person has a limit of their own, and takes no worker.
            assert limited or task.task_id in ("approve", "approve_commit"), task.task_id


def test_roll_back_runs_after_a_failure_only(project: Project) -> None:
    roll_back = build(project, "guestbook").get_task("swap.roll_back")
    assert roll_back.trigger_rule == "one_failed"
    assert "swap.migrate" not in roll_back.upstream_task_ids


def test_a_canary_comes_before_the_rest_where_the_project_asks_for_one(project: Project) -> None:
    environments = dict(project.environments)
    environments["prod"] = environments["prod"].model_copy(update={"canary": Canary()})
    cautious = project.model_copy(update={"environments": environments})
    prod = build(cautious, "guestbook.prod")
    way = [
        "bake_image",
        "swap.migrate",
        "swap.launch_canary",
        "swap.canary_healthy",
        "swap.shift_canary",
        "swap.canary_in_service",
        "swap.canary_soak",
        "swap.launch",
        "swap.fleet_healthy",
        "swap.shift_traffic",
        "swap.fleet_in_service",
        "swap.soak",
        "swap.retire_old",
        "swap.record_deployment",
    ]
    assert set(pairwise(way)) <= _edges(prod)
    assert ("swap.migrate", "swap.launch") not in _edges(prod)
    assert set(way[2:12]) <= prod.get_task("swap.roll_back").upstream_task_ids
    for name in way[2:7]:
        task = prod.get_task(name)
        assert task.doc_md
        assert task.execution_timeout or getattr(task, "timeout", None)
    dev = build(cautious, "guestbook")
    assert set(dev.task_ids) == set(build(project, "guestbook").task_ids)


def test_building_twice_gives_the_same_dag(project: Project) -> None:
    from airflow.serialization.serialized_objects import DagSerialization

    for dag_id in dag_ids(project):
        first, second = (DagSerialization.to_dict(build(project, dag_id)) for _ in range(2))
        assert first == second


def test_a_project_without_migrations_has_no_goose(project: Project) -> None:
    plain = project.model_copy(update={"migrations": None})
    assert not {"rehearse_migrations", "swap.migrate"} & set(build(plain, "guestbook").task_ids)
    assert ("bake_image", "swap.launch") in _edges(build(plain, "guestbook"))


@pytest.mark.parametrize("policy", ["expand_only", "stop"])
def test_the_project_says_what_a_database_that_is_ahead_means(
    project: Project, policy: str
) -> None:
    assert project.migrations
    migrations = project.migrations.model_copy(update={"on_roll_back": policy})
    one = project.model_copy(update={"migrations": migrations})
    migrate: Any = build(one, "guestbook.prod").get_task("swap.migrate")
    assert migrate.on_roll_back == policy


def test_the_shared_dags(project: Project) -> None:
    watching = commits_dag(lambda: [project])
    assert watching.max_active_runs == 1
    assert ("new_commits", "start_runs") in _edges(watching)
    assert ("start_runs", "remember") in _edges(watching)
    assert set(housekeeping_dag([project]).task_ids) == {
        "retire_standbys.guestbook.dev",
        "retire_standbys.guestbook.prod",
        "retire_images.guestbook.aws_default.eu-west-1",
        "retire_base_images.aws_default.eu-west-1",
        "renew_apt_release",
        "forget_runs",
        "retire_caches",
        "roll_up_snapshots",
        "settle_statuses",
        "tell_trouble",
    }
    keeper: Any = housekeeping_dag([project]).get_task(
        "retire_images.guestbook.aws_default.eu-west-1"
    )
    assert keeper.keep == project.retention.releases


@pytest.mark.parametrize(
    ("file", "dag_id", "expected"),
    [
        ("projects.py", "", {f"guestbook{one}" for one in ("", ".dev", ".prod", ".pr")}),
        ("projects.py", "guestbook.prod", {"guestbook.prod"}),
        ("commits.py", "", {"commits"}),
        ("housekeeping.py", "", {"housekeeping"}),
        ("broken_projects.py", "", set()),
        ("broken_repositories.py", "", set()),
    ],
)
def test_a_loader_builds_what_is_asked_for(file: str, dag_id: str, expected: set[str]) -> None:
    code = (
        "import runpy, sys; from airflow.sdk import DAG;"
        "names = runpy.run_path(sys.argv[1]).values();"
        "print('DAGS', *(x.dag_id for x in names if isinstance(x, DAG)))"
    )
    environment = {"_AIRFLOW_PARSING_CONTEXT_DAG_ID": dag_id} if dag_id else {}
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT / "dags" / file)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("DAGS"))
    assert set(line.split()[1:]) == expected


def test_a_tag_called_like_the_branch_stops_no_run_that_names_no_ref(project: Project) -> None:
    """The short name would mean two things, and be refused."""
    ref = build(project, "guestbook").params["ref"]
    assert ref == f"refs/heads/{project.repository.branch}"
    assert Deliverable(branch=project.repository.branch).ref == ref


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
    edges = _edges(build(promoting(project, name), dag_id))
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


def test_a_cache_that_is_kept_slowly_fails_no_pipeline(project: Project) -> None:
    """It is packed and stored when the steps have passed, and their time may be up by then."""
    cached = Cache.model_validate({"path": "node_modules", "key": "package-lock.json"})
    test = project.test.model_copy(update={"cache": (cached,)})
    dag = build(project.model_copy(update={"test": test}), "guestbook")
    tasks = [task for task in dag.tasks if isinstance(task, RunPipelineOperator)]
    assert tasks
    for task in tasks:
        assert task.execution_timeout is not None
        assert task.execution_timeout >= test.timeout + LIMITS["cloud"]
