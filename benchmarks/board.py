"""``python -m benchmarks.board``: how long it takes to say what runs where.

A store on the local disk with a thousand projects of three environments each, and a hundred
thousand deployments. Asked are all projects (the board, ``fab status``), one of them, and a page of
one environment's deployments: by a process that has read nothing yet, by one that has, and by one
for which a few projects have changed since. The yardstick reads each record by itself, as one would
without the index. Each figure is the median of several, without the start of Python and Airflow.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

ENVIRONMENTS = ("dev", "staging", "prod")
_ROUNDS, _CHANGED = 5, 20


def main() -> None:
    """Make the store, measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=int, default=1000)
    parser.add_argument("--deployments", type=int, default=100_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="slipway-board-") as name:
        # Before anything imports Airflow: it reads its configuration on import.
        os.environ |= _settings(Path(name))
        began = time.perf_counter()
        _fill(given.projects, given.deployments)
        print(
            f"{given.projects} projects, {len(ENVIRONMENTS) * given.projects} environments, "
            f"{given.deployments} deployments; made in {time.perf_counter() - began:.0f} s"
        )
        print(f"{'':44} {'seconds':>8} {'of CPU':>8}")
        for what, measure in _MEASURED.items():
            found = [measure() for _ in range(_ROUNDS)]
            wall, cpu = (sorted(one)[_ROUNDS // 2] for one in zip(*found, strict=True))
            print(f"{what:44} {wall:8.3f} {cpu:8.3f}", flush=True)


def _settings(home: Path) -> dict[str, str]:
    key = {"conn_type": "generic", "password": "7e57" * 8}
    return {
        "AIRFLOW_HOME": str(home / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__SLIPWAY__ARTIFACTS": (home / "artifacts").as_uri(),
        "AIRFLOW_CONN_SLIPWAY_RECORDS": json.dumps(key),
    }


def _fill(projects: int, deployments: int) -> None:
    """Write what the swaps of so many deployments leave, without the swaps."""
    from slipway.hooks.store.environments.history import SEGMENT, newest_of
    from slipway.hooks.store.environments.snapshots import snapshots

    past = _past(deployments // (projects * len(ENVIRONMENTS)))
    for project in (f"p{number:04d}" for number in range(projects)):
        for environment in ENVIRONMENTS:
            folder = f"history/{project}/{environment}"
            told = [
                {
                    **one,
                    "environment": environment,
                    "release": one["release"] | {"project": project},
                }
                for one in past
            ]
            segments: list[str] = []
            while len(told) >= 2 * SEGMENT:
                segments.append(f"{len(segments):06d}_0")
                _put(f"{folder}/{segments[-1]}.json", {"records": told[:SEGMENT]})
                del told[:SEGMENT]
            newest = newest_of([], segments) | {"records": told}
            _put(f"{folder}~{1:010d}.json", newest)
        place = f"environments/{snapshots().installation}/now/{project}~{1:010d}.json"
        _put(place, _snapshot(project))
    snapshots().roll_up()


def _put(path: str, value: dict[str, Any]) -> None:
    """Store a signed record in fewer characters, and so sooner."""
    from slipway.hooks.store.artifacts import artifact_store
    from slipway.hooks.store.signed_records import SIGNATURE
    from slipway.hooks.store.signing_keys import record_keys

    signed = value | {SIGNATURE: record_keys().sign(path, value)}
    artifact_store().put(path, json.dumps(signed).encode())


def _past(count: int) -> list[dict[str, Any]]:
    from slipway.model.board.deployment import CommitLine, DeploymentRecord
    from slipway.model.facts import Release
    from slipway.model.facts.outcome import Outcome

    return [
        DeploymentRecord(
            swap=f"{turn:032x}",
            release=Release(project="", sha="a" * 40, version=f"1.{turn}.0"),
            environment="",
            outcome=Outcome.SUCCEEDED,
            commit=CommitLine(sha="a" * 40, subject="Sell more of it", author="Ada"),
            asked_by="ada",
            serves=f"1.{turn}.0",
            started_at=1e9 + turn,
            ended_at=1e9 + turn + 300,
            run_id=f"manual__{turn}",
        ).to_json()
        for turn in range(count)
    ]


def _snapshot(project: str) -> dict[str, Any]:
    from slipway.model.board.deployment import CommitLine
    from slipway.model.board.snapshot import EnvironmentSnapshot, Machines, ProjectSnapshot, Serving

    serving = Serving(
        version="1.4.0+42.g3f2a1b7",
        commit=CommitLine(sha="a" * 40, subject="Sell more of it", author="Ada", at=10**9),
        since=1e9,
        asked_by="ada",
        run_id="manual__1",
    )
    board = tuple(
        EnvironmentSnapshot(
            project=project,
            environment=environment,
            place=place,
            serving=serving,
            machines=Machines(healthy=4, wanted=4),
            newer=7,
        )
        for place, environment in enumerate(ENVIRONMENTS)
    )
    return ProjectSnapshot(project=project, environments=board).to_json()


def _timed(ask: Callable[[], object]) -> tuple[float, float]:
    began, worked = time.perf_counter(), time.process_time()
    ask()
    return time.perf_counter() - began, time.process_time() - worked


def _first() -> tuple[float, float]:
    from slipway.hooks.store.environments.snapshots import forget_read, snapshots

    forget_read()
    return _timed(snapshots().every)


def _again() -> tuple[float, float]:
    from slipway.hooks.store.environments.snapshots import snapshots

    snapshots().every()
    return _timed(snapshots().every)


def _changed() -> tuple[float, float]:
    from slipway.hooks.store.environments.snapshots import snapshots

    board = snapshots()
    board.every()
    for project in board.projects()[:_CHANGED]:
        board.change(project, "dev", lambda one: replace(one, newer=(one.newer or 0) + 1))
    return _timed(board.every)


def _one() -> tuple[float, float]:
    from slipway.hooks.store.environments.snapshots import forget_read, snapshots

    forget_read()
    return _timed(lambda: snapshots().project("p0007"))


def _page() -> tuple[float, float]:
    from slipway.hooks.store.environments.history import deployments

    return _timed(lambda: deployments().last("p0007", "prod"))


def _naive() -> tuple[float, float]:
    from slipway.hooks.store.artifacts import artifact_store
    from slipway.hooks.store.environments.snapshots import snapshots
    from slipway.hooks.store.signed_records import SignedRecords
    from slipway.model.board.snapshot import ProjectSnapshot

    store = artifact_store()
    records, folder = SignedRecords(store), f"environments/{snapshots().installation}/now"

    def ask() -> None:
        for name in store.keys(folder):
            ProjectSnapshot.from_json(records.get(f"{folder}/{name}") or {})

    return _timed(ask)


_MEASURED: dict[str, Callable[[], tuple[float, float]]] = {
    "all projects, read for the first time": _first,
    "all projects, once more": _again,
    f"all projects, {_CHANGED} of them changed since": _changed,
    "one project": _one,
    "a page of an environment's deployments": _page,
    "yardstick: each project by itself": _naive,
}


if __name__ == "__main__":
    main()
