"""A push to its first task running: told by a webhook, found by a poll, and beside Buildbot.

Starts an Airflow of its own (a folder below /tmp, free ports on loopback, the demo's settings) with
one project whose DAG is its checkout, and a git daemon. Each round commits, posts a signed hook of
Bitbucket's, and waits until Airflow notes that the task has begun; then commits again and leaves it
to the poll. A Buildbot of its own (:mod:`benchmarks.hook.change_hook`) is told of as many changes,
one between every two hooks, so that both meet the same machine. Prints the medians, and below the
hook's those of its parts; ends what it started, and nothing else.

``python -m benchmarks.hook [--rounds 15] [--poll-seconds 5]``
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import os
import random
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx

from benchmarks.hook.change_hook import ChangeHook
from benchmarks.hook.phases import PARTS, phases
from include.demo import airflow_environment
from tests.airflow_processes import PARTS as PARTS_OF_AIRFLOW
from tests.airflow_processes import addresses, free_port

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
        self.home = home
        self.database = home / "airflow" / "airflow.db"
        self._ports = {name: free_port() for name in ("git", "api")}
        self._repository = home / "git" / "bench"
        self._environment = self._settings(poll_seconds)
        self._client = httpx.Client(timeout=30, trust_env=False)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start all of it, and end it."""
        self._git("init", "--quiet", "--initial-branch=main", str(self._repository), at=self.home)
        self.commit()
        dags = self.home / "dags"
        dags.mkdir()
        (dags / "bench.py").write_text(_DAGS.format(url=self._url))
        airflow = str(Path(sys.executable).parent / "airflow")
        subprocess.run(  # noqa: S603 - constant words
            [airflow, "db", "migrate"],
            env=self._environment,
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        git = [
            "git",
            "daemon",
            "--export-all",
            "--reuseaddr",
            "--listen=127.0.0.1",
            f"--port={self._ports['git']}",
            f"--base-path={self.home / 'git'}",
            str(self.home / "git"),
        ]
        commands = [
            git,
            *([airflow, *words] for words in PARTS_OF_AIRFLOW.values()),
        ]
        with ExitStack() as started:
            for command in commands:
                started.enter_context(_process(command, self._environment, self.home / "log"))
            self._begun(self._head(), timeout=180)
            yield

    def commit(self) -> str:
        """Push a commit; returns its sha."""
        self._git("commit", "--quiet", "--allow-empty", "-m", f"{time.time_ns()}")
        return self._head()

    def tell(self) -> float:
        """Send a hook; returns the seconds until its answer."""
        body = json.dumps({"push": {"changes": [{"new": {"type": "branch", "name": "main"}}]}})
        signature = hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).hexdigest()
        headers = {
            "content-type": "application/json",
            "x-event-key": "repo:push",
            "x-hook-uuid": "{benchmark}",
            "x-hub-signature": f"sha256={signature}",
        }
        url = f"http://127.0.0.1:{self._ports['api']}/slipway/hooks/bench"
        began = time.monotonic()
        self._client.post(url, content=body, headers=headers).raise_for_status()
        return time.monotonic() - began

    def seconds_to_task(self, sha: str, since: datetime) -> float:
        """Return the seconds from a moment to the beginning of a commit's first task."""
        return (self._begun(sha, timeout=60) - since).total_seconds()

    @property
    def _url(self) -> str:
        return f"git://127.0.0.1:{self._ports['git']}/bench"

    def _begun(self, sha: str, timeout: float) -> datetime:
        query = "select start_date from task_instance where dag_id = 'bench' and run_id = ?"
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as database:
                row = database.execute(query, (f"commit__{sha}",)).fetchone()
            if row and row[0]:
                return datetime.fromisoformat(row[0]).replace(tzinfo=UTC)
            time.sleep(0.05)
        msg = f"no task of {sha} began within {timeout:g} s; see {self.home / 'log'}"
        raise SystemExit(msg)

    def _head(self) -> str:
        return self._git("rev-parse", "HEAD")

    def _git(self, *words: str, at: Path | None = None) -> str:
        who = {
            "GIT_AUTHOR_NAME": "A",
            "GIT_AUTHOR_EMAIL": "a@b",
            "GIT_COMMITTER_NAME": "A",
            "GIT_COMMITTER_EMAIL": "a@b",
            "PATH": os.environ["PATH"],
        }
        done = subprocess.run(  # noqa: S603 - constant words
            ["git", *words],  # noqa: S607
            cwd=at or self._repository,
            env=who,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def _settings(self, poll_seconds: float) -> dict[str, str]:
        home, api = self.home, f"http://127.0.0.1:{self._ports['api']}"
        found = airflow_environment.environment(signing_key="", gateway="x", databases={})
        connection = {"conn_type": "generic", "password": SECRET}
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
            **found,
            **addresses(home, api, self._ports["api"]),
            "AIRFLOW__SLIPWAY__ALLOWED_HOSTS": "127.0.0.1",
            "AIRFLOW__SLIPWAY__ARTIFACTS": (home / "artifacts").as_uri(),
            "AIRFLOW__SLIPWAY__GIT_MIRRORS": str(home / "mirrors"),
            "AIRFLOW__SLIPWAY__POLL_SECONDS": str(poll_seconds),
            "AIRFLOW_CONN_BENCH_WEBHOOK": json.dumps(connection),
        }


def main() -> None:
    """Measure, and print the medians."""
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
    other = ChangeHook(home / "buildbot", free_port())
    try:
        with bench.running(), other.running():
            for number in range(given.rounds + 1):
                sha, since = bench.commit(), datetime.now(UTC)
                answer, seconds = bench.tell(), bench.seconds_to_task(sha, since)
                change = other.seconds_to_step(sha)
                if number:  # the first one loads what the others find loaded
                    answers.append(answer)
                    hooks.append(seconds)
                    parts.append(phases(bench.database, f"commit__{sha}", since))
                    changes.append(change)
                time.sleep(1 + random.random())  # noqa: S311 - not at the poll's own pace
            for _ in range(given.rounds):
                sha, since = bench.commit(), datetime.now(UTC)
                polls.append(bench.seconds_to_task(sha, since))
                time.sleep(1 + random.random())  # noqa: S311
    finally:
        shutil.rmtree(home, ignore_errors=True)
    measured = {
        "hook answered": answers,
        "hook to task": hooks,
        **{f"  {part}": [one[part] for one in parts] for part in PARTS},
        "poll to task": polls,
        "Buildbot": changes,
    }
    for name, found in measured.items():
        sys.stdout.write(
            f"{name:20} median {statistics.median(found):6.3f} s, worst {max(found):6.3f} s\n"
        )
    sys.stdout.write(f"polls {given.poll_seconds:g} s apart, {given.rounds} rounds\n")


@contextmanager
def _process(command: list[str], environment: dict[str, str], log: Path) -> Iterator[None]:
    with log.open("ab") as out:
        process = subprocess.Popen(  # noqa: S603 - constant words
            command, env=environment, stdout=out, stderr=out, start_new_session=True
        )
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


if __name__ == "__main__":
    main()
