"""Seven trivial tasks, one after the other: from being asked for to their end.

An Airflow with the demo's settings runs a DAG of seven times ``true`` in a shell, by turns with a
Buildbot whose builder has the same seven steps. Then Airflow as PyPI has it, in an environment
without Slipway and with no setting but its place, runs the same DAG: alone, since an Airflow that
has nothing to do is not still. A run of Airflow counts until its scheduler has ended it.

``python -m benchmarks.trivial [--rounds 9]``
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
import uuid
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import httpx

from benchmarks.bench.figure import at_most, record
from benchmarks.bench.result import ROOT
from benchmarks.yardsticks.airflow import OwnAirflow
from benchmarks.yardsticks.buildbot import Buildbot
from benchmarks.yardsticks.environment import environment
from tests.airflow_processes import free_port

TASKS = 7
_DAG = f'''"""Of the benchmark: tasks that do nothing."""
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, chain

with DAG(dag_id="trivial", schedule=None, is_paused_upon_creation=False):
    chain(*[BashOperator(task_id=f"t{{one}}", bash_command="true") for one in range({TASKS})])
'''
# Seconds for Airflow to know the DAG, and for a run.
_START, _RUN = 300.0, 120.0


class Trivial:
    """Runs of the DAG in an Airflow that runs.

    :param airflow: which.
    """

    def __init__(self, airflow: OwnAirflow) -> None:
        self._airflow = airflow
        self._client = httpx.Client(base_url=airflow.url, timeout=30, trust_env=False)
        query = "select last_parsed_time from dag where dag_id = ?"
        airflow.moment(query, "trivial", timeout=_START)
        self._log_in()

    def seconds(self) -> float:
        """Ask for a run; returns the seconds until its end."""
        since, run = datetime.now(UTC), f"run-{uuid.uuid4().hex[:8]}"
        asked = {"dag_run_id": run, "logical_date": None}
        self._client.post("/api/v2/dags/trivial/dagRuns", json=asked).raise_for_status()
        query = "select end_date from dag_run where dag_id = 'trivial' and run_id = ?"
        ended = self._airflow.moment(query, run, timeout=_RUN)
        state = self._client.get(f"/api/v2/dags/trivial/dagRuns/{run}").json()["state"]
        if state != "success":
            sys.exit(f"the run ended {state}")
        return (ended - since).total_seconds()

    def _log_in(self) -> None:
        deadline = time.monotonic() + _START
        while True:
            try:
                answer = self._client.get("/auth/token").raise_for_status()
            except httpx.HTTPError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.3)
            else:
                break
        self._client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


def main() -> None:
    """Measure, and tell."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    parser = argparse.ArgumentParser(prog="python -m benchmarks.trivial", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="slipway-trivial-") as name:
        ours, buildbot = _by_turns(Path(name), rounds)
        record(
            "seven trivial tasks, the demo's settings",
            ours,
            beside=("Buildbot", buildbot),
            budget=at_most(1.5),
        )
        bare = _bare(Path(name), rounds)
        record("the same, beside Airflow without settings", ours, beside=("bare Airflow", bare))


def _by_turns(home: Path, rounds: int) -> tuple[list[float], list[float]]:
    airflow = _airflow(home / "ours")
    other = Buildbot(home / "buildbot", free_port(), ["true"] * TASKS)
    ours, theirs = [], []
    with airflow.running(airflow.as_the_demo()), other.running():
        runs = Trivial(airflow)
        for number in range(rounds + 1):
            ours.append(runs.seconds())
            theirs.append(other.seconds_to_end(f"{number:040x}"))
    return ours[1:], theirs[1:]  # the first one loads what the others find loaded


def _bare(home: Path, rounds: int) -> list[float]:
    wanted = [f"apache-airflow=={version('apache-airflow')}", "-c", str(ROOT / "constraints.txt")]
    airflow = _airflow(home / "bare", environment(home / "venv", *wanted) / "airflow")
    with airflow.running(airflow.bare()):
        runs = Trivial(airflow)
        return [runs.seconds() for _ in range(rounds + 1)][1:]


def _airflow(home: Path, *program: Path) -> OwnAirflow:
    made = OwnAirflow(home, *program)
    (made.home / "dags" / "trivial.py").write_text(_DAG)
    return made


if __name__ == "__main__":
    main()
