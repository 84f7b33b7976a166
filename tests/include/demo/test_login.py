from __future__ import annotations

import base64
import json
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from airflow.api_fastapi import app
from airflow.api_fastapi.auth.managers.simple.datamodels.login import LoginBody
from airflow.api_fastapi.auth.managers.simple.services.login import SimpleAuthManagerLogin
from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from fastapi import HTTPException

from include.demo import airflow_api, airflow_environment, login, processes
from include.demo.airflow_api import AirflowApi, DemoFailed
from slipway.hooks.store.approvals import Approval


@pytest.fixture(autouse=True)
def passwords(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    file = tmp_path / "airflow" / "passwords.json"
    monkeypatch.setattr(login, "PASSWORDS", file)
    return file


def test_each_demo_has_a_password_of_its_own_that_only_its_owner_reads(passwords: Path) -> None:
    login.make()
    first = login.read()
    assert stat.S_IMODE(passwords.stat().st_mode) == 0o600
    assert stat.S_IMODE(passwords.parent.stat().st_mode) == 0o700
    login.make()
    assert login.read() == first
    passwords.unlink()
    login.make()
    assert login.read()["password"] != first["password"]
    assert len(first["password"]) >= 20
    assert list(passwords.parent.iterdir()) == [passwords]


def test_airflow_takes_that_login_and_no_other(passwords: Path) -> None:
    told = airflow_environment.environment(signing_key="k", gateway="http://g", databases={})
    assert told["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"] == "False"
    assert told["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"] == "admin:ADMIN"
    assert told["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"] == str(passwords)
    assert told["AIRFLOW__SLIPWAY__ALLOWED_HOSTS"] == "localhost"
    login.make()
    assert login.read()["password"] not in json.dumps(told)


def test_the_demos_own_client_logs_in(monkeypatch: pytest.MonkeyPatch) -> None:
    login.make()
    asked: list[tuple[str, str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        token = request.headers.get("Authorization", "")
        asked.append((request.method, request.url.path, token))
        if request.url.path == "/auth/token":
            right = json.loads(request.content) == login.read()
            return httpx.Response(201 if right else 401, json={"access_token": "t"})
        return httpx.Response(200, json={"scheduler": {"status": "healthy"}, "state": "success"})

    transport = httpx.MockTransport(answer)
    client = httpx.Client(base_url="http://127.0.0.1", transport=transport)
    monkeypatch.setattr(httpx, "Client", lambda **_: client)
    monkeypatch.setattr(processes, "alive", lambda _: True)
    api = AirflowApi()
    api.wait_until_ready(timeout=5)
    assert api.run_state("d", "r") == "success"
    assert ("POST", "/auth/token", "") in asked
    assert asked[-1][2] == "Bearer t"


def _asked_by(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[[httpx.Request], httpx.Response]
) -> AirflowApi:
    transport = httpx.MockTransport(answer)
    client = httpx.Client(base_url="http://127.0.0.1", transport=transport)
    monkeypatch.setattr(httpx, "Client", lambda **_: client)
    monkeypatch.setattr(airflow_api, "_PAUSE", 0.0)
    return AirflowApi()


def test_a_machine_that_is_too_busy_for_an_answer_does_not_end_the_story(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    late = iter([True, True, False])

    def answer(request: httpx.Request) -> httpx.Response:
        if next(late):
            msg = "timed out"
            raise httpx.ReadTimeout(msg, request=request)
        return httpx.Response(200, json={"state": "running"})

    assert _asked_by(monkeypatch, answer).run_state("d", "r") == "running"


def test_a_server_that_is_gone_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        msg = "refused"
        raise httpx.ConnectError(msg, request=request)

    with pytest.raises(DemoFailed, match=r"does not answer \(ConnectError\)"):
        _asked_by(monkeypatch, answer).run_state("d", "r")


def test_an_answer_in_the_demo_carries_the_logins_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where everybody is an admin without a login, Airflow calls them all Anonymous."""
    told = airflow_environment.environment(signing_key="k", gateway="http://g", databases={})
    for name in ("USERS", "ALL_ADMINS", "PASSWORDS_FILE"):
        option = f"AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_{name}"
        monkeypatch.setenv(option, str(told[option]))
    login.make()
    monkeypatch.setenv("AIRFLOW__API_AUTH__JWT_SECRET", told["AIRFLOW__API_AUTH__JWT_SECRET"])
    manager = SimpleAuthManager()
    monkeypatch.setattr(app._AuthManagerState, "instance", manager)
    token = SimpleAuthManagerLogin.create_token(body=LoginBody(**login.read()))
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    user = manager.deserialize_user(claims)
    approval = Approval.of(
        {
            "chosen_options": ["Approve"],
            "responded_by_user": {"id": user.get_id(), "name": user.get_name()},
            "responded_at": datetime(2026, 1, 1, tzinfo=UTC),
            "params_input": {"reason": "it is time"},
        }
    )
    assert str(approval) == "approved by admin on 2026-01-01 at 00:00:00 UTC: it is time"
    with pytest.raises(HTTPException):
        SimpleAuthManagerLogin.create_token_all_admins()
