"""People at their browsers, and the Airflow that they find."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from slipway.exceptions import OrderRefused
from slipway.hooks.airflow_progress import Live, TaskState
from slipway.model.controls import Controls

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from fastapi.testclient import TestClient

    from slipway.hooks.airflow_people import Person
    from slipway.hooks.store.approvals import Proposal
    from slipway.hooks.store.image_records import ImageRecord
    from slipway.hooks.store.releases import ReleaseRecord
    from slipway.model.board.audit import Line
    from slipway.model.board.deployment import DeploymentRecord
    from slipway.model.board.snapshot import ProjectSnapshot
    from slipway.model.maintenance import Maintenance
from slipway.model.facts import Release

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
    held: dict[str, Controls] = dataclasses.field(default_factory=dict)
    done: list[Line] = dataclasses.field(default_factory=list)

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

    def controls(self, project: str, environment: str) -> Controls:
        return self.held.get(f"{project}/{environment}", Controls())

    def audit(self, project: str, environments: Sequence[str]) -> Sequence[Line]:
        return self.done

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
    maintained: Maintenance | None = None

    def maintenance(self) -> Maintenance | None:
        return self.maintained

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


def jwt(name: str, role: str) -> str:
    """Return what Airflow's login gives somebody."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    return str(get_auth_manager().generate_jwt(SimpleAuthManagerUser(username=name, role=role)))
