"""An Airflow with people of its own, started as `make demo` starts one."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from include.demo import airflow_environment
from tests.airflow_processes import PARTS, AirflowProcesses, addresses, free_port
from tests.cloud_process import ROOT, WITH_ITS_PARENT

# Who works there, and the role of each in Airflow.
PEOPLE = {"ann": "OP", "bob": "OP", "vera": "VIEWER", "root": "ADMIN"}
# Seconds to be there.
_START = 300.0


@dataclass(frozen=True, kw_only=True)
class Airflow:
    """A running one.

    :param url: where it answers.
    :param passwords: of its people.
    """

    url: str
    passwords: dict[str, str]

    def api(self, name: str = "root") -> httpx.Client:
        """Return a client of its REST API.

        :param name: who is logged in.
        """
        login = {"username": name, "password": self.passwords[name]}
        client = httpx.Client(base_url=self.url, timeout=30, trust_env=False)
        token = client.post("/auth/token", json=login).raise_for_status().json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        return client


@contextmanager
def running(home: Path, settings: dict[str, str]) -> Iterator[Airflow]:
    """Start one, and end it with all that it started.

    :param home: a folder of its own, with ``dags`` in it.
    :param settings: what else stands in its environment.
    """
    port = free_port()
    airflow = Airflow(
        url=f"http://localhost:{port}",
        passwords={name: secrets.token_urlsafe(12) for name in PEOPLE},
    )
    environment = _environment(home, airflow, port) | settings
    parts = AirflowProcesses(home=home, environment=environment, before=WITH_ITS_PARENT)
    parts.make_database()
    try:
        for name in PARTS:
            parts.start(name)
        _wait_for(airflow, parts)
        yield airflow
    finally:
        parts.end_all()


def _wait_for(airflow: Airflow, parts: AirflowProcesses) -> None:
    deadline = time.monotonic() + _START
    while time.monotonic() < deadline:
        with suppress(httpx.HTTPError, ValueError):
            if httpx.get(f"{airflow.url}/api/v2/monitor/health", trust_env=False).is_success:
                found = airflow.api().get("/api/v2/dags/controls")
                if found.is_success:
                    return
        time.sleep(0.5)
    logs = "\n".join(parts.log(name).read_text()[-1500:] for name in PARTS)
    msg = f"Airflow did not start:\n{logs}"
    raise RuntimeError(msg)


def _environment(home: Path, airflow: Airflow, port: int) -> dict[str, str]:
    (home / "passwords.json").write_text(json.dumps(airflow.passwords))
    # Connections and Slipway's own settings are those of the world that the tests have.
    kept = {name: value for name, value in os.environ.items() if name != "AIRFLOW_HOME"}
    found = airflow_environment.environment(signing_key="", gateway="x", databases={})
    made = {name: value for name, value in found.items() if name not in kept}
    return {
        **kept,
        **made,
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "plugins"))),
        **addresses(home, airflow.url, port),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(
            f"{name}:{role}" for name, role in PEOPLE.items()
        ),
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": "socket.gethostname",
        "AIRFLOW__SLIPWAY__ALLOWED_HOSTS": "localhost",
        "AIRFLOW__SLIPWAY__SENSOR_MODE": "poke",
    }
