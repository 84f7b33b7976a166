"""The command that clears Airflow's runs does what the page says, and takes nothing else."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pendulum
from airflow.sdk import DAG
from airflow.sdk.bases.operator import BaseOperator

from slipway.hooks.airflow_runs import AirflowRuns
from tests.fakes.airflow_database import airflow_database, runs_of, store_dag

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _age(run_id: str, days: int) -> None:
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import update

    at = NOW - timedelta(days=days)
    with create_session() as session:
        for table in (DagRun, TaskInstance):
            session.execute(update(table).where(table.run_id == run_id).values(start_date=at))


def test_old_runs_go_and_the_last_one_stays_however_old() -> None:
    from airflow.utils.db_cleanup import config_dict, run_cleanup

    found = re.search(r"--tables (\S+)", PAGE.read_text())
    assert found
    tables = found[1].split(",")
    assert set(tables) <= set(config_dict)
    with airflow_database():
        for name in ("shop", "quiet"):
            with DAG(dag_id=name, schedule=None) as dag:
                BaseOperator(task_id="checkout")
            store_dag(dag)
        for dag_id, run_id, days in (
            ("shop", "commit__1", 200),
            ("shop", "commit__2", 91),
            ("shop", "commit__3", 10),
            ("quiet", "commit__9", 400),
        ):
            assert AirflowRuns().start(dag_id, run_id, {})
            _age(run_id, days)
        run_cleanup(
            clean_before_timestamp=pendulum.instance(NOW - timedelta(days=90)),
            table_names=tables,
            confirm=False,
            skip_archive=True,
        )
        assert list(runs_of("shop")) == ["commit__3"]
        assert list(runs_of("quiet")) == ["commit__9"]
        # The projects themselves are there as before.
        assert AirflowRuns().is_paused("shop") is False
