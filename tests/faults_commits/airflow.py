"""An Airflow of its own, whose processes are killed and started again while it works.

Its projects come from repositories of a git daemon's. Their runs are made and wait: what is tried
here is how they come about. The watcher waits in the triggerer, so that all three have a part.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from include.demo import airflow_environment
from tests.airflow_processes import PARTS, AirflowProcesses, addresses, free_port
from tests.fakes.git_server import Repository, git_daemon
from tests.faults_commits.records import Records

_ROOT = Path(__file__).resolve().parents[2]
_SECRET = "of-these-tests-alone-0123456789"
# How many times slower than usual this machine is.
PATIENCE = float(os.environ.get("FAULTS_PATIENCE") or 1)
# Seconds: to be there, and for a request.
_START, _ANSWER = 240.0 * PATIENCE, 20.0
_POLL = 1.0
# Seconds until a host is told to send again what only a hook can tell.
_AGAIN = 5.0 * PATIENCE
_SOURCE = '''"""What is watched; the triggerer imports it by its name."""
from slipway.model.git.watching import WatchedProject

URLS = {urls!r}
POLLED = {polled!r}


def projects():
    return [WatchedProject(dag_id=name, url=URLS[name], branch="main") for name in POLLED]
'''
_DAGS = '''"""Of the tests: each project's Airflow dag is its checkout; and the watcher."""
from airflow.sdk import DAG
from faults_watched import URLS
from include.delivery.commits_dag import commits_dag
from slipway.model.git.repository import Repository
from slipway.operators.checkout import CheckoutOperator

for name, url in URLS.items():
    with DAG(dag_id=name, schedule=None, is_paused_upon_creation=True) as dag:
        CheckoutOperator(
            task_id="checkout", project=name, repository=Repository(url=url),
            ref="{{ dag_run.conf['ref'] }}", branch="main", webhook="faults_webhook",
        )
    globals()[name] = dag
commits = commits_dag(source="faults_watched.projects")
'''
# What is killed. The DAG processor has nothing to do with runs.
KILLED = ("api-server", "scheduler", "triggerer")
# Addresses that hooks come from, all at the same time.
SENDERS = 4
# One project in so many has hooks alone: no poll looks at it.
_WITHOUT_POLL = 5


@dataclass(kw_only=True)
class Installation:
    """The Airflow, and its projects' repositories.

    :param home: a folder of its own.
    :param git_url: of the git daemon, which serves ``home / "git"``.
    :param count: of projects.
    :param kills: what was killed, in order.
    """

    home: Path
    git_url: str
    count: int
    repositories: dict[str, Repository] = field(default_factory=dict)
    kills: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._counting = threading.Lock()
        self.announced = self.taken = 0
        self._port = free_port()
        # Hosts send from several addresses, each of which may send so much and no more.
        self._senders = [
            httpx.Client(
                timeout=_ANSWER,
                trust_env=False,
                transport=httpx.HTTPTransport(local_address=f"127.0.0.{2 + number}"),
            )
            for number in range(SENDERS)
        ]
        for number in range(self.count):
            name = f"p{number}"
            one = Repository(self.home / "git" / name, f"{self.git_url}/{name}")
            one.commit(f"the first of {name}", readme="first")
            self.repositories[name] = one
        self.polled = [name for n, name in enumerate(self.repositories, 1) if n % _WITHOUT_POLL]

    def start(self) -> None:
        """Start all of it, and wait until the watcher has seen each repository."""
        urls = {name: one.url for name, one in self.repositories.items()}
        dags, library = self.home / "dags", self.home / "library"
        for folder in (dags, library):
            folder.mkdir()
        (library / "faults_watched.py").write_text(_SOURCE.format(urls=urls, polled=self.polled))
        (dags / "faults_commits.py").write_text(_DAGS)
        self._parts = AirflowProcesses(home=self.home, environment=self._settings(library))
        self._parts.make_database()
        for part in PARTS:
            self._parts.start(part)
        heads = {name: [one.git("rev-parse", "HEAD")] for name, one in self.repositories.items()}
        self.wait_for({sha: name for name, shas in heads.items() for sha in shas}, _START)

    def stop(self) -> None:
        """End all that was started."""
        self._parts.end_all()

    def kill(self, part: str) -> None:
        """Kill a process with all that it started, in the middle of whatever it does."""
        self.kills.append(part)
        self._parts.end(part, signal.SIGKILL)

    def restart(self, part: str) -> None:
        """Start what was killed."""
        self._parts.start(part)

    def announce(self, project: str, sender: int) -> None:
        """Post a signed hook; where nobody is there to take it, it is lost.

        :param project: whose.
        :param sender: which of the host's addresses sends it, from 0.
        """
        body = json.dumps({"push": {"changes": [{"new": {"type": "branch", "name": "main"}}]}})
        signature = hmac.new(_SECRET.encode(), body.encode(), hashlib.sha256).hexdigest()
        headers = {
            "content-type": "application/json",
            "x-event-key": "repo:push",
            "x-hook-uuid": "{faults}",
            "x-hub-signature": f"sha256={signature}",
        }
        url = f"{self._url}/slipway/hooks/{project}"
        is_taken = False
        with suppress(httpx.HTTPError):
            sent = self._senders[sender].post(url, content=body, headers=headers)
            is_taken = sent.status_code == httpx.codes.ACCEPTED
        with self._counting:
            self.announced += 1
            self.taken += is_taken

    @property
    def records(self) -> Records:
        """What is written of the runs."""
        return Records(self.home)

    def wait_for(self, commits: dict[str, str], seconds: float) -> None:
        """Wait until commits have their runs.

        :param commits: each sha -> its project.
        :param seconds: until it is given up.
        """
        deadline, again = time.monotonic() + seconds, time.monotonic() + _AGAIN
        wanted = {(project, f"commit__{sha}") for sha, project in commits.items()}
        while missing := wanted - {(run.project, run.run_id) for run in self.records.runs()}:
            if time.monotonic() > deadline:
                msg = (
                    f"after {seconds:.0f} s {len(missing)} runs are missing: {sorted(missing)[:3]}"
                )
                raise TimeoutError(msg)
            if time.monotonic() > again:
                again = time.monotonic() + _AGAIN
                self._redeliver({project for project, _ in missing})
            time.sleep(0.5)

    def _redeliver(self, projects: set[str]) -> None:
        """Send again what was lost with a server, where no poll comes to find it."""
        for project in sorted(projects.difference(self.polled)):
            self.announce(project, 0)

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def _settings(self, library: Path) -> dict[str, str]:
        home = self.home
        found = airflow_environment.environment(signing_key="", gateway="x", databases={})
        connection = {"conn_type": "generic", "password": _SECRET}
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")},
            **found,
            "PYTHONPATH": os.pathsep.join(map(str, (_ROOT, _ROOT / "plugins", library))),
            **addresses(home, self._url, self._port),
            # What is killed is missed soon; the tests have no time to wait for it.
            "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": f"{20 * PATIENCE:.0f}",
            # What a scheduler that was killed had queued waits for another to miss it: five
            # minutes as Airflow comes, which is right and takes long.
            "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": f"{10 * PATIENCE:.0f}",
            "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": f"{5 * PATIENCE:.0f}",
            # So does what no worker could begin, as nobody was there to say that it may.
            "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": f"{60 * PATIENCE:.0f}",
            "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": f"{10 * PATIENCE:.0f}",
            "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "2",
            "AIRFLOW__SLIPWAY__ALLOWED_HOSTS": "127.0.0.1",
            "AIRFLOW__SLIPWAY__ARTIFACTS": (home / "artifacts").as_uri(),
            "AIRFLOW__SLIPWAY__GIT_MIRRORS": str(home / "mirrors"),
            "AIRFLOW__SLIPWAY__POLL_SECONDS": str(_POLL),
            "AIRFLOW__SLIPWAY__SENSOR_MODE": "deferrable",
            "AIRFLOW_CONN_FAULTS_WEBHOOK": json.dumps(connection),
        }


@contextmanager
def installation(home: Path, count: int) -> Iterator[Installation]:
    """Give a running one, and end it.

    :param home: an empty folder.
    :param count: of projects.
    """
    (home / "git").mkdir()
    with git_daemon(home / "git") as url:
        one = Installation(home=home, git_url=url, count=count)
        try:
            one.start()
            yield one
        finally:
            one.stop()
