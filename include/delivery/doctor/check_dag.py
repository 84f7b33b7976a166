"""The DAG that looks at everything around a project, and changes nothing.

`fab check PROJECT` starts a run of it, and shows what it found. Trigger it without a project for
all of them. The run fails where something is wrong; its log, and the XCom `findings` of the task
`check`, have each thing with its cure.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, Param

from include.delivery.defaults import LIMITS, SHARED_DAG, ask
from include.delivery.doctor import connections, source, surroundings
from include.delivery.doctor.finding import Checked, State, looked
from include.project.loader import load_projects
from include.project.lookup import find_project
from include.project.model import Project
from slipway.tasks.retries import PersonsMistake, no_retry_on_input_error

if TYPE_CHECKING:
    from airflow.sdk import Context

# No project can be called that: names have no underscore.
CHECK, TASK, FINDINGS = "check_projects", "check", "findings"
_log = logging.getLogger(__name__)


def check_dag() -> DAG:
    """Build the DAG for all projects; which there are is looked up when it runs."""
    with DAG(
        dag_id=CHECK,
        description="Looks at what projects need around them: connections, rights, places, images",
        doc_md=__doc__,
        schedule=None,
        **{**SHARED_DAG, "max_active_runs": 4},
    ) as dag:
        PythonOperator(
            task_id=TASK, python_callable=check, execution_timeout=LIMITS["cloud"], retries=0
        )
    project = Param(
        None,
        type=["null", "string"],
        maxLength=60,
        title="Project",
        description="One alone; all of them when empty.",
    )
    ask(dag, {"project": project})
    return dag


def check(**context: Any) -> None:
    """Look, tell, and fail where something is wrong.

    :param context: the task's.
    :raises AirflowFailException: when something is wrong, or there is no such project.
    """
    name = str(context["params"].get("project") or "")
    with no_retry_on_input_error():
        shelf = load_projects()
        chosen = list(shelf.projects.values())
        if name:
            chosen = [find_project(shelf.projects, name, shelf.errors.values())]
    found: dict[str, list[dict[str, Any]]] = {}
    wrong = 0
    for project in chosen:
        kept = []
        for one in examine(project, context):  # type: ignore[arg-type]
            wrong += one.state is State.WRONG
            kept.append(one.to_json())
            words = (project.name, one.area, one.what, one.state.value, one.words, one.cure)
            _log.log(_level(one), "%s, %s: %s %s: %s (%s)", *words)
        found[project.name] = kept
    context["ti"].xcom_push(key=FINDINGS, value=found)
    if wrong:
        count = f"{wrong} things are" if wrong > 1 else "1 thing is"
        msg = f"{count} wrong; the log has each with its cure"
        raise PersonsMistake(msg)


def examine(project: Project, context: Context) -> Iterator[Checked]:
    """Yield all that was looked at around a project.

    :param project: whose surroundings.
    :param context: the task's.
    """
    yield from looked(connections.AREA, "connections", lambda: connections.connections(project))
    yield from looked(connections.AREA, connections.RECORDS, lambda: connections.signing(project))
    read = list(looked("repository", project.repository.url, lambda: source.repository(project)))
    yield from read
    # What a database needs stands in the repository: where that has nothing to say, one cause is
    # told, and told once.
    is_there = all(one.state is State.FINE for one in read)
    yield from looked("hook", "webhook", lambda: source.webhook(project))
    yield from looked("images", "container engine", lambda: source.worker(project))
    for name in project.environments:
        yield from looked(name, "cloud", lambda name=name: surroundings.cloud(project, name))  # type: ignore[misc]
        if is_there:
            yield from looked(
                name,
                "database",
                lambda name=name: surroundings.database(project, name, context),  # type: ignore[misc]
            )


def _level(one: Checked) -> int:
    return {State.FINE: logging.INFO, State.UNASKED: logging.WARNING}.get(one.state, logging.ERROR)
