"""Which tasks tell a commit's page of what: for projects that ask for it, and for no other.

Airflow calls a task's callbacks in the task's own process, so nothing is added to a DAG. What they
leave is sent by the DAG ``statuses``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from airflow.sdk import DAG

from include.delivery.defaults import LIMITS, SHARED_DAG
from include.project.model import Project
from slipway.operators.commit_status.send import SendStatusesOperator
from slipway.operators.news.send import SendNewsOperator
from slipway.tasks.kept_facts import BUILD, BUILD_DEB, CHECKOUT, PUBLISH_APT, REHEARSE, TEST
from slipway.tasks.proposals.source import APPROVE
from slipway.tasks.statuses.reports import Says, Stage, StatusReporter

# What each task says: at its beginning, when it has asked a person, after its success, when it is
# skipped, and in place of a failure that is a person's no.
_Words = Mapping[str, Mapping[str, Any]]
_TEST: _Words = {
    # Nothing is said of a checkout that passes.
    CHECKOUT: {},
    APPROVE: {"asks": "waits for approval", "refused": "not approved"},
    BUILD: {"begins": "builds", "skipped": "nothing of it is for this commit"},
    TEST: {
        "begins": "runs",
        "passed": Says.TESTS,
        "skipped": "nothing of it is for this commit",
    },
}
_MIGRATIONS: _Words = {REHEARSE: {"begins": "rehearses", "passed": Says.MIGRATIONS}}
_PACKAGE: _Words = {
    BUILD_DEB: {"begins": "builds", "passed": Says.BUILT},
    PUBLISH_APT: {"passed": Says.PUBLISHED},
}
_FROZEN = "left alone: a freeze"
_ASKS: Mapping[str, Any] = {
    "asks": "waits for approval",
    "skipped": "superseded by a newer commit",
    "refused": "not approved",
}
_ENVIRONMENT: _Words = {
    "plan": {"skipped": "superseded by a newer commit"},
    # As many as may have to say yes (include/project/model).
    **{f"approve{part}": _ASKS for part in ("", "_2", "_3", "_4", "_5")},
    # Nothing is said of the time that it is set for; what has changed by then fails it.
    "wait_for_time": {},
    "preflight": {},
    "bake_image": {"begins": "bakes the image"},
    "promote": {"begins": "runs the pipeline's promotion"},
    "swap.migrate": {"begins": "migrates the database", "skipped": _FROZEN},
    "swap.launch_canary": {"begins": "launches the canary", "skipped": _FROZEN},
    "swap.canary_healthy": {},
    "swap.shift_canary": {},
    "swap.canary_in_service": {},
    "swap.canary_soak": {},
    "swap.launch": {"begins": "launches", "skipped": _FROZEN},
    "swap.fleet_healthy": {},
    "swap.shift_traffic": {"begins": "shifts traffic"},
    "swap.fleet_in_service": {},
    "swap.soak": {},
    "swap.retire_old": {},
    "swap.record_deployment": {"passed": Says.SERVING},
    "swap.roll_back": {"passed": Says.ROLLED_BACK},
}
_LAST = "swap.record_deployment"
# What comes before the release: the words of each stage, and its last task.
_STAGES: Mapping[str, tuple[_Words, str]] = {
    "test": (_TEST, TEST),
    "migrations": (_MIGRATIONS, REHEARSE),
    "package": (_PACKAGE, PUBLISH_APT),
}


def report_commit(dag: DAG, project: Project) -> None:
    """Let the tasks of a commit's DAG tell the commit's page, if the project asks for it.

    :param dag: with all its tasks.
    :param project: the project.
    """
    if not project.repository.statuses:
        return
    for name, (words, last) in _STAGES.items():
        _report(dag, project, name, words, last=last)
    if project.continuous:
        report_environment(dag, project, project.continuous)


def report_environment(dag: DAG, project: Project, name: str) -> None:
    """Let the tasks that deploy tell the commit's page, if the project asks for it.

    :param dag: with all its tasks.
    :param project: the project.
    :param name: the environment's name.
    """
    if project.repository.statuses:
        # An environment may be called `test` as well; no environment's name has a slash.
        stage = f"deploy/{name}" if name in _STAGES else name
        _report(dag, project, stage, _ENVIRONMENT, last=_LAST, environment=name)


def statuses_dag(projects: Iterable[Project]) -> DAG | None:
    """Build the DAG that sends what tasks leave; None where no project asks for it.

    :param projects: all of them.
    """
    every = list(projects)
    statuses = any(project.repository.statuses for project in every)
    news = any(project.news for project in every)
    if not statuses and not news:
        return None
    with DAG(
        dag_id="statuses",
        description="Tells the pages of commits, and people, what became of them",
        doc_md=__doc__,
        schedule="@continuous",
        **SHARED_DAG,
    ) as dag:
        if statuses:
            SendStatusesOperator(task_id="send", execution_timeout=LIMITS["bookkeeping"])
        if news:
            SendNewsOperator(task_id="send_news", execution_timeout=LIMITS["bookkeeping"])
    return dag


def _report(
    dag: DAG, project: Project, stage: str, words: _Words, *, last: str, environment: str = ""
) -> None:
    tasks = [task for task in dag.tasks if task.task_id in words]
    ids = tuple(task.task_id for task in tasks)
    told = Stage(
        project=project.name,
        name=stage,
        place=project.repository.forge_place(),
        tasks=ids,
        # A DAG that ends earlier has a part of the stage's tasks.
        last=last if last in ids or not ids else ids[-1],
        environment=environment,
        shared=project.shares_commits,
    )
    for task in tasks:
        one = StatusReporter(stage=told, **words[task.task_id])
        task.on_execute_callback = [one.on_execute]
        if one.asks:
            asking: Any = task
            asking.notifiers = [*asking.notifiers, one.on_asked]
        task.on_success_callback = [one.on_success]
        task.on_failure_callback = [one.on_failure]
        task.on_retry_callback = [one.on_retry]
        task.on_skipped_callback = [one.on_skipped]
