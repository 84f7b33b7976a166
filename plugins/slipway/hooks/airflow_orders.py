"""What a person has Airflow's server do: start a run, or answer a question, in their own name.

For the API server's process alone. What is done is what Airflow's own pages do, with the same
checks, and each leaves a line in Airflow's audit log. Whether somebody may is asked before
(:class:`slipway.hooks.airflow_people.People`), and here where Airflow itself asks again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from slipway.exceptions import OrderRefused
from slipway.hooks.airflow_people import Person
from slipway.model.text.inert import visible


class Orders:
    """Carries out what somebody asked for."""

    def params(self, dag_id: str) -> set[str]:
        """Return the names of what runs of a DAG may be given; none where there is no such DAG.

        :param dag_id: of the DAG.
        """
        from airflow.models.dagbag import DBDagBag
        from airflow.utils.session import create_session

        with create_session() as session:
            dag = DBDagBag(load_op_links=False).get_latest_version_of_dag(dag_id, session=session)
        return set(dag.params) if dag else set()

    def start(self, person: Person, dag_id: str, run_id: str, conf: Mapping[str, Any]) -> bool:
        """Start a run by hand.

        :param person: who wants it; Airflow records the name with the run.
        :param dag_id: whose run it is.
        :param run_id: its id, of which there is one for good.
        :param conf: its parameters.
        :returns: False where there is such a run already, with the same parameters.
        :raises OrderRefused: when Airflow does not take it, or the DAG is paused.
        """
        from airflow.api.common.trigger_dag import trigger_dag
        from airflow.exceptions import DagNotFound, DagRunAlreadyExists, ParamValidationError
        from airflow.utils.types import DagRunTriggeredByType, DagRunType
        from sqlalchemy.exc import IntegrityError

        _refuse_paused(dag_id)
        try:
            trigger_dag(
                dag_id=dag_id,
                run_id=run_id,
                run_type=DagRunType.MANUAL,
                triggered_by=DagRunTriggeredByType.UI,
                triggering_user_name=person.name,
                conf=dict(conf),
            )
        except (DagRunAlreadyExists, IntegrityError) as error:
            _refuse_other(dag_id, run_id, conf, error)
            return False
        except (DagNotFound, ParamValidationError, ValueError) as error:
            msg = f"Airflow does not start a run of {dag_id}: {visible(str(error), 300)}"
            raise OrderRefused(msg, advice="look at the DAG in Airflow") from error
        _audit(person, "slipway_board_start", dag_id, run_id, conf)
        return True

    def answer(
        self, person: Person, dag_id: str, run_id: str, task_id: str, *, choice: str, reason: str
    ) -> None:
        """Answer what a run asks, once and for all.

        :param person: who answers.
        :param dag_id: of the run.
        :param run_id: of the run.
        :param task_id: that asks.
        :param choice: one of what may be answered.
        :param reason: why; kept with the answer.
        :raises OrderRefused: when it was answered already, or they are not among those asked.
        """
        from airflow.api_fastapi.core_api.datamodels.hitl import UpdateHITLDetailPayload
        from airflow.api_fastapi.core_api.routes.public.hitl import update_hitl_detail
        from airflow.utils.session import create_session
        from fastapi import HTTPException

        said = UpdateHITLDetailPayload(
            chosen_options=[choice], params_input={"reason": reason} if reason else {}
        )
        try:
            with create_session() as session:
                update_hitl_detail(dag_id, run_id, task_id, said, person.user, session)
        except HTTPException as error:
            raise _refusal(error) from error
        _audit(person, "slipway_board_answer", dag_id, run_id, {"answer": choice}, task_id)


def _refusal(error: Any) -> OrderRefused:
    msgs = {
        404: "the run does not ask this any more",
        409: "somebody has answered already",
        403: "the question is put to others",
    }
    msg = msgs.get(error.status_code, visible(str(error.detail), 300))
    return OrderRefused(msg, advice="look at the run in Airflow")


def _refuse_paused(dag_id: str) -> None:
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session

    with create_session() as session:
        found = session.get(DagModel, dag_id)
        gone = found is None or found.is_stale or found.has_import_errors
        paused = not gone and found is not None and found.is_paused
    if gone:
        msg = f"Airflow has no DAG {dag_id}, or cannot read its project file"
        raise OrderRefused(msg, advice="look at the import errors on Airflow's first page")
    if paused:
        msg = f"the DAG {dag_id} is paused, so a run would not begin"
        raise OrderRefused(msg, advice="resume it in Airflow first")


def _refuse_other(dag_id: str, run_id: str, conf: Mapping[str, Any], error: Exception) -> None:
    """Tell a form that was sent twice from one that was changed in between."""
    from airflow.models.dagrun import DagRun

    there = DagRun.find_duplicate(dag_id=dag_id, run_id=run_id)
    if there is None:
        raise error
    if dict(there.conf or {}) != dict(conf):
        msg = "this form was used already, for something else"
        raise OrderRefused(msg, advice="open it again from the board")


def _audit(
    person: Person,
    event: str,
    dag_id: str,
    run_id: str,
    extra: Mapping[str, Any],
    task_id: str | None = None,
) -> None:
    from airflow.models.log import Log
    from airflow.utils.session import create_session

    with create_session() as session:
        session.add(
            Log(
                event=event,
                owner=person.name,
                owner_display_name=person.name,
                extra=json.dumps(dict(extra)),
                dag_id=dag_id,
                run_id=run_id,
                task_id=task_id,
            )
        )
