"""Metrics reach a real receiver from each kind of process, and hold nothing up."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
from typing import Any

import pytest

from slipway.metrics import emit
from slipway.metrics.catalogue import DEPLOYMENTS, LEAD_TIME, REPOSITORIES
from slipway.metrics.emit import count, observe, show, timed
from tests.fakes.metrics import listen
from tests.slipway.metrics.receiver import listening

_PLACE = {"project": "shop", "environment": "prod"}
_TAGS = (("environment", "prod"), ("project", "shop"))
_TELL = """
from slipway.metrics.catalogue import DEPLOYMENTS, LEAD_TIME, REPOSITORIES
from slipway.metrics.emit import count, observe, show
place = {"project": "shop", "environment": "prod"}
count(DEPLOYMENTS, **place, outcome="succeeded")
count(DEPLOYMENTS, **place, outcome="succeeded")
observe(LEAD_TIME, 2.5, **place)
show(REPOSITORIES, 7)
"""
# What Airflow's server does as it starts.
_SERVER = "from airflow.api_fastapi import app; app._initialize_api_server_stats()\n"


def _run(program: str, context: str, **settings: str) -> None:
    env = {**os.environ, "_AIRFLOW_PROCESS_CONTEXT": context, **settings}
    subprocess.run([sys.executable, "-c", program], env=env, check=True, timeout=120)


@pytest.mark.parametrize(("context", "before"), [("client", ""), ("server", _SERVER)])
def test_a_collector_gets_what_a_task_and_the_server_tell(context: str, before: str) -> None:
    with listening() as receiver:
        _run(
            before + _TELL,
            context,
            AIRFLOW__METRICS__OTEL_ON="True",
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{receiver.port}",
            OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
        )
    ended = (_TAGS[0], ("outcome", "succeeded"), _TAGS[1])
    assert receiver.of("airflow.slipway.deployments") == {ended: 2}
    assert receiver.of("airflow.slipway.lead_time") == {_TAGS: (1, 2500.0)}
    assert receiver.of("airflow.slipway.repositories") == {(): 7}


@pytest.mark.skipif(importlib.util.find_spec("statsd") is None, reason="needs statsd")
def test_statsd_gets_datagrams_with_tags() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(10)
        _run(
            _TELL,
            "client",
            AIRFLOW__METRICS__STATSD_ON="True",
            AIRFLOW__METRICS__STATSD_HOST="127.0.0.1",
            AIRFLOW__METRICS__STATSD_PORT=str(receiver.getsockname()[1]),
            AIRFLOW__METRICS__STATSD_INFLUXDB_ENABLED="True",
        )
        came = []
        while "airflow.slipway.repositories:7|g" not in came:
            came.append(receiver.recv(4096).decode())
    ours = [one for one in came if one.startswith("airflow.slipway.")]
    assert ours == [
        "airflow.slipway.deployments,project=shop,environment=prod,outcome=succeeded:1|c",
        "airflow.slipway.deployments,project=shop,environment=prod,outcome=succeeded:1|c",
        "airflow.slipway.lead_time,project=shop,environment=prod:2500.000000|ms",
        "airflow.slipway.repositories:7|g",
    ]


def test_nothing_is_done_where_airflow_tells_no_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    told = listen(monkeypatch)
    monkeypatch.setattr(emit, "_is_on", lambda: False)
    count(DEPLOYMENTS, **_PLACE, outcome="failed")
    assert told == []


def test_a_facility_that_breaks_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> Any:
        msg = "no such host"
        raise OSError(msg)

    listen(monkeypatch)
    monkeypatch.setattr(emit, "_facility", broken)
    count(DEPLOYMENTS, **_PLACE, outcome="failed")
    observe(LEAD_TIME, 1.0, **_PLACE)
    show(REPOSITORIES, 1)


def test_a_receiver_that_is_not_there_delays_nobody() -> None:
    slow = "import time; began = time.monotonic()\n"
    slow += "for _ in range(500): count(DEPLOYMENTS, **place, outcome='failed')\n"
    slow += "assert time.monotonic() - began < 2.0"
    began = time.monotonic()
    _run(
        f"{_TELL}\n{slow}\nimport os; os._exit(0)",
        "client",
        AIRFLOW__METRICS__OTEL_ON="True",
        OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:1",
        OTEL_EXPORTER_OTLP_PROTOCOL="http/protobuf",
    )
    assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("shop,admin=1:9|c", "shop_admin_1_9_c"),
        ("läden\n", "l_den_"),
        ("", "none"),
        ("x" * 5000, "x" * 100),
    ],
)
def test_a_name_begins_no_series_or_tag_of_its_own(
    value: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = listen(monkeypatch)
    count(DEPLOYMENTS, project=value, environment="prod", outcome="failed")
    assert heard.of("deployments") == [(1, (told, "prod", "failed"))]


def test_tags_that_a_metric_does_not_have_are_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told = listen(monkeypatch)
    count(DEPLOYMENTS, **_PLACE, outcome="failed", sha="3f2a1b7")
    count(DEPLOYMENTS, **_PLACE)
    observe(DEPLOYMENTS, 1.0, **_PLACE, outcome="failed")
    assert told == []


def test_what_failed_half_way_took_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    told = listen(monkeypatch)
    with pytest.raises(ValueError, match="no"), timed(LEAD_TIME, **_PLACE):
        raise ValueError("no")  # noqa: EM101
    assert told == []
