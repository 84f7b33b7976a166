"""Which tasks tell people, and that nothing changes where no project names a channel."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.serialization.serialized_objects import DagSerialization

from include.delivery.commit_dag import build
from include.delivery.housekeeping_dag import housekeeping_dag
from include.delivery.statuses import statuses_dag
from include.project.loader import PROJECTS, load_project
from include.project.model import Project, Repository
from include.project.news import Channel
from slipway.tasks.news.approval import ApprovalNews
from slipway.tasks.news.reports import NewsReporter, Tells


@pytest.fixture(scope="module")
def project() -> Project:
    """Return a project that asks for no statuses, so that all there is told is news."""
    guestbook = load_project(PROJECTS / "guestbook.yaml")
    repository = guestbook.repository.model_copy(update={"statuses": False})
    return guestbook.model_copy(update={"repository": repository})


def telling(project: Project, **more: Any) -> Project:
    return project.model_copy(update={"news": {"team": Channel(slack="team")}, **more})


def reporters(task: Any) -> list[NewsReporter]:
    found = [getattr(one, "__self__", None) for one in task.on_failure_callback]
    return [one for one in found if isinstance(one, NewsReporter)]


def test_a_project_that_names_no_channel_is_as_it_was(project: Project) -> None:
    for dag_id in ("guestbook", "guestbook.prod"):
        assert not any(reporters(task) for task in build(project, dag_id).tasks)
    assert statuses_dag([project]) is None
    assert "settle_news" not in housekeeping_dag([project]).task_ids


def test_news_add_no_task_and_no_arrow(project: Project) -> None:
    for dag_id in ("guestbook", "guestbook.prod"):
        before, after = build(project, dag_id), build(telling(project), dag_id)
        assert before.task_ids == after.task_ids
        for task in after.tasks:
            assert task.downstream_task_ids == before.get_task(task.task_id).downstream_task_ids
        DagSerialization.to_dict(after)


def test_each_end_is_told_by_the_task_that_knows_it(project: Project) -> None:
    def tells(dag_id: str) -> dict[str, tuple[Tells, str]]:
        return {
            task.task_id: (one.tells, one.environment)
            for task in build(telling(project), dag_id).tasks
            for one in reporters(task)
        }

    commit, prod = tells("guestbook"), tells("guestbook.prod")
    assert commit["test"] == (Tells.FAILURE, "")
    assert commit["record_release"] == (Tells.PASSED, "")
    assert commit["swap.record_deployment"] == (Tells.SWAP, "dev")
    assert prod["swap.roll_back"] == (Tells.WAY_BACK, "prod")
    assert prod["swap.launch"] == (Tells.FAILURE_OF_SWAP, "prod")
    assert "checkout" not in commit
    assert "choose_release" not in prod
    assert "approve" not in prod
    every = {task for task in build(telling(project), "guestbook.prod").task_ids}
    assert {one for one in every if one.startswith("swap.")} <= set(prod)


def test_a_promotion_that_fails_is_told_by_itself(project: Project) -> None:
    prod = project.environments["prod"].model_copy(update={"promotion": True})
    asked = telling(project, environments=project.environments | {"prod": prod})
    [one] = reporters(build(asked, "guestbook.prod").get_task("promote"))
    assert (one.tells, one.environment) == (Tells.FAILURE, "prod")


def test_the_question_is_told_as_airflow_tells_it(project: Project) -> None:
    approve: Any = build(telling(project), "guestbook.prod").get_task("approve")
    [asks] = approve.notifiers
    assert isinstance(asks, ApprovalNews)
    assert asks.environment == "prod"


def test_statuses_and_news_go_beside_each_other(project: Project) -> None:
    repository = Repository.model_validate(
        {"url": "git@bitbucket.org:acme/guestbook.git", "connection": "c", "statuses": True}
    )
    both = telling(project, repository=repository)
    test: Any = build(both, "guestbook").get_task("test")
    assert [len(one) for one in (test.on_success_callback, test.on_failure_callback)] == [2, 2]
    dags = [statuses_dag(one) for one in ([both], [telling(project)], [project, both])]
    assert [dag and dag.task_ids for dag in dags] == [
        ["send", "send_news"],
        ["send_news"],
        ["send", "send_news"],
    ]
    assert "settle_news" in housekeeping_dag([both]).task_ids
