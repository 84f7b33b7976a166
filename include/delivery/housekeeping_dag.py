"""The DAG that tidies up after all projects: warm standbys whose time has come."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from airflow.sdk import DAG

from include.delivery.house_rules import LIMITS, SHARED_DAG
from include.delivery.project import Project
from include.delivery.swap_group import fleet_target
from slipway.operators.fleet import RetireStandbysOperator


def housekeeping_dag(projects: Iterable[Project]) -> DAG:
    """Build the DAG for all projects.

    :param projects: whose environments are looked after.
    """
    with DAG(
        dag_id="housekeeping",
        description="Retires standbys that were kept warm long enough",
        doc_md=__doc__,
        schedule=timedelta(minutes=10),
        **SHARED_DAG,
    ) as dag:
        for project in projects:
            for name in project.environments:
                RetireStandbysOperator(
                    task_id=f"retire_standbys.{project.name}.{name}",
                    environment=fleet_target(project, name).to_json(),
                    execution_timeout=LIMITS["cloud"],
                )
    return dag
