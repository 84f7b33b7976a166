"""Pushes to many projects at once, beside one after the other, and a swap among them.

Stands on a running demo (`make demo`). Copies of the smallest example are projects of their own,
each with a place to run. Some are pushed to one after the other; then all the rest at once, and
once their builds have every slot the guestbook's dev is deployed to, as it was on the quiet machine
before: to the newest release, and back to the one before, which the demo leaves there. Said are the
seconds, what became of each push, how long the swap's tasks waited for a slot, and the most memory
that was in use.

``python -m benchmarks.pushes [--projects 20] [--in-turn 3]``
"""

from __future__ import annotations

import argparse
import sys
import time

from benchmarks.bench.figure import at_most, record
from benchmarks.bench.stopping import clear_away_when_stopped
from benchmarks.pushes import projects
from benchmarks.pushes.memory import memory
from include.demo.airflow_api import FINAL, AirflowApi
from include.demo.guestbook_repository import WorkTree

# Seconds for a run, on a machine that has many.
_LIMIT = 3600.0
_SWAP = "guestbook.dev"
_ALONE: tuple[str, list[float]] = ("", [])


def main() -> None:
    """Measure, tell, and end with status 1 where a push was lost or failed."""
    parser = argparse.ArgumentParser(prog="benchmarks.pushes", description=__doc__)
    parser.add_argument("--projects", type=int, default=20, help="pushed to at once")
    parser.add_argument("--in-turn", type=int, default=3, help="pushed to one by one before")
    given = parser.parse_args()
    clear_away_when_stopped()
    api = AirflowApi()
    api.wait_until_ready(timeout=30)
    with projects.laid_out(given.projects + given.in_turn) as trees:
        for name in trees:
            api.wait_for_dag(name, timeout=300)
        known = list(trees.items())
        alone = [_deliver(api, *one) for one in known[: given.in_turn]]
        before = _swap(api, "newest")
        failed = _at_once(api, dict(known[given.in_turn :]), alone, before)
    sys.exit(1 if failed else 0)


def _deliver(api: AirflowApi, name: str, tree: WorkTree) -> float:
    began = time.monotonic()
    state = _end(api, name, f"commit__{_push(tree)}")
    _say(f"{name} alone: {state}, {time.monotonic() - began:.1f} s")
    return time.monotonic() - began


def _at_once(
    api: AirflowApi, trees: dict[str, WorkTree], alone: list[float], before: dict[str, float]
) -> int:
    """Push to all of them, swap meanwhile, tell; return how many pushes did not end well."""
    with memory() as used:
        began = time.monotonic()
        runs = {name: f"commit__{_push(tree)}" for name, tree in trees.items()}
        _wait_for_builds(api, runs)
        among = _swap(api, "previous")
        ended = {name: _end(api, name, run) for name, run in runs.items()}
        seconds = time.monotonic() - began
    lost = sum(state != "success" for state in ended.values())
    size, none = (len(runs), "pushes"), at_most(0)
    beside = ("one after the other", alone) if alone else _ALONE
    record("pushes at once, each push's share", [seconds / len(runs)], beside=beside, size=size)
    record("pushes that did not end well", [lost], unit="pushes", budget=none, size=size)
    idle = ("before", [used.before])
    record("memory in use at most", [used.peak], unit="MiB", beside=idle, size=size)
    record(
        "a swap's task waits for a slot among them",
        list(among.values()),
        beside=("alone", list(before.values())),
        size=size,
    )
    return lost


def _push(tree: WorkTree) -> str:
    program = tree.tree / "hello.py"
    program.write_text(f"{program.read_text()}# {time.time_ns()}\n")
    return tree.push("Say hello once more")


def _wait_for_builds(api: AirflowApi, runs: dict[str, str]) -> None:
    """Wait until builds run, and others wait for their slots where there are some.

    :raises SystemExit: when all ended before that was seen.
    """
    until = time.monotonic() + _LIMIT
    while time.monotonic() < until:
        begun = {name: api.run_state(name, run) for name, run in runs.items()}
        if all(state in FINAL for state in begun.values()):
            break
        states = [
            task.state
            for name, run in runs.items()
            if begun[name]
            for task in api.tasks(name, run)
            if task.task in ("test", "build_deb")
        ]
        waiting = 2 * len(runs) - sum(state in ("running", *FINAL) for state in states)
        if "running" in states and (waiting or len(runs) == 1):
            return
        time.sleep(0.5)
    sys.exit("no builds were seen under way, so nothing could be swapped among them")


def _swap(api: AirflowApi, version: str) -> dict[str, float]:
    """Deploy a release of the guestbook; return its tasks' waits.

    :raises SystemExit: when it does not end well, so that nothing was measured.
    """
    run = api.trigger(_SWAP, {"version": version})
    began = time.monotonic()
    state = _end(api, _SWAP, run)
    _say(f"{_SWAP}, {version}: {state}, {time.monotonic() - began:.1f} s")
    if state != "success":
        sys.exit(f"{_SWAP} did not take the {version} release, so there is no swap to measure")
    return api.waits(_SWAP, run)


def _end(api: AirflowApi, dag_id: str, run_id: str) -> str:
    state = api.end_of(dag_id, run_id, timeout=_LIMIT)
    return state if state in FINAL else "lost"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
