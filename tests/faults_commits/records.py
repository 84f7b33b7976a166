"""What Airflow has written down: which runs there are, and who came upon their commits."""

from __future__ import annotations

import json
import re
import sqlite3
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

# What made a run, as Airflow's database has it.
BY_HOOK, BY_POLL = "REST_API", "OPERATOR"
# What the server's log says of a look that a hook led to.
_LOOKED = re.compile(r"(p\d+): (?:started|there already:) (commit__[^\n]*)")
_RUN = re.compile(r"commit__[0-9a-f]{40}")

# A project and the id of its run.
Key = tuple[str, str]


class Run(NamedTuple):
    """A run: its project, its id, what made it, and when, in seconds since 1970."""

    project: str
    run_id: str
    how: str
    at: float


@dataclass(frozen=True, slots=True)
class Records:
    """Of an installation whose processes may be alive or dead.

    :param home: its folder.
    """

    home: Path

    def runs(self) -> list[Run]:
        """List the projects' runs."""
        rows = self._select(
            "select dag_id, run_id, triggered_by, (julianday(queued_at) - 2440587.5) * 86400 "
            "from dag_run where dag_id != 'commits'"
        )
        return [Run(*row) for row in rows]

    def found_by_poll(self) -> set[Key]:
        """Return what the watcher handed on to be made."""
        rows = self._select(
            "select value from xcom where dag_id = 'commits' and task_id = 'new_commits' "
            "and key = 'return_value'"
        )
        found = [run for (value,) in rows for run in json.loads(value)]
        return {(run["trigger_dag_id"], run["trigger_run_id"]) for run in found}

    def found_by_hook(self) -> set[Key]:
        """Return what hooks led to, made by them or there already."""
        log = (self.home / "api-server.log").read_text(errors="replace")
        return {
            (project, run_id)
            for project, named in _LOOKED.findall(log)
            for run_id in _RUN.findall(named)
        }

    def _select(self, query: str) -> list[tuple[Any, ...]]:
        file = f"file:{self.home / 'airflow' / 'airflow.db'}?mode=ro"
        for _ in range(20):
            with (
                suppress(sqlite3.OperationalError),  # locked, just now
                closing(sqlite3.connect(file, uri=True, timeout=30)) as database,
            ):
                return list(database.execute(query))
            time.sleep(0.5)
        msg = "Airflow's database cannot be read"
        raise TimeoutError(msg)
