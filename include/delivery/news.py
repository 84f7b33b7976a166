"""Which tasks have something to tell people: of projects that name a channel, and of no other.

Airflow calls a task's callbacks in the task's own process, so nothing is added to a DAG. What they
leave is sent by the DAG ``statuses``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from include.delivery.targets import repository_of
from include.project.model import Project
from include.project.news import news_routes
from slipway.operators.approve import ApproveReleaseOperator
from slipway.operators.news.settle import NewsSource
from slipway.tasks.kept_facts import BUILD, BUILD_DEB, PUBLISH_APT, REHEARSE, TEST
from slipway.tasks.news.approval import ApprovalNews
from slipway.tasks.news.reports import NewsReporter, Tells

if TYPE_CHECKING:
    from airflow.sdk import DAG

_COMMIT: Mapping[str, Tells] = {
    **dict.fromkeys((BUILD, TEST, REHEARSE, BUILD_DEB, PUBLISH_APT), Tells.FAILURE),
    "record_release": Tells.PASSED,
}
_ENVIRONMENT: Mapping[str, Tells] = {
    "preflight": Tells.FAILURE,
    "bake_image": Tells.FAILURE,
    "promote": Tells.FAILURE,
    "swap.migrate": Tells.FAILURE,
    # That the release failed, and why; the way back comes after these, and tells what became of it.
    **dict.fromkeys(
        (
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
        ),
        Tells.FAILURE_OF_SWAP,
    ),
    "swap.retire_old": Tells.FAILURE,
    "swap.record_deployment": Tells.SWAP,
    "swap.roll_back": Tells.WAY_BACK,
}


def tell_commit(dag: DAG, project: Project) -> None:
    """Let the tasks of a commit's DAG tell people, if the project names a channel.

    :param dag: with all its tasks, after :func:`include.delivery.statuses.report_commit`.
    :param project: the project.
    """
    _tell(dag, project, _COMMIT, "")
    if project.continuous:
        tell_environment(dag, project, project.continuous)


def tell_environment(dag: DAG, project: Project, name: str) -> None:
    """Let the tasks that deploy tell people, if the project names a channel.

    :param dag: with all its tasks, after :func:`include.delivery.statuses.report_environment`.
    :param project: the project.
    :param name: the environment's name.
    """
    _tell(dag, project, _ENVIRONMENT, name)


def news_sources(projects: Iterable[Project]) -> list[NewsSource]:
    """Return what there is to look after, of projects that name a channel.

    :param projects: all of them.
    """
    return [
        NewsSource(
            routes=routes,
            repository=repository_of(project),
            environments=tuple(project.environments),
        )
        for project in projects
        if (routes := news_routes(project.name, project.news, project.continuous))
    ]


def _tell(dag: DAG, project: Project, tasks: Mapping[str, Tells], environment: str) -> None:
    routes = news_routes(project.name, project.news, project.continuous)
    if routes is None:
        return
    repository = repository_of(project)
    for task in dag.tasks:
        if task.task_id in tasks:
            one = NewsReporter(
                routes=routes,
                repository=repository,
                environment=environment,
                tells=tasks[task.task_id],
            )
            # Beside what the commit's page is told.
            task.on_success_callback = [*_listed(task.on_success_callback), one.on_success]
            task.on_failure_callback = [*_listed(task.on_failure_callback), one.on_failure]
        if environment and isinstance(task, ApproveReleaseOperator):
            asks = ApprovalNews(routes=routes, repository=repository, environment=environment)
            task.notifiers = [*task.notifiers, asks]


def _listed(callbacks: Any) -> list[Any]:
    """Return a task's callbacks: Airflow takes one, several, or none."""
    if callbacks is None:
        return []
    return [callbacks] if callable(callbacks) else list(callbacks)
