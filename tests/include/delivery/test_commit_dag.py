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
from include.project.soak import Canary
from slipway.model.git.deliverable import Deliverable
from slipway.operators.run_pipeline import RunPipelineOperator
from tests.include.delivery.commit_dag import projects
from tests.include.delivery.commit_dag.projects import asking, edges_of

if TYPE_CHECKING:
    from include.project.model import Project

project = projects.project
ROOT = Path(__file__).resolve().parents[3]


def test_a_commit_goes_the_whole_way(project: Project) -> None:
    edges = edges_of(build(project, "guestbook"))
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


def test_production_is_the_same_last_steps_behind_an_approval(project: Project) -> None:
    commit, prod = build(project, "guestbook"), build(project, "guestbook.prod")
    swap = {edge for edge in edges_of(commit) if edge[0].startswith("swap.")}
    assert swap == {edge for edge in edges_of(prod) if edge[0].startswith("swap.")}
    way = ["choose_release", "plan", "approve", "wait_for_time", "bake_image"]
    assert set(pairwise(way)) <= edges_of(prod)
    dev = build(project, "guestbook.dev")
    assert "approve" not in dev.task_ids
    for task in ("swap.migrate", "swap.launch"):
        approved: Any = prod.get_task(task)
        unasked: Any = dev.get_task(task)
        assert (approved.admission.asks, approved.admission.environment) == (True, "prod")
        assert (unasked.admission.asks, unasked.admission.environment) == (False, "dev")
    assert {("plan", "wait_for_time"), ("wait_for_time", "preflight")} <= edges_of(dev)


def test_a_continuous_environment_asks_in_front_of_everything_that_it_changes(
    project: Project,
) -> None:
    dag = build(asking(project), "guestbook")
    way = ["record_release", "plan", "approve", "bake_image", "swap.migrate", "swap.launch"]
    assert set(pairwise(way)) <= edges_of(dag)
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
    assert set(pairwise(way)) <= edges_of(dag)
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
    assert prod.schema["examples"] == ["previous", "choose", "newest", "same"]
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
    assert set(pairwise(way)) <= edges_of(prod)
    assert ("swap.migrate", "swap.launch") not in edges_of(prod)
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
    assert ("bake_image", "swap.launch") in edges_of(build(plain, "guestbook"))


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
    assert ("new_commits", "start_runs") in edges_of(watching)
    assert ("start_runs", "remember") in edges_of(watching)
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
