"""A hook from the plugin's door to a run in Airflow's database."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from include.delivery.commit_dag import build
from include.delivery.commits_dag import commits_dag
from include.project.loader import PROJECTS, load_project
from include.project.model import Project
from slipway.hooks.webhook_trial import try_webhook
from slipway.plugin import SlipwayPlugin, Webhooks
from tests.fakes.airflow_database import airflow_database, runs_of, store_dag
from tests.fakes.git_server import Repository
from tests.slipway.sensors.polls import poke, watch
from tests.slipway.webhooks.deliveries import (
    OTHER_SECRET,
    SECRET,
    bitbucket_cloud,
    cloud_change,
    cloud_push,
)


@pytest.fixture(scope="module", autouse=True)
def database() -> Iterator[None]:
    with airflow_database():
        yield


def _project(name: str, url: str) -> Project:
    found = load_project(PROJECTS / "guestbook.yaml")
    off = {"statuses": False, "pull_requests": None}
    changes = {"url": url, "webhook": "guestbook_webhook", **off}
    repository = found.repository.model_copy(update=changes)
    return found.model_copy(update={"name": name, "repository": repository})


@pytest.fixture
def name(repository: Repository, artifacts: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A project in Airflow's database, with a secret for its hook."""
    name = f"p-{Path(repository.url).name}"
    project = _project(name, repository.url)
    store_dag(build(project, name))
    store_dag(commits_dag(lambda: []))
    connection = {
        "conn_type": "generic",
        "password": SECRET.decode(),
        "extra": {"previous": OTHER_SECRET.decode()},
    }
    monkeypatch.setenv("AIRFLOW_CONN_GUESTBOOK_WEBHOOK", json.dumps(connection))
    return name


@pytest.fixture
def client() -> Iterator[TestClient]:
    server = FastAPI()
    server.mount("/slipway/hooks", Webhooks())
    with TestClient(server) as found:
        yield found


def _push(client: TestClient, name: str, secret: bytes = SECRET) -> int:
    delivery = bitbucket_cloud("repo:push", cloud_push(cloud_change("main")), secret)
    url = f"/slipway/hooks/{name}"
    return int(client.post(url, content=delivery.body, headers=delivery.headers).status_code)


def _wait_for_runs(name: str, count: int) -> list[str]:
    deadline = time.monotonic() + 20
    while len(found := list(runs_of(name))) < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def test_a_signed_hook_makes_the_runs_that_a_poll_would_and_makes_them_once(
    repository: Repository, name: str, client: TestClient
) -> None:
    first = repository.commit(readme="one")
    assert _push(client, name) == 202
    _wait_for_runs(name, 1)
    push = [repository.commit(readme=f"push {number}") for number in range(3)]
    assert [_push(client, name, secret) for secret in (SECRET, OTHER_SECRET, SECRET)] == [202] * 3
    assert _wait_for_runs(name, 4) == [f"commit__{sha}" for sha in (first, *push)]
    deadline = time.monotonic() + 20
    while poke(watch(repository, name)):
        assert time.monotonic() < deadline
    assert _push(client, name) == 202
    assert runs_of(name) == {f"commit__{sha}": {"ref": sha} for sha in (first, *push)}


def test_a_hooks_run_is_a_commits_run_like_the_polls(
    repository: Repository, name: str, client: TestClient
) -> None:
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    repository.commit(readme="one")
    _push(client, name)
    _wait_for_runs(name, 1)
    with create_session() as session:
        run = session.scalars(select(DagRun).where(DagRun.dag_id == name)).one()
        assert (run.run_type, run.triggering_user_name) == ("operator_triggered", None)
        assert run.triggered_by is not None
        assert run.triggered_by.value == "rest_api"
        assert run.state == "queued"


def test_hooks_that_are_not_signed_or_of_nobody_make_no_run(
    repository: Repository, name: str, client: TestClient
) -> None:
    repository.commit(readme="one")
    assert _push(client, name, b"x" * 32) == 401
    assert _push(client, "p-nothing") == 401
    assert _push(client, "commits") == 401
    assert runs_of(name) == {}


def test_a_project_without_a_webhook_believes_none(
    repository: Repository, name: str, client: TestClient
) -> None:
    project = _project(f"{name}-bare", repository.url)
    without = project.repository.model_copy(update={"webhook": None})
    store_dag(build(project.model_copy(update={"repository": without}), project.name))
    assert _push(client, project.name) == 401


def test_while_a_dag_cannot_be_read_the_host_is_answered_well_and_the_poll_has_the_commit(
    repository: Repository, name: str, client: TestClient, artifacts: Path
) -> None:
    """Hosts that are refused a few times send no more for hours; a mistake is mended sooner."""
    sha = repository.commit(readme="one")
    _let_it_be_broken(name, True)
    assert _push(client, name) == 202
    assert _push(client, name, b"x" * 32) == 401
    _wait_for_note(artifacts, name)
    assert runs_of(name) == {}
    _let_it_be_broken(name, False)
    assert [find["trigger_run_id"] for find in poke(watch(repository, name)) or ()] == [
        f"commit__{sha}"
    ]


def test_a_test_of_fab_hook_is_answered_well_with_the_secret_alone(
    name: str, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def post(url: str, **said: Any) -> Any:
        del said["timeout"], said["follow_redirects"]
        return client.post(url, **said)

    monkeypatch.setattr(httpx, "post", post)
    assert try_webhook(f"/slipway/hooks/{name}", SECRET.decode()) == 200
    assert try_webhook(f"/slipway/hooks/{name}", "x" * 32) == 401
    assert try_webhook("/slipway/hooks/p-nothing", SECRET.decode()) == 401
    assert runs_of(name) == {}


def _let_it_be_broken(name: str, is_broken: bool) -> None:
    """Have Airflow fail to read a DAG, or read it again."""
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session

    with create_session() as session:
        found = session.get_one(DagModel, name)
        found.has_import_errors = found.is_stale = is_broken


def _wait_for_note(artifacts: Path, name: str) -> None:
    """Wait until a look that a hook led to is over, and a moment more."""
    deadline = time.monotonic() + 20
    while not (artifacts / "hooks" / f"{name}.json").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.2)


def test_while_the_watcher_is_paused_nothing_is_started(
    repository: Repository, name: str, client: TestClient, artifacts: Path
) -> None:
    store_dag(commits_dag(lambda: []), paused=True)
    repository.commit(readme="one")
    assert _push(client, name) == 202
    _wait_for_note(artifacts, name)
    assert runs_of(name) == {}


def test_airflows_own_server_has_the_door_and_asks_for_no_login_there(
    repository: Repository, name: str
) -> None:
    from airflow.api_fastapi.app import create_app, purge_cached_app

    repository.commit(readme="one")
    server = TestClient(create_app(apps="core"))
    assert server.get("/api/v2/dags").status_code == 401
    assert _push(server, name, b"x" * 32) == 401
    assert _push(server, name) == 202
    _wait_for_runs(name, 1)
    purge_cached_app()


def test_the_plugin_mounts_the_receiver_and_loads_it_for_a_request_alone() -> None:
    assert "/slipway/hooks" in [one["url_prefix"] for one in SlipwayPlugin.fastapi_apps]
    loaded = (
        "import sys, slipway.plugin\n"
        "ours = ('slipway.webhooks', 'slipway.board', 'fastapi')\n"
        "print([name for name in sys.modules if name.startswith(ours)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip().splitlines()[-1] == "[]"
