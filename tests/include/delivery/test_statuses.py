"""Which tasks tell a commit's page, and that nothing changes where no project asks for it."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization

from include.delivery.commit_dag import build
from include.delivery.housekeeping_dag import housekeeping_dag
from include.delivery.statuses import report_commit, statuses_dag
from include.project.loader import PROJECTS, load_project
from include.project.model import Package, Project, Repository
from slipway.model.forge.place import ForgeKind

_CALLBACKS = tuple(
    f"on_{what}_callback" for what in ("execute", "success", "failure", "retry", "skipped")
)


@pytest.fixture(scope="module")
def project() -> Project:
    """Return a project that asks for none."""
    guestbook = load_project(PROJECTS / "guestbook.yaml")
    repository = guestbook.repository.model_copy(update={"statuses": False})
    return guestbook.model_copy(update={"repository": repository})


def asking(project: Project, **more: Any) -> Project:
    repository = Repository.model_validate(
        {"url": "git@bitbucket.org:acme/guestbook.git", "connection": "c", "statuses": True}
    )
    return project.model_copy(update={"repository": repository, **more})


def reporters(task: Any) -> list[Any]:
    """List what a task tells a commit's page with."""
    return [callback.__self__ for callback in task.on_failure_callback]


def stages(dag: DAG) -> dict[str, list[str]]:
    """List the tasks of each stage that the DAG tells of."""
    found: dict[str, list[str]] = {}
    for task in dag.tasks:
        for one in reporters(task):
            found.setdefault(one.stage.name, []).append(task.task_id)
    return found


def test_a_project_that_does_not_ask_is_as_it_was(project: Project) -> None:
    for dag_id in ("guestbook", "guestbook.prod"):
        dag = build(project, dag_id)
        assert not any(getattr(task, name) for task in dag.tasks for name in _CALLBACKS)
    assert statuses_dag([project]) is None
    assert "settle_statuses" not in housekeeping_dag([project]).task_ids


def test_asking_adds_no_task_and_no_arrow(project: Project) -> None:
    for dag_id in ("guestbook", "guestbook.prod"):
        before, after = build(project, dag_id), build(asking(project), dag_id)
        assert before.task_ids == after.task_ids
        for task in before.tasks:
            assert task.downstream_task_ids == after.get_task(task.task_id).downstream_task_ids


def test_a_commit_has_a_status_for_each_stage(project: Project) -> None:
    found = stages(build(asking(project), "guestbook"))
    # A commit that cannot be checked out is tested no further.
    assert found["test"] == ["checkout", "test"]
    assert found["migrations"] == ["rehearse_migrations"]
    assert found["package"] == ["build_deb", "publish_apt"]
    assert {"preflight", "bake_image", "swap.launch", "swap.soak", "swap.roll_back"} <= set(
        found["dev"]
    )
    assert set(found) == {"test", "migrations", "package", "dev"}


def test_an_environment_called_test_has_a_status_of_its_own(project: Project) -> None:
    environments = {"test": project.environments["dev"], "prod": project.environments["prod"]}
    found = stages(build(asking(project, environments=environments), "guestbook"))
    assert found["test"] == ["checkout", "test"]
    assert "swap.launch" in found["deploy/test"]


def test_every_task_of_a_deployment_has_its_words(project: Project) -> None:
    dag = build(asking(project), "guestbook.prod")
    assert set(dag.task_ids) - set(stages(dag)["prod"]) == {"choose_release"}


def test_a_pipeline_in_two_halves_is_one_stage(project: Project) -> None:
    package = Package.model_validate(
        {
            **project.package.model_dump(by_alias=True),
            "built": ["app"],
            "from": "build",
            "debs": None,
        }
    )
    found = stages(build(asking(project, package=package), "guestbook"))
    assert found["test"] == ["checkout", "build", "test"]


def test_the_stages_last_task_is_one_of_it(project: Project) -> None:
    for dag_id in ("guestbook", "guestbook.prod"):
        for task in build(asking(project), dag_id).tasks:
            for one in reporters(task):
                assert one.stage.last in one.stage.tasks
                assert task.task_id in one.stage.tasks


def test_a_dag_that_publishes_nothing_ends_its_stage_earlier(project: Project) -> None:
    with DAG(dag_id="guestbook.pr", schedule=None) as dag:
        for task_id in ("checkout", "test", "build_deb"):
            EmptyOperator(task_id=task_id)
    report_commit(dag, asking(project))
    assert stages(dag) == {"test": ["checkout", "test"], "package": ["build_deb"]}
    assert reporters(dag.get_task("build_deb"))[0].stage.last == "build_deb"


def test_the_place_is_the_repositorys_at_its_host(project: Project) -> None:
    task = build(asking(project), "guestbook").get_task("test")
    place = reporters(task)[0].stage.place
    assert (place.kind, place.path) == (ForgeKind.BITBUCKET, "acme/guestbook")
    assert (place.server, place.connection) == ("https://api.bitbucket.org", "c")


def test_a_project_alone_with_its_commits_keeps_its_short_names(project: Project) -> None:
    task = build(asking(project), "guestbook").get_task("test")
    assert not reporters(task)[0].stage.shared


def test_two_projects_of_one_repository_say_their_names(project: Project) -> None:
    one = asking(project).sharing_commits()
    for dag_id, task_id in (("guestbook", "test"), ("guestbook.prod", "plan")):
        assert reporters(build(one, dag_id).get_task(task_id))[0].stage.shared


def test_airflow_can_store_what_asks(project: Project) -> None:
    one, other = (build(asking(project), "guestbook") for _ in range(2))
    assert DagSerialization.to_dict(one) == DagSerialization.to_dict(other)


def test_one_dag_sends_for_all_who_ask(project: Project) -> None:
    dag = statuses_dag([project, asking(project)])
    assert dag is not None
    assert dag.task_ids == ["send"]
    assert "settle_statuses" in housekeeping_dag([asking(project)]).task_ids


@pytest.mark.parametrize(("dag_id", "task_id"), [("prod", "approve"), ("pr", "approve_commit")])
def test_a_task_that_asks_a_person_says_so_where_it_asks(
    project: Project, dag_id: str, task_id: str
) -> None:
    """As it begins nobody knows yet; and each time that it wakes up it would begin again."""
    asks = asking(project)
    url = {"url": "git@bitbucket.org:acme/guestbook.git", "connection": "c", "statuses": True}
    repository = Repository.model_validate({**url, "pull_requests": True})
    dag = build(asks.model_copy(update={"repository": repository}), f"guestbook.{dag_id}")
    task: Any = dag.get_task(task_id)
    [one] = reporters(task)
    assert not one.begins
    assert one.asks == "waits for approval"
    assert one.on_asked in task.notifiers
