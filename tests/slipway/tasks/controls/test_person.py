"""Who stands behind a run, and which roles that is known of."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from slipway.tasks.controls.person import assignable, roles_of, starter, was_cleared

SIMPLE = "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"


def run(**fields: Any) -> Any:
    return {"dag_run": SimpleNamespace(**fields), "params": {"triggering_user_name": "root"}}


@pytest.fixture(autouse=True)
def users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__AUTH_MANAGER", SIMPLE)
    monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS", "False")
    monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS", "ann:admin, bob:op,eve")


def test_it_is_the_login_that_airflow_recorded_and_no_parameter() -> None:
    assert starter(run(triggering_user_name="ann")).name == "ann"
    assert starter(run(triggering_user_name=None)).name == ""
    assert starter({"params": {}}).name == ""


def test_the_simple_auth_managers_roles_are_known() -> None:
    assert starter(run(triggering_user_name="ann")).roles == ("admin",)
    assert [roles_of(one) for one in ("bob", "eve", "carl", "")] == [("op",), (), (), ()]


def test_of_another_auth_managers_logins_no_role_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__AUTH_MANAGER", "airflow.providers.fab.FabAuthManager")
    assert roles_of("ann") == ()


def test_where_nobody_logs_in_nobody_has_a_role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS", "True")
    assert roles_of("ann") == ()


def test_a_cleared_run_is_known_as_one() -> None:
    assert was_cleared(run(clear_number=1))
    assert not was_cleared(run(clear_number=0))
    assert not was_cleared(run())


def test_airflow_itself_refuses_answers_where_ids_are_logins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert assignable(["carl", "role:admin"]) == ["ann", "carl"]
    assert assignable([]) == []
    monkeypatch.setenv("AIRFLOW__CORE__AUTH_MANAGER", "airflow.providers.fab.FabAuthManager")
    assert assignable(["carl"]) == []
