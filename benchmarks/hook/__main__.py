"""A push to its first task running: told by a webhook, found by a poll, and beside Buildbot.

Starts an Airflow of its own (a folder below /tmp, free ports on loopback, the demo's settings) with
one project whose DAG is its checkout, and a git daemon. Each round commits, posts a signed hook of
Bitbucket's, and waits until Airflow notes that the task has begun; then commits again and leaves it
to the poll. A Buildbot of its own (:mod:`benchmarks.yardsticks.buildbot`) is told of as many
changes, one between every two hooks, so that both meet the same machine. Tells the hook's parts as
well; ends what it started, and nothing else.

``python -m benchmarks.hook [--rounds 15] [--poll-seconds 5]``
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx

from benchmarks.bench.figure import at_most, record, timed
from benchmarks.hook.phases import PARTS, phases
from benchmarks.yardsticks.airflow import OwnAirflow
from benchmarks.yardsticks.buildbot import Buildbot
from tests.airflow_processes import free_port
from tests.fakes.git_server import Repository, git_daemon

SECRET = "of-this-benchmark-alone-0123456789"  # noqa: S105 - nobody else's
_DAGS = '''"""Of the benchmark: an Airflow dag that is a project's checkout, and the watcher."""
from airflow.sdk import DAG
from include.delivery.commits_dag import commits_dag
from include.project.loader import PROJECTS, load_project
from slipway.model.git.repository import Repository
from slipway.operators.checkout import CheckoutOperator

url = "{url}"
with DAG(dag_id="bench", schedule=None, max_active_runs=4, is_paused_upon_creation=False) as bench:
    CheckoutOperator(
        task_id="checkout", project="bench", repository=Repository(url=url),
        ref="{{{{ dag_run.conf['ref'] }}}}", branch="main", webhook="bench_webhook",
    )
found = load_project(PROJECTS / "guestbook.yaml")
off = {{"statuses": False, "pull_requests": None}}
repository = found.repository.model_copy(update={{"url": url, **off}})
project = found.model_copy(update={{"name": "bench", "repository": repository}})
commits = commits_dag(lambda: [project])
'''


class Bench:
    """The benchmark's own Airflow and git server.

    :param home: a folder of its own.
    :param poll_seconds: between two polls.
    """

    def __init__(self, home: Path, poll_seconds: float) -> None:
        self.airflow = OwnAirflow(home / "airflow")
        self._home = home
        self._poll_seconds = poll_seconds
        self._client = httpx.Client(timeout=30, trust_env=False)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start all of it, and end it."""
        (self._home / "git").mkdir()
        with git_daemon(self._home / "git") as url:
            self._repository = Repository(self._home / "git" / "bench", f"{url}/bench")
            sha = self.commit()
            file = self.airflow.home / "dags" / "bench.py"
            file.write_text(_DAGS.format(url=self._repository.url))
            connection = {"conn_type": "generic", "password": SECRET}
            settings = {
                **self.airflow.as_the_demo(),
                "AIRFLOW__SLIPWAY__POLL_SECONDS": str(self._poll_seconds),
                "AIRFLOW_CONN_BENCH_WEBHOOK": json.dumps(connection),
            }
            with self.airflow.running(settings):
                self._begun(sha, timeout=300)
                yield

    def commit(self) -> str:
        """Push a commit; returns its sha."""
        return self._repository.commit(f"{time.time_ns()}", number=f"{time.time_ns()}")

    def tell(self) -> None:
        """Send a hook, and wait for its answer."""
        body = json.dumps({"push": {"changes": [{"new": {"type": "branch", "name": "main"}}]}})
        signature = hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).hexdigest()
        headers = {
            "content-type": "application/json",
            "x-event-key": "repo:push",
            "x-hook-uuid": "{benchmark}",
            "x-hub-signature": f"sha256={signature}",
        }
        url = f"{self.airflow.url}/slipway/hooks/bench"
        self._client.post(url, content=body, headers=headers).raise_for_status()

    def seconds_to_task(self, sha: str, since: datetime) -> float:
        """Return the seconds from a moment to the beginning of a commit's first task."""
        return (self._begun(sha, timeout=60) - since).total_seconds()

    def _begun(self, sha: str, timeout: float) -> datetime:
        query = "select start_date from task_instance where dag_id = 'bench' and run_id = ?"
        return self.airflow.moment(query, f"commit__{sha}", timeout=timeout)


def main() -> None:
    """Measure, and tell."""
    # Whoever stops this stops what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hook")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--poll-seconds", type=float, default=5.0)
    given = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="slipway-bench-"))
    bench = Bench(home, given.poll_seconds)
    answers, hooks, polls, changes = [], [], [], []
    parts: list[dict[str, float]] = []
    other = Buildbot(home / "buildbot", free_port())
    try:
        with bench.running(), other.running():
            for number in range(given.rounds + 1):
                sha, since = bench.commit(), datetime.now(UTC)
                answer, seconds = timed(bench.tell), bench.seconds_to_task(sha, since)
                change = other.seconds_to_end(sha)
                if number:  # the first one loads what the others find loaded
                    answers.append(answer)
                    hooks.append(seconds)
                    parts.append(phases(bench.airflow.database, f"commit__{sha}", since))
                    changes.append(change)
                time.sleep(1 + random.random())  # noqa: S311 - not at the poll's own pace
            for _ in range(given.rounds):
                sha, since = bench.commit(), datetime.now(UTC)
                polls.append(bench.seconds_to_task(sha, since))
                time.sleep(1 + random.random())  # noqa: S311
    finally:
        shutil.rmtree(home, ignore_errors=True)
    record("a hook to its task running", hooks, beside=("Buildbot", changes), budget=at_most(1))
    record("a hook's answer", answers)
    for part in PARTS:
        record(f"of the hook: {part}", [one[part] for one in parts])
    record(f"a push to its task running, polls {given.poll_seconds:g} s apart", polls)


if __name__ == "__main__":
    main()
