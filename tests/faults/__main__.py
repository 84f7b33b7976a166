"""``python -m tests.faults``: the whole matrix, with a table of what came of it.

Read from the environment: ``FAULTS_SEED``, ``FAULTS_ONLY`` (words of cases, divided by commas),
``FAULTS_LANES`` (how many run side by side), ``FAULTS_FOLDER`` (where logs stay).
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.faults.cloud import client, running_cloud
from tests.faults.faults import Fault
from tests.faults.lane import Lane
from tests.faults.matrix import Result, matrix, prepare, record, run_cases
from tests.integration.fleet.web_machine import bake_web


def main() -> int:
    """Run it, and return how many cases did not pass, at most 1."""
    said = os.environ.get
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the cloud is removed then, too
    folder = Path(said("FAULTS_FOLDER") or tempfile.mkdtemp(prefix="slipway-faults-"))
    folder.mkdir(parents=True, exist_ok=True)
    seed = int(said("FAULTS_SEED") or 1)
    prepare(folder)
    print(f"seed {seed}, logs in {folder}", flush=True)
    with running_cloud(folder / "cloud"), ExitStack() as stack:
        image = bake_web(client("ec2"))
        lanes = [
            Lane(number=number, image_id=image, folder=folder)
            for number in range(int(said("FAULTS_LANES") or 4))
        ]
        for lane in lanes:
            stack.enter_context(lane.proxy)
        recorded = record(lanes, _tell)
        cases = matrix(recorded, seed=seed, only=said("FAULTS_ONLY") or "")
        print(f"{len(cases)} cases", flush=True)
        results = run_cases(lanes, cases, _tell)
    return _summary(recorded, results)


def _tell(result: Result) -> None:
    word = "FAILED" if result.outcome.broken else "passed"
    print(f"{word} | {result.case.words} | {result.seconds:.1f} s", flush=True)
    if result.case.strike.fault is Fault.NONE:
        print(f"       {', '.join(call.label for call in result.outcome.calls)}")
    for line in result.outcome.broken:
        print(f"       {line}", flush=True)


def _summary(recorded: list[Result], results: list[Result]) -> int:
    failed = [one for one in (*recorded, *results) if one.outcome.broken]
    visits = sum(one.outcome.visits for one in results)
    looks = sum(one.outcome.looks for one in results)
    print(f"{visits} requests, {looks} looks at who is in service")
    for one in failed:
        print(f"FAILED | {one.case.words}: {'; '.join(one.outcome.broken)}")
    passed = sum(not one.outcome.broken for one in results)
    print(f"{passed} of {len(results)} cases passed; {len(recorded)} scenarios without a fault")
    return min(1, len(failed))


if __name__ == "__main__":
    sys.exit(main())
