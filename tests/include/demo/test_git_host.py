"""What the demo reports of its runs: how they came about, and what the git host was told."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from include.demo import airflow_environment, git_host, paths
from include.demo.airflow_api import AirflowApi
from include.demo.report import Report, Run
from include.localforge.state import ForgeHome
from include.project.loader import PROJECTS, load_project
from slipway.model.forge.place import ForgeKind, place_of
from tests.secret_leaks.needles import secrets_of


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ForgeHome:
    found = ForgeHome(folder=tmp_path / "forge", git=tmp_path / "git")
    monkeypatch.setattr(git_host, "HOME", found)
    return found


def _tell(home: ForgeHome, run: str, state: str, key: str = "slipway/test") -> None:
    url = f"http://localhost:8080/dags/{run}/tasks/test?try_number=1"
    status = {"key": key, "state": state, "url": url}
    home.add("statuses", {"repository": "acme/guestbook", "sha": "1" * 40, "status": status})


def test_statuses_are_counted_by_their_run(home: ForgeHome) -> None:
    by_hand = "manual__2026-11-27T05:00:00+00:00_x"
    quoted = "manual__2026-11-27T05%3A00%3A00%2B00%3A00_x"
    _tell(home, "guestbook/runs/commit__1", "INPROGRESS")
    _tell(home, "guestbook/runs/commit__1", "SUCCESSFUL")
    _tell(home, f"guestbook.prod/runs/{quoted}", "SUCCESSFUL")
    assert len(git_host.statuses_of("guestbook", "commit__1")) == 2
    assert len(git_host.statuses_of("guestbook.prod", by_hand)) == 1
    assert git_host.statuses_of("guestbook.dev", by_hand) == []


def test_the_demo_waits_for_the_last_word_and_not_for_ever(home: ForgeHome) -> None:
    _tell(home, "guestbook/runs/commit__1", "INPROGRESS")
    git_host.wait_for_statuses(timeout=0.1)
    _tell(home, "guestbook/runs/commit__1", "FAILED")
    git_host.wait_for_statuses(timeout=60)


@pytest.mark.parametrize(
    ("run_type", "triggered_by", "how"),
    [
        ("operator_triggered", "rest_api", "by hook"),
        ("operator_triggered", "operator", "by poll"),
        ("manual", "operator", "by poll"),
        ("manual", "rest_api", "by hand"),
        ("manual", "ui", "by hand"),
    ],
)
def test_a_run_tells_how_it_came_about(
    monkeypatch: pytest.MonkeyPatch, run_type: str, triggered_by: str, how: str
) -> None:
    run = {"run_type": run_type, "triggered_by": triggered_by, "queued_at": "2026-11-27T05:00:00Z"}
    api = AirflowApi()
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=run))
    monkeypatch.setattr(api, "_client", httpx.Client(base_url="http://x", transport=transport))
    origin = api.run_origin("guestbook", "commit__1")
    assert (origin.how, origin.queued_at) == (how, 1795755600.0)


def test_the_table_says_how_runs_came_and_how_many_statuses_arrived(
    capsys: pytest.CaptureFixture[str],
) -> None:
    pushed = Run(name="guestbook, version 1", how="by hook", waited=0.41, statuses=9)
    started = Run(name="guestbook.prod, version 2", how="by hand", waited=None, statuses=3)
    Report(runs=[pushed, started]).show()
    said = capsys.readouterr().out
    assert "by hook, 0.4 s after the push" in said
    lines = [line.split() for line in said.splitlines()]
    assert ["guestbook.prod,", "version", "2", "by", "hand", "3"] in lines


def test_the_guestbook_is_where_its_project_file_says() -> None:
    repository = load_project(PROJECTS / "guestbook.yaml").repository
    place = repository.forge_place()
    assert (place.kind, place.server) == (ForgeKind.BITBUCKET, paths.FORGE_URL)
    assert place.path == paths.REPOSITORY
    assert repository.url.startswith(f"git://127.0.0.1:{paths.GIT_PORT}/")
    assert place_of(repository.url, connection="c", kind=place.kind).path == paths.REPOSITORY


def test_the_hooks_secret_and_the_token_are_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "ENVIRONMENT", tmp_path / "env")
    token = "of-a-test-0123456789"
    variables = airflow_environment.environment(
        signing_key="k", gateway="http://g", databases={}, forge_token=token
    )
    airflow_environment.save(variables)
    found = secrets_of(paths.ENVIRONMENT)
    assert found["AIRFLOW_CONN_GUESTBOOK_BITBUCKET.password"] == token
    assert len(found["AIRFLOW_CONN_GUESTBOOK_WEBHOOK.password"]) == 64
