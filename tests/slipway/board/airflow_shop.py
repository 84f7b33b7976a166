"""A shop whose runs are in Airflow's own database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from include.delivery.environment_dag import environment_dag
from include.project.loader import PROJECTS, load_project
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.deployments import DeploymentHistory
from slipway.hooks.store.environments.snapshots import snapshots
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.plugin import Pages
from tests.fakes.airflow_database import store_dag
from tests.slipway.board.boards import Office, record, snapshot
from tests.slipway.board.people import BOARD, Airflow, Model
from tests.slipway.operators.releases import on_record

DAG = "shop.prod"


@pytest.fixture
def shop(artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """A project in Airflow's database, with two releases in the store, behind the real pages."""
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import delete

    project = load_project(PROJECTS / "guestbook.yaml").model_copy(update={"name": "shop"})
    store_dag(environment_dag(project, "prod"))
    for version in ("1.0+1", "1.0+2"):
        made = record(version)
        ReleaseCatalogue(artifact_store()).record(made)
        DeploymentHistory(artifact_store()).record(made.checkout.release, "prod", run_id="r")
    on_record("ami-1", record("1.0+2").checkout.release)
    serving = snapshot("shop", "prod", "1.0+2")
    snapshots().change("shop", "prod", lambda _: serving)
    server = FastAPI()
    server.mount(BOARD, Pages())
    yield Office(server=server, model=Model(), airflow=Airflow())
    with create_session() as session:
        session.execute(delete(DagRun).where(DagRun.dag_id == DAG))
