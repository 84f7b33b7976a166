"""A board of two projects, and people at their browsers."""

from __future__ import annotations

import dataclasses
import html
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from slipway.board.app import make_app
from slipway.board.forms import Forms
from slipway.board.parts import Parts
from slipway.hooks.airflow_people import People
from slipway.hooks.airflow_progress import Live, OpenQuestion, RunUnderWay
from slipway.hooks.store.releases import ReleaseRecord
from slipway.model.board.deployment import CommitLine, DeploymentRecord
from slipway.model.board.snapshot import (
    EnvironmentSnapshot,
    Freeze,
    Hold,
    IllRelease,
    Machines,
    ProjectSnapshot,
    Serving,
    Standby,
)
from slipway.model.board.waiting import WaitFacts
from slipway.model.facts import Release, SchemaVersion, TestReport
from slipway.model.facts.outcome import Outcome
from slipway.model.facts.report import StepReport, TestCounts
from slipway.policies.planned_time import read
from slipway.policies.waiting import for_its_time
from tests.slipway.board.people import BOARD, Airflow, Browser, Model, jwt
from tests.slipway.operators.releases import make_proposal, make_record

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest


@dataclasses.dataclass
class Office:
    """A server, and the people in front of it."""

    server: FastAPI
    model: Model
    airflow: Airflow

    @contextmanager
    def browser(self, name: str = "", role: str = "USER") -> Iterator[Browser]:
        """Open a browser; somebody without a name is not logged in."""
        with TestClient(self.server) as client:
            if name:
                client.cookies.set("_token", jwt(name, role))
            yield Browser(client)


def office(model: Model, airflow: Airflow, forms: Forms | None = None) -> Office:
    """Start a server."""
    parts = Parts(
        model=model,
        watching=airflow,
        allowing=People(),
        ordering=airflow,
        forms=forms or Forms(lambda: b"k" * 32),
    )
    server = FastAPI()
    server.mount(BOARD, make_app(parts))
    return Office(server=server, model=model, airflow=airflow)


def hide(
    monkeypatch: pytest.MonkeyPatch, *dag_ids: str, user: str, entity: str | None = None
) -> None:
    """Let somebody read all DAGs but some.

    :param entity: which part of these DAGs alone; all of them when None.
    """
    from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

    usual = SimpleAuthManager.is_authorized_dag

    def is_authorized_dag(self: Any, **given: Any) -> bool:
        details = given.get("details")
        part = getattr(given.get("access_entity"), "name", None)
        if details and details.id in dag_ids and given["user"].username == user:
            return bool(entity) and part != entity and usual(self, **given)
        return usual(self, **given)

    monkeypatch.setattr(SimpleAuthManager, "is_authorized_dag", is_authorized_dag)


def record(version: str, project: str = "shop", subject: str = "Sell more") -> ReleaseRecord:
    """Build the record of a release that passed three tests."""
    made = make_record(version, schema=3)
    release = dataclasses.replace(made.checkout.release, project=project)
    checkout = dataclasses.replace(
        made.checkout,
        release=release,
        message=subject,
        author_name="Ann",
        committed_at=1_795_000_000,
    )
    step = StepReport(name="unit", image="python:3.11", state="passed", seconds=4.0, exit_code=0)
    tests = TestReport(
        release=release, seconds=12.0, steps=(step,), counts=TestCounts(tests=31, skipped=2)
    )
    schema = SchemaVersion(version=3, before=2, seconds=1.0, applied=("00003_pin.sql",))
    package = dataclasses.replace(made.package, release=release)
    return ReleaseRecord(checkout=checkout, package=package, schema=schema, tests=tests)


def snapshot(
    project: str, environment: str, version: str = "1.0+1", **more: Any
) -> EnvironmentSnapshot:
    """Build a snapshot of an environment that is well."""
    commit = CommitLine(sha="a" * 40, subject="Sell more", author="Ann", at=1_795_000_000)
    fields: dict[str, Any] = {
        "project": project,
        "environment": environment,
        "place": 0 if environment == "dev" else 1,
        "continuous": environment == "dev",
        "asks": environment == "prod",
        "serving": Serving(version=version, commit=commit, since=1_795_000_100.0, asked_by="ann"),
        "machines": Machines(healthy=2, wanted=2),
        "seen_at": 1_795_000_200.0,
    }
    return EnvironmentSnapshot(**(fields | more))


def deployment(version: str, replaced: str = "", **more: Any) -> DeploymentRecord:
    """Build a deployment of the shop that succeeded."""
    fields: dict[str, Any] = {
        "swap": version,
        "release": Release(project="shop", sha="a" * 40, version=version),
        "environment": "prod",
        "outcome": Outcome.SUCCEEDED,
        "commit": CommitLine(sha="a" * 40, subject="Sell more", author="Ann"),
        "asked_by": "ann",
        "replaced": replaced,
        "started_at": 1_795_000_000.0,
        "ended_at": 1_795_000_080.0,
        "dag_id": "shop.prod",
        "run_id": "manual__1",
    }
    return DeploymentRecord(**(fields | more))


def question(run_id: str = "manual__1") -> OpenQuestion:
    """Build what a run of the shop's production asks."""
    return OpenQuestion(
        dag_id="shop.prod",
        run_id=run_id,
        task_id="approve",
        subject="Deploy shop 1.0+2 to prod?",
        options=("Approve", "Reject"),
        since=1_795_000_000.0,
    )


def timed(**more: Any) -> RunUnderWay:
    """Build a run of the shop's production that is set for a time."""
    at = "2099-12-01 06:00 Europe/Berlin"
    told = for_its_time(read(at), since=1_795_000_000.0)
    fields: dict[str, Any] = {
        "dag_id": "shop.prod",
        "run_id": "manual__8",
        "state": "running",
        "since": 1_795_000_000.0,
        "by": "ann",
        "version": "1.0+2",
        "at": at,
        "step": "wait_for_time",
        "step_state": "deferred",
        "step_since": 1_795_000_000.0,
        "facts": WaitFacts(
            run_state="running", task_id="wait_for_time", state="deferred", told=told
        ),
    }
    return RunUnderWay(**(fields | more))


def filled() -> tuple[Model, Airflow]:
    """Return a board of two projects, one of which is being deployed and asks about it."""
    shop = (
        snapshot("shop", "dev", "1.0+2"),
        snapshot("shop", "prod", "1.0+1", newer=1, standbys=(Standby(version="1.0+0", until=1),)),
    )
    mail = (
        snapshot("mail", "dev", hold=Hold(by="bob", why="load test", since=1.0)),
        snapshot(
            "mail",
            "prod",
            machines=Machines(healthy=1, wanted=2),
            freeze=Freeze(why="Christmas", until=1_797_000_000.0),
            ill=IllRelease(version="1.0+9", at=2.0, why="2 of 2 are ill", reason="no such table"),
        ),
    )
    model = Model(
        snapshots={
            "shop": ProjectSnapshot(project="shop", environments=shop),
            "mail": ProjectSnapshot(project="mail", environments=mail),
        },
        records=[record(f"1.0+{number}") for number in (2, 1, 0)],
        past={"shop/prod": [deployment("1.0+1", "1.0+0"), deployment("1.0+0")]},
        proposals={"manual__1": make_proposal("1.0+2", dag_id="shop.prod", environment="prod")},
        back="1.0+0",
    )
    run = RunUnderWay(
        dag_id="shop.prod",
        run_id="manual__1",
        state="running",
        since=1_795_000_000.0,
        by="ann",
        version="1.0+2",
        step="approve",
        step_state="awaiting_input",
        step_since=1_795_000_000.0,
    )
    live = Live(runs={"shop.prod": [run, timed()]}, questions={"shop.prod": [question()]})
    return model, Airflow(under_way=live)


def text_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())
