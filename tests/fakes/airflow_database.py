"""Airflow's database, as its server sees it, with the DAGs of a project file in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk import DAG


@contextmanager
def airflow_database() -> Iterator[None]:
    """Make the tables, and let connections be read from them as the server does."""
    from airflow import settings
    from airflow.models import import_all_models
    from airflow.models.base import Base
    from airflow.utils.db import synchronize_log_template

    before = os.environ.get("_AIRFLOW_PROCESS_CONTEXT")
    os.environ["_AIRFLOW_PROCESS_CONTEXT"] = "server"
    settings.configure_orm()
    import_all_models()
    Base.metadata.create_all(settings.engine)
    synchronize_log_template()
    try:
        yield
    finally:
        Base.metadata.drop_all(settings.engine)
        if before is None:
            del os.environ["_AIRFLOW_PROCESS_CONTEXT"]
        else:
            os.environ["_AIRFLOW_PROCESS_CONTEXT"] = before


def store_dag(dag: DAG, *, paused: bool = False) -> None:
    """Put a DAG there as the DAG processor does.

    :param dag: as a DAG file makes it.
    :param paused: somebody has paused it.
    """
    from airflow.dag_processing.collection import update_dag_parsing_results_in_db
    from airflow.models.dag import DagModel
    from airflow.models.dagbundle import DagBundleModel
    from airflow.serialization.serialized_objects import LazyDeserializedDAG
    from airflow.utils.session import create_session

    with create_session() as session:
        if session.get(DagBundleModel, "tests") is None:
            session.add(DagBundleModel(name="tests"))
            session.flush()
        errors: dict[Any, str] = {}
        update_dag_parsing_results_in_db(
            bundle_name="tests",
            bundle_version=None,
            version_data=None,
            dags=[LazyDeserializedDAG.from_dag(dag)],
            import_errors=errors,
            parse_duration=None,
            warnings=set(),
            session=session,
        )
        assert not errors, errors
        session.get_one(DagModel, dag.dag_id).is_paused = paused


def runs_of(dag_id: str) -> dict[str, Any]:
    """Map the ids of a DAG's runs to their parameters, in the order in which they were made."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        found = session.scalars(select(DagRun).where(DagRun.dag_id == dag_id).order_by(DagRun.id))
        return {run.run_id: run.conf for run in found}
