"""``python -m tests.faults_commits``: each commit once, whatever is announced and whoever dies.

Read from the environment: ``FAULTS_SEED``, ``FAULTS_COMMITS`` (how many), ``FAULTS_FOLDER`` (where
logs stay), ``FAULTS_PATIENCE`` (how many times slower than usual the machine is).
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.faults_commits.airflow import installation
from tests.faults_commits.story import tell

_PROJECTS = 20
# Announcements between two deaths, on average: of three thousand, about forty.
_EVERY = 75


def main() -> int:
    """Run it, and return 1 where a commit has not one run."""
    said = os.environ.get
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended, too
    home = Path(said("FAULTS_FOLDER") or tempfile.mkdtemp(prefix="slipway-commits-"))
    home.mkdir(parents=True, exist_ok=True)
    seed, commits = int(said("FAULTS_SEED") or 1), int(said("FAULTS_COMMITS") or 1000)
    print(f"seed {seed}, logs in {home}", flush=True)
    began = time.monotonic()
    projects = min(_PROJECTS, max(1, commits // 5))
    with installation(home, projects) as airflow:
        # The first commit of each project is one of them.
        outcome = tell(
            airflow,
            commits=commits - projects,
            seed=seed,
            every=_EVERY,
            say=lambda words: print(words, flush=True),
        )
    problems = outcome.problems()
    print(
        "\n".join([*problems, outcome.table(), str(outcome), f"{time.monotonic() - began:.0f} s"])
    )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
