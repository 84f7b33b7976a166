"""Airflow's own database, as its server sees it: which repository a project has, and new runs.

For the API server's process alone: a task has no way to the database, and needs none. Airflow is
imported when it is used, since the plugin that leads here is loaded by every process of Airflow.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from slipway.model.git.watching import Watching

# The task that knows where a project's commits come from (operators/checkout).
_CHECKOUT = "checkout"


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownRepository:
    """A project's repository, as its DAG was read the last time.

    :param url: the repository.
    :param branch: the branch whose commits are delivered.
    :param connection: id of the connection that it is read with, or None.
    :param webhook: id of the connection with the secret of its webhook, or None.
    :param watching: what is looked for besides the branch.
    :param is_broken: whether Airflow cannot read the DAG at present, and so takes no runs of it;
        what is known is of before.
    """

    url: str
    branch: str
    connection: str | None
    webhook: str | None
    watching: Watching = field(default_factory=Watching)
    is_broken: bool = False


class AirflowRuns:
    """What Airflow's server may be asked for."""

    def __init__(self) -> None:
        self._dags: Any = None

    def repository(self, dag_id: str) -> KnownRepository | None:
        """Return the repository that a DAG delivers; None where there is no such DAG.

        :param dag_id: the project's name.
        """
        from airflow.utils.session import create_session

        with create_session() as session:
            is_broken = _is_broken(dag_id, session)
            if is_broken is None:
                return None
            dag = self._dag_bag().get_latest_version_of_dag(dag_id, session=session)
            task = dag.task_dict.get(_CHECKOUT) if dag else None
        url, branch = getattr(task, "url", None), getattr(task, "branch", None)
        if not url or not branch:
            return None
        return KnownRepository(
            url=url,
            branch=branch,
            connection=getattr(task, "connection", None),
            webhook=getattr(task, "webhook", None),
            # A DAG of before there was anything to watch besides says nothing.
            watching=Watching.from_json(json.loads(getattr(task, "watching", None) or "{}")),
            is_broken=is_broken,
        )

    def is_paused(self, dag_id: str) -> bool:
        """Tell whether somebody has paused a DAG; one that is not there counts as paused.

        :param dag_id: its id.
        """
        from airflow.models.dag import DagModel
        from airflow.utils.session import create_session

        with create_session() as session:
            found = session.get(DagModel, dag_id)
            return found is None or bool(found.is_paused)

    def start(self, dag_id: str, run_id: str, conf: dict[str, Any]) -> bool:
        """Make a run, as a task of the watcher does.

        :param dag_id: whose run it is.
        :param run_id: its id, of which Airflow's database has one for good.
        :param conf: its parameters.
        :returns: False where there is such a run already.
        """
        from airflow.api.common.trigger_dag import trigger_dag
        from airflow.exceptions import DagRunAlreadyExists
        from airflow.models.dagrun import DagRun
        from airflow.utils.types import DagRunTriggeredByType, DagRunType
        from sqlalchemy.exc import IntegrityError

        try:
            trigger_dag(
                dag_id=dag_id,
                run_id=run_id,
                run_type=DagRunType.OPERATOR_TRIGGERED,
                triggered_by=DagRunTriggeredByType.REST_API,
                conf=conf,
                replace_microseconds=False,
            )
        except DagRunAlreadyExists:
            return False
        except IntegrityError:
            # The watcher's, or another server's, which came first by a hair.
            if DagRun.find_duplicate(dag_id=dag_id, run_id=run_id) is None:
                raise
            return False
        return True

    def _dag_bag(self) -> Any:
        if self._dags is None:
            from airflow.models.dagbag import DBDagBag

            self._dags = DBDagBag(load_op_links=False)
        return self._dags


def _is_broken(dag_id: str, session: Any) -> bool | None:
    """Tell whether a DAG cannot be read at present; None where there is none.

    One that cannot is stale soon, as one that was taken away is at once.
    """
    from airflow.models.dag import DagModel

    found = session.get(DagModel, dag_id)
    if found is None or (found.is_stale and not found.has_import_errors):
        return None
    return bool(found.has_import_errors)
