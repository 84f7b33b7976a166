"""A board of two projects, and people at their browsers."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from fastapi import FastAPI
from fastapi.testclient import TestClient

from slipway.board.app import make_app
from slipway.board.forms import Forms
from slipway.board.parts import Parts
from slipway.exceptions import OrderRefused
from slipway.hooks.airflow_people import People, Person
from slipway.hooks.airflow_progress import Live, OpenQuestion, RunUnderWay, TaskState
from slipway.hooks.store.approvals import Proposal
from slipway.hooks.store.image_records import ImageRecord
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
from slipway.model.facts import Release, SchemaVersion, TestReport
from slipway.model.facts.outcome import Outcome
from slipway.model.facts.report import StepReport, TestCounts
from tests.slipway.operators.releases import make_proposal, make_record

if TYPE_CHECKING:
    import pytest

BOARD = "/slipway/board"
ORIGIN = "http://testserver"


@dataclasses.dataclass
class Model:
    """Holds what a test puts there."""

    snapshots: dict[str, ProjectSnapshot] = dataclasses.field(default_factory=dict)
    records: list[ReleaseRecord] = dataclasses.field(default_factory=list)
    past: dict[str, list[DeploymentRecord]] = dataclasses.field(default_factory=dict)
    proposals: dict[str, Proposal] = dataclasses.field(default_factory=dict)
    baked: list[ImageRecord] = dataclasses.field(default_factory=list)
    back: str | None = None
    refused: set[str] = dataclasses.field(default_factory=set)

    def projects(self) -> Sequence[ProjectSnapshot]:
        return list(self.snapshots.values())

    def project(self, project: str) -> ProjectSnapshot | None:
        return self.snapshots.get(project)

    def history(
        self, project: str, environment: str, most: int, skip: int = 0
    ) -> Sequence[DeploymentRecord]:
        return self.past.get(f"{project}/{environment}", [])[skip : skip + most]

    def releases(self, project: str, most: int) -> Sequence[ReleaseRecord]:
        return [one for one in self.records if one.checkout.release.project == project][:most]

    def release(self, project: str, version: str) -> ReleaseRecord | None:
        found = (one for one in self.releases(project, 999))
        return next((one for one in found if one.checkout.release.version == version), None)

    def images(self, release: Release) -> Sequence[ImageRecord]:
        return self.baked

    def rejected(self, project: str) -> Collection[str]:
        return self.refused

    def previous(self, project: str, environment: str, serving: str) -> str | None:
        return self.back

    def proposal(self, project: str, environment: str, dag_id: str, run_id: str) -> Proposal | None:
        return self.proposals.get(run_id)


@dataclasses.dataclass
class Airflow:
    """Runs that are under way, and what was ordered."""

    under_way: Live = dataclasses.field(default_factory=Live)
    states: list[TaskState] = dataclasses.field(default_factory=list)
    controls: bool = True
    known: set[str] = dataclasses.field(default_factory=lambda: {"version", "override_freeze"})
    started: dict[tuple[str, str], tuple[str, dict[str, Any]]] = dataclasses.field(
        default_factory=dict
    )
    reasons: dict[tuple[str, str], str] = dataclasses.field(default_factory=dict)
    answered: list[tuple[str, ...]] = dataclasses.field(default_factory=list)

    def live(self, dag_ids: Iterable[str]) -> Live:
        return self.under_way

    def tasks(self, dag_id: str, run_id: str) -> Sequence[TaskState]:
        return self.states

    def state(self, dag_id: str, run_id: str) -> str:
        if (dag_id, run_id) in self.reasons:
            return "failed"
        return "queued" if (dag_id, run_id) in self.started else ""

    def is_there(self, dag_id: str) -> bool:
        return self.controls

    def why(self, dag_id: str, run_id: str) -> str:
        return self.reasons.get((dag_id, run_id), "")

    def params(self, dag_id: str) -> set[str]:
        return self.known

    def start(self, person: Person, dag_id: str, run_id: str, conf: Mapping[str, Any]) -> bool:
        there = self.started.setdefault((dag_id, run_id), (person.name, dict(conf)))
        if there[1] != conf:
            msg = "this form was used already, for something else"
            raise OrderRefused(msg)
        return True

    def answer(
        self, person: Person, dag_id: str, run_id: str, task_id: str, *, choice: str, reason: str
    ) -> None:
        if self.answered:
            msg = "somebody has answered already"
            raise OrderRefused(msg)
        self.answered.append((person.name, dag_id, run_id, task_id, choice, reason))


@dataclasses.dataclass
class Browser:
    """One person's browser.

    :param client: with their cookies.
    """

    client: TestClient

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(f"{BOARD}{path}", headers=headers, follow_redirects=False)

    def token(self, path: str) -> str:
        """Open a form, and return its token."""
        page = self.get(path)
        assert page.status_code == 200, page.text
        found = re.search(r'name="token" value="([^"]+)"', page.text)
        assert found, page.text
        return found[1]

    def post(
        self, path: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Any:
        sent = {"content-type": "application/x-www-form-urlencoded", "origin": ORIGIN}
        sent |= dict(headers or {})
        return self.client.post(
            f"{BOARD}{path}",
            content=urlencode(fields),
            headers={name: value for name, value in sent.items() if value},
            follow_redirects=False,
        )


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


def jwt(name: str, role: str) -> str:
    """Return what Airflow's login gives somebody."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    return str(get_auth_manager().generate_jwt(SimpleAuthManagerUser(username=name, role=role)))


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
    live = Live(runs={"shop.prod": [run]}, questions={"shop.prod": [question()]})
    return model, Airflow(under_way=live)
