"""What the demo's Airflow is told, and users are told to copy."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from include.delivery.capacity.assign import places
from include.delivery.defaults import RETRIES
from include.demo import airflow_environment, paths
from include.localcloud.balancer.config import HOST


@pytest.fixture
def told() -> dict[str, str]:
    return airflow_environment.environment(signing_key="k", gateway="http://g", databases={})


def test_a_killed_worker_is_noticed_within_a_minute(told: dict[str, str]) -> None:
    names = ("TIMEOUT", "TIMEOUT_DETECTION_INTERVAL")
    silent, between = (
        float(told[f"AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_{name}"]) for name in names
    )
    assert silent + between <= 60
    assert RETRIES["retries"] > 0


def test_builds_and_bakes_leave_slots_to_swaps(
    told: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "POOLS", tmp_path / "pools.json")
    airflow_environment.save_pools()
    made = json.loads(paths.POOLS.read_text())
    named = places("pools", airflow_environment.pool_setting()["AIRFLOW__SLIPWAY__POOLS"])
    assert set(named.values()) == set(made)
    slots = sum(pool["slots"] for pool in made.values())
    assert slots + 2 <= int(told["AIRFLOW__CORE__PARALLELISM"])
    assert not any(pool["include_deferred"] for pool in made.values())


def test_what_workers_begin_with_is_there(told: dict[str, str]) -> None:
    for module in told["AIRFLOW__CORE__MP_FORKSERVER_PRELOAD"].split(","):
        assert find_spec(module), module


def test_a_long_wait_needs_no_worker(told: dict[str, str]) -> None:
    assert told["AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE"] == "True"


def test_it_listens_on_loopback_alone(told: dict[str, str]) -> None:
    assert told["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert told["AIRFLOW__API__BASE_URL"].startswith("http://localhost:")


def test_no_page_of_an_application_is_one_of_airflows_host(told: dict[str, str]) -> None:
    """A browser gives a host's cookies to each of its ports, and scripts read them there."""
    hosts = {urlsplit(paths.balancer_url(name)).hostname for name in paths.LISTENERS}
    assert hosts == {HOST}
    assert told["AIRFLOW__SLIPWAY__ALLOWED_HOSTS"] == paths.UI_HOST
    assert urlsplit(paths.UI).hostname not in hosts
    for name in ("AIRFLOW__API__BASE_URL", "AIRFLOW__CORE__EXECUTION_API_SERVER_URL"):
        assert urlsplit(told[name]).hostname == paths.UI_HOST


def test_records_are_signed_with_a_key_of_this_demo_alone(told: dict[str, str]) -> None:
    other = airflow_environment.environment(signing_key="k", gateway="http://g", databases={})
    name = "AIRFLOW_CONN_SLIPWAY_RECORDS"
    assert told[name] != other[name]
    assert len(json.loads(told[name])["password"]) == 64
