"""``python -m benchmarks.board``: how long it takes to say what runs where.

A store on the local disk with a thousand projects of three environments each, and a hundred
thousand deployments. Asked are all projects (the board, ``fab status``), one of them, and a page of
one environment's deployments: by a process that has read nothing yet, by one that has, and by one
for which a few projects have changed since. The yardstick reads each record by itself, as one would
without the index. Each is asked several times, without the start of Python and Airflow.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.bench.figure import record, timed

ENVIRONMENTS = ("dev", "staging", "prod")
_ROUNDS, _CHANGED = 5, 20


def main() -> None:
    """Make the store, measure, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=int, default=1000)
    parser.add_argument("--deployments", type=int, default=100_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="slipway-board-") as name:
        # Before anything imports Airflow: it reads its configuration on import.
        os.environ |= _settings(Path(name))
        _fill(given.projects, given.deployments)
        naive = ("each project by itself", [_naive() for _ in range(_ROUNDS)])
        for what, measure in _MEASURED.items():
            beside = naive if measure is _first else ("", [])
            by = {"projects": given.projects, "deployments": given.deployments}
            grows = "deployments" if measure is _page else "projects"
            size, (other, count) = (by.pop(grows), grows), *by.items()
            found = [measure() for _ in range(_ROUNDS)]
            record(f"{what}, {count:,} {other}", found, beside=beside, size=size)


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


def _first() -> float:
    from slipway.hooks.store.environments.snapshots import forget_read, snapshots

    forget_read()
    return timed(snapshots().every)


def _again() -> float:
    from slipway.hooks.store.environments.snapshots import snapshots

    snapshots().every()
    return timed(snapshots().every)


def _changed() -> float:
    from slipway.hooks.store.environments.snapshots import snapshots

    board = snapshots()
    board.every()
    for project in board.projects()[:_CHANGED]:
        board.change(project, "dev", lambda one: replace(one, newer=(one.newer or 0) + 1))
    return timed(board.every)


def _one() -> float:
    from slipway.hooks.store.environments.snapshots import forget_read, snapshots

    forget_read()
    return timed(lambda: snapshots().project("p0007"))


def _page() -> float:
    from slipway.hooks.store.environments.history import deployments

    return timed(lambda: deployments().last("p0007", "prod"))


def _naive() -> float:
    from slipway.hooks.store.artifacts import artifact_store
    from slipway.hooks.store.environments.snapshots import snapshots
    from slipway.hooks.store.signed_records import SignedRecords
    from slipway.model.board.snapshot import ProjectSnapshot

    store = artifact_store()
    records, folder = SignedRecords(store), f"environments/{snapshots().installation}/now"

    def ask() -> None:
        for name in store.keys(folder):
            ProjectSnapshot.from_json(records.get(f"{folder}/{name}") or {})

    return timed(ask)


_MEASURED: dict[str, Callable[[], float]] = {
    "all projects, read for the first time": _first,
    "all projects, once more": _again,
    f"all projects, {_CHANGED} of them changed since": _changed,
    "one project": _one,
    "a page of an environment's deployments": _page,
}


if __name__ == "__main__":
    main()
