"""Airflow's own server, over a database in a file, and people who ask it from a shell."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi.testclient import TestClient

from include.cli.server.address import Address
from include.cli.server.client import AirflowServer
from include.cli.server.order import Desk
from tests.slipway.board.people import jwt

if TYPE_CHECKING:
    from fastapi import FastAPI

URL = "http://testserver"


@dataclass
class Shell:
    """One person's shell.

    :param login: as they have it.
    :param server: asks in their name.
    """

    login: Address
    server: AirflowServer
    out: io.StringIO = field(default_factory=io.StringIO)
    err: io.StringIO = field(default_factory=io.StringIO)

    def desk(self, *, as_json: bool = False) -> Desk:
        return Desk(out=self.out, err=self.err, as_json=as_json, connect=lambda _: self.server)

    @property
    def said(self) -> str:
        return self.out.getvalue()

    def found(self) -> Any:
        return json.loads(self.said)


@dataclass
class House:
    """A server."""

    app: FastAPI
    client: TestClient

    def shell(self, name: str, role: str = "ADMIN", patience: float = 0) -> Shell:
        login = Address(url=URL, token=jwt(name, role))
        return Shell(
            login=login,
            server=AirflowServer(
                http=self.client, address=login, patience=patience, sleep=lambda _: None
            ),
        )


@contextmanager
def house() -> Iterator[House]:
    """Start Airflow's server, as it is."""
    from airflow.api_fastapi.app import create_app, purge_cached_app

    purge_cached_app()
    app = create_app(apps="core")
    with TestClient(app, base_url=URL, raise_server_exceptions=False) as client:
        yield House(app=app, client=client)
    purge_cached_app()


def set_states(dag_id: str, run_id: str, run_state: str, **tasks: str) -> None:
    """Let a run, and tasks of it, have come so far."""
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.sdk import timezone
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        run = session.scalars(
            select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)
        ).one()
        run._state = run_state
        found = session.scalars(
            select(TaskInstance).where(TaskInstance.run_id == run_id, TaskInstance.dag_id == dag_id)
        )
        for one in found:
            if state := tasks.get(one.task_id.replace(".", "_")):
                one.state, one.try_number = state, max(one.try_number, 1)
                one.start_date = one.start_date or timezone.utcnow()
                if state in ("success", "failed"):
                    one.end_date = timezone.utcnow()
                    one.duration = 2.0


def write_log(folder: Path, dag_id: str, run_id: str, task_id: str, *messages: Any) -> None:
    """Write a task's log where Airflow's server reads it."""
    file = folder / f"dag_id={dag_id}" / f"run_id={run_id}" / f"task_id={task_id}" / "attempt=1.log"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as log:
        for one in messages:
            log.write(json.dumps(one if isinstance(one, dict) else {"event": one}) + "\n")


def ask(dag_id: str, run_id: str, subject: str, body: str = "", assigned: str = "") -> None:
    """Let a run ask for a yes, as its task does."""
    from airflow.models.hitl import HITLDetail
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        task = session.scalars(
            select(TaskInstance).where(
                TaskInstance.run_id == run_id,
                TaskInstance.dag_id == dag_id,
                TaskInstance.task_id == "approve",
            )
        ).one()
        task.state = "awaiting_input"
        people = [{"id": assigned, "name": assigned}] if assigned else []
        session.add(
            HITLDetail(
                ti_id=task.id,
                options=["Approve", "Reject"],
                subject=subject,
                body=body,
                multiple=False,
                assignees=people,
            )
        )
