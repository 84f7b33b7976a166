"""`fab check`: what is wrong here, and what the server found."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from include.cli.doctor import check as doctor
from include.cli.doctor import here
from include.cli.doctor.check import check
from include.cli.server.address import Address
from include.cli.server.client import AirflowServer
from include.cli.server.errors import LoginMissing

ROOT = Path(__file__).resolve().parents[4]
LOGIN = Address(url="https://airflow.example.com", token="t0ken")
WRONG = {
    "area": "prod",
    "what": "target group 'shop-prd'",
    "state": "wrong",
    "words": "does not exist \x1b[2J",
    "cure": "correct it",
}


@pytest.fixture(autouse=True)
def _no_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")


def airflow(found: Any, *, knows: bool = True, state: str = "success") -> Callable[..., Any]:
    """Return a server whose run of the DAG finds something."""
    run = {"dag_id": "check_projects", "dag_run_id": "shell__1", "state": state}
    answers: dict[str, Any] = {
        "/version": {"version": "3.3.2"},
        "/importErrors": {"import_errors": [], "total_entries": 0},
        "/dags/check_projects": {"is_paused": False} if knows else None,
        "/dags": {"dags": []},
        "/dags/check_projects/dagRuns": run,
        "/dags/check_projects/dagRuns/shell__1": run,
        "/dags/check_projects/dagRuns/shell__1/taskInstances": {
            "task_instances": [],
            "total_entries": 0,
        },
        "/dags/check_projects/dagRuns/shell__1/taskInstances/check/xcomEntries/findings": None
        if found is None
        else {"value": found},
    }

    def answer(request: httpx.Request) -> httpx.Response:
        body = answers[request.url.path.removeprefix("/api/v2")]
        return httpx.Response(404 if body is None else 200, json=body or {"detail": "none"})

    def connect(address: Address) -> AirflowServer:
        http = httpx.Client(base_url=address.url, transport=httpx.MockTransport(answer))
        return AirflowServer(http=http, address=address, sleep=lambda _: None)

    return connect


def asked(project: str = "", **given: Any) -> tuple[int, str]:
    out = io.StringIO()
    arguments = {"address": lambda: LOGIN, "recipes": ROOT, **given}
    return check(out, project, **arguments), out.getvalue()


def test_what_the_server_found_is_told_with_its_cure() -> None:
    fine = {"area": "prod", "what": "database", "state": "fine", "words": "", "cure": ""}
    code, said = asked(open_server=airflow({"shop": [fine, WRONG]}))
    assert code == 1
    assert "shop prod, database\n" in said
    assert (
        "wrong: shop prod, target group 'shop-prd': does not exist <U+001B>[2J\n"
        "  what to do: correct it\n"
    ) in said
    assert "server, https://airflow.example.com: Airflow 3.3.2\n" in said
    assert said.endswith("1 wrong, 1 not checked\n")


def test_what_was_found_is_there_for_programs() -> None:
    code, said = asked(open_server=airflow({"shop": [WRONG]}), as_json=True)
    found = json.loads(said)
    assert code == 1
    assert WRONG.items() <= next(one for one in found if one["project"] == "shop").items()


def test_nothing_wrong_is_a_success_also_where_docker_is_not_there() -> None:
    code, said = asked(open_server=airflow({}))
    assert code == 0
    assert "not checked: this machine, Docker: no engine answers" in said


def test_without_a_server_it_is_said_what_was_not_looked_at() -> None:
    code, said = asked(address=lambda: None)
    assert code == 0
    assert "guestbook: dev, prod\n" in said
    assert "databases were not looked at" in said
    assert "set SLIPWAY_SERVER" in said


def test_an_older_server_is_told_what_it_lacks() -> None:
    code, said = asked(open_server=airflow({}, knows=False))
    assert code == 0
    assert "it has no DAG check_projects that you may see" in said


def test_a_run_that_found_nothing_is_no_success() -> None:
    code, said = asked(open_server=airflow(None, state="failed"))
    assert code == 1
    assert "fab logs check_projects/shell__1" in said


@pytest.mark.parametrize("value", ["x", [1], {"shop": "x"}, {"shop": []}])
def test_what_another_version_says_breaks_nothing(value: Any) -> None:
    code, _ = asked(open_server=airflow(value))
    assert code in (0, 1)


def test_a_login_that_is_wrong_is_a_finding() -> None:
    def address() -> Address:
        msg = "there is no login"
        raise LoginMissing(msg, advice="log in")

    code, said = asked(address=address)
    assert code == 1
    assert "wrong: server, login: there is no login\n  what to do: log in\n" in said


def test_a_project_that_is_not_there_is_told_with_the_nearest() -> None:
    code, said = asked("gestbook", address=lambda: None)
    assert code == 1
    assert "did you mean guestbook?" in said


def test_a_broken_file_is_told_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shop.yaml").write_text("name: shop\nenvironmens: {}\n")
    monkeypatch.setattr(doctor, "load_projects", lambda: here_loaded(tmp_path))
    code, said = asked(address=lambda: None)
    assert code == 1
    assert "shop.yaml:2:1: environmens: unknown field; did you mean 'environments'?" in said


def here_loaded(folder: Path) -> Any:
    from include.project.loader import load_projects

    return load_projects(folder)


def test_an_engine_that_answers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Client:
        def version(self) -> dict[str, str]:
            return {"Version": "27.1"}

        def close(self) -> None:
            pass

    monkeypatch.setattr("docker.from_env", lambda timeout: Client())
    [one] = here.engine()
    assert (one.state, one.words) == ("fine", "27.1")
