"""What a host is told of a delivery that Airflow itself has run."""

from __future__ import annotations

from typing import Any

import pytest

from tests.include.delivery.runs.own_airflow import told_by

NONE, ILL = "-", "swap.fleet_healthy"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return told_by(tmp_path_factory.mktemp("airflow"), "statuses_run", NONE, ILL)


def dev(told: dict[str, Any], run: str) -> tuple[str, str]:
    (one,) = [one for one in told[run] if one["key"] == "slipway/dev"]
    return one["state"], one["description"]


def test_what_serves_is_on_its_commit(told: dict[str, Any]) -> None:
    state, text = dev(told, NONE)
    assert state == "SUCCESSFUL"
    assert text.startswith("serving 2")


def test_what_was_rolled_back_is_on_its_commit(told: dict[str, Any]) -> None:
    assert dev(told, ILL) == ("FAILED", "rolled back: fleet_healthy failed")
