"""An environment with its lease, and people who hold, stop and reject."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest

from slipway.fleet import swap
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.controls import ControlBook
from slipway.model.controls import Action, ControlEvent, Scope
from slipway.operators import choose_release, leased, migrations
from slipway.operators import swap as fleet
from slipway.operators.swap import LaunchOperator
from slipway.policies.controls import after
from slipway.tasks.consent import Admission
from tests.fakes.airflow_run import FakeTask
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.slipway.fleet.worlds import deploy
from tests.slipway.operators.releases import catalogue
from tests.slipway.operators.swap.begin.runs import GOES_ON, make

BY_ITSELF = Admission(project="shop", environment="dev", by_itself=True)
BY_HAND = Admission(project="shop", environment="dev")
RUN, OTHER = FakeTask(run_id="manual__1"), FakeTask(run_id="manual__2")
WAY = (LaunchOperator, *GOES_ON)
DEV = Scope(project="shop", environment="dev")


@pytest.fixture(autouse=True)
def cloud(monkeypatch: pytest.MonkeyPatch, artifacts: object) -> FakeFleetCloud:
    cloud = FakeFleetCloud(healthy={"1", "2", "3"})
    for module in (fleet, choose_release):
        monkeypatch.setattr(module, "open_cloud", lambda *_, **__: cloud)
    monkeypatch.setattr(migrations, "open_cloud", lambda *_, **__: cloud)
    monkeypatch.setattr(fleet, "require_recorded", lambda *_: None)
    for module, name in ((swap, "_AFTER_CHANGE"), (swap, "_WHILE_WAITING"), (leased, "_PAUSE")):
        monkeypatch.setattr(module, name, 0.0)
    monkeypatch.setattr(migrations, "container_engine", mock.Mock())
    monkeypatch.setattr(migrations, "migration_files", mock.Mock())
    monkeypatch.setattr(migrations, "database_url", lambda _: "postgres://x")
    deploy(cloud, "1")
    catalogue("1", "2", "3")
    return cloud


def say(action: Action, said_by: str = "c1", **more: Any) -> None:
    facts: dict[str, Any] = {"project": "shop", "environment": "dev", "by": "ann"}
    event = ControlEvent(
        action=action,
        at=0,
        why="it loses orders",
        dag_id="controls",
        run_id=said_by,
        **(facts | more),
    )
    ControlBook(artifact_store()).note(event, after)


def task(kind: Any, admission: Admission = BY_HAND, version: str = "2", **more: Any) -> Any:
    made = make(kind, admission=admission, version=version, skip=admission.by_itself)
    made.windows = ()
    for name, value in more.items():
        setattr(made, name, value)
    return made


def context(run: FakeTask = RUN, user: str | None = "bob", cleared: int = 0, **params: Any) -> Any:
    known = ("version", "dry_run", "override_freeze", "urgent", "pass_stop", "at")
    return {
        **run.context,
        "params": params,
        "dag": SimpleNamespace(params=dict.fromkeys(known)),
        "dag_run": SimpleNamespace(triggering_user_name=user, clear_number=cleared),
    }
