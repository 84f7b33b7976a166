"""Airflow's own server, with a shop that has a production."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.delivery.controls.controls_dag import CONTROLS, controls_dag
from include.delivery.environment_dag import environment_dag
from include.project.loader import PROJECTS, load_project
from tests.fakes.airflow_database import airflow_database, store_dag
from tests.include.cli.server.airflow import House, house

DAG = "shop.prod"


@pytest.fixture(scope="module")
def _house() -> Iterator[House]:
    with airflow_database():
        project = load_project(PROJECTS / "guestbook.yaml").model_copy(update={"name": "shop"})
        store_dag(environment_dag(project, "prod"))
        store_dag(controls_dag([project]))
        with house() as found:
            yield found


@pytest.fixture
def airflow(_house: House) -> Iterator[House]:
    """A server without a run."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import delete

    yield _house
    with create_session() as session:
        session.execute(delete(DagRun).where(DagRun.dag_id.in_([DAG, CONTROLS])))


@pytest.fixture
def logs() -> Path:
    """Where Airflow's server reads logs."""
    return Path(os.environ["AIRFLOW_HOME"]) / "logs"
