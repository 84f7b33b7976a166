"""An Airflow of a benchmark's own: the demo's settings, or none but its place."""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from include.demo import airflow_environment
from tests.airflow_processes import PARTS, AirflowProcesses, addresses, free_port

PROGRAM = Path(sys.executable).parent / "airflow"


class OwnAirflow:
    """Airflow in a folder of its own, on free ports of loopback, with SQLite.

    :param home: the folder; DAG files go into ``dags``.
    :param program: which Airflow; this checkout's by default.
    """

    def __init__(self, home: Path, program: Path = PROGRAM) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.database = home / "airflow" / "airflow.db"
        self._program = program
        (home / "dags").mkdir(parents=True)

    def bare(self) -> dict[str, str]:
        """Return no settings but those that say where it is, and that whoever asks may."""
        return {**_without_airflow(), **self._place()}

    def as_the_demo(self) -> dict[str, str]:
        """Return the demo's settings, in this place."""
        return {
            **_without_airflow(),
            **airflow_environment.environment(signing_key="", gateway="x", databases={}),
            **self._place(),
            "AIRFLOW__SLIPWAY__ALLOWED_HOSTS": "127.0.0.1",
            "AIRFLOW__SLIPWAY__ARTIFACTS": (self.home / "artifacts").as_uri(),
            "AIRFLOW__SLIPWAY__GIT_MIRRORS": str(self.home / "mirrors"),
        }

    def _place(self) -> dict[str, str]:
        return {
            **addresses(self.home, self.url, self.port),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        }

    @contextmanager
    def running(self, settings: dict[str, str]) -> Iterator[None]:
        """Start it, and end it with all that it started.

        :param settings: its whole environment.
        """
        parts = AirflowProcesses(home=self.home, environment=settings, program=str(self._program))
        parts.make_database()
        try:
            for part in PARTS:
                parts.start(part)
            yield
        finally:
            parts.end_all()

    def moment(self, query: str, *values: str, timeout: float) -> datetime:
        """Wait until the database tells a moment.

        :param query: of one column.
        :param timeout: seconds.
        """
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as database:
                row = database.execute(query, values).fetchone()
            if row and row[0]:
                return datetime.fromisoformat(row[0]).replace(tzinfo=UTC)
            time.sleep(0.05)
        msg = f"nothing of {', '.join(values)} within {timeout:g} s; see {self.home}"
        raise SystemExit(msg)


def _without_airflow() -> dict[str, str]:
    return {name: one for name, one in os.environ.items() if not name.startswith("AIRFLOW")}
