"""The demo's story: two pushes, a pull request, one release to production, one way back."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from include.demo import down, git_host, login, paths, stack
from include.demo.airflow_api import AirflowApi, DemoFailed
from include.demo.guestbook_repository import GuestbookRepository
from include.demo.progress import follow, say
from include.demo.pull_request.proposal import DAG_ID, Proposal, propose
from include.demo.report import Report, Run
from include.images import build
from include.settings import pools

# Requests per second while version 2 replaces version 1.
RATE = 50
DAGS = ("guestbook", "guestbook.dev", "guestbook.prod", "guestbook.pr")
# Seconds for one run. The first bakes the base image as well.
LIMIT = 1800


def main() -> None:
    """Tell the story and leave everything running."""
    say("Slipway: from a push to a swapped fleet, on this machine")
    start_over()
    api = bring_up()
    report = Report(urls={"airflow": paths.UI, "commits": git_host.PAGE})
    for environment in paths.LISTENERS:
        report.urls[environment] = paths.balancer_url(environment)
    story, repository = _Story(api, report), GuestbookRepository()

    say("pushing version 1 of the guestbook; the git host tells of it")
    story.push("guestbook, version 1", repository.push_version_1)
    first = _served("dev")
    say(f"dev serves {first} at {paths.balancer_url('dev')}")

    say(f"pushing version 2, under {RATE} requests per second")
    with _load(report):
        story.push("guestbook, version 2", repository.push_version_2)
    second = _served("dev")
    say(f"dev serves {second}; {report.requests['failed']} of {report.requests['sent']} failed")

    story.proposal = propose(repository)
    say(f"pull request {story.proposal.number} is opened, and tested beside what follows")

    say("releasing version 2 to production, by hand")
    story.start("guestbook.prod, version 2", "guestbook.prod", {"version": second})

    say("rolling dev back to version 1")
    story.start("guestbook.dev, version 1", "guestbook.dev", {"version": first})

    report.versions = {environment: _served(environment) for environment in paths.LISTENERS}
    story.end()
    report.save()
    report.show()
    _check(report, dev=first, prod=second)
    _tell_login()


class _Story:
    """Starts one run after another, and reports what became of each.

    :param api: Airflow's.
    :param report: grows.
    """

    def __init__(self, api: AirflowApi, report: Report) -> None:
        self._api = api
        self._report = report
        # Name for people, DAG, run, and when its commit was pushed.
        self._runs: list[tuple[str, str, str, float | None]] = []
        self.proposal: Proposal | None = None

    def push(self, name: str, push: Callable[[], str]) -> None:
        """Push a commit, and wait for its run.

        :param name: the run's, for people.
        :param push: does it, and returns the commit's sha.
        """
        pushed, sha = time.time(), push()
        self._follow(name, "guestbook", f"commit__{sha}", pushed)

    def start(self, name: str, dag_id: str, conf: dict[str, Any]) -> None:
        """Start a run by hand, and wait for it.

        :param name: the run's, for people.
        :param dag_id: what is started.
        :param conf: its parameters.
        """
        self._follow(name, dag_id, self._api.trigger(dag_id, conf), None)

    def end(self) -> None:
        """Report how the runs came about, and what the git host was told of them."""
        proposed = self.proposal.sha if self.proposal else ""
        git_host.wait_for_statuses(timeout=30, without=proposed)
        for name, dag_id, run_id, pushed in self._runs:
            origin = self._api.run_origin(dag_id, run_id)
            waited = None if pushed is None else max(0.0, origin.queued_at - pushed)
            statuses = len(git_host.statuses_of(dag_id, run_id))
            one = Run(name=name, how=origin.how, waited=waited, statuses=statuses)
            self._report.runs.append(one)
        if self.proposal is not None:
            self.proposal.report(self._api, self._report)

    def _follow(self, name: str, dag_id: str, run_id: str, pushed: float | None) -> None:
        self._report.add(name, follow(self._api, dag_id, run_id, timeout=LIMIT))
        self._runs.append((name, dag_id, run_id, pushed))


def start_over() -> None:
    """Clear away an earlier demo, then make sure that the ports are free."""
    stack.stop_all()
    down.remove_from_docker(paths.INSTALLATION)
    paths.RESULT.unlink(missing_ok=True)
    stack.check_ports()


def bring_up() -> AirflowApi:
    """Build the images, start everything and wait until the guestbook's DAGs are there."""
    say("building images (only those whose inputs changed)")
    if build.main([]):
        msg = "the images could not be built; the reason stands above"
        raise DemoFailed(msg)
    gateway = stack.start_cloud()
    stack.start_git_server()
    git_host.start()
    stack.start_airflow(gateway=gateway, databases=stack.lay_landscape())
    api = AirflowApi()
    api.wait_until_ready(timeout=180)
    for dag_id in (*DAGS, "commits", "statuses"):
        api.wait_for_dag(dag_id, timeout=120)
    api.wait_for_pools(pools().values(), timeout=120)
    git_host.wait_for_webhook(timeout=60)
    return api


def _tell_login() -> None:
    """Say once who may look at all this."""
    say(f"{git_host.PAGE} shows each commit with what became of it, as Bitbucket would")
    user, password = login.read().values()
    say(f"{paths.UI}: log in as {user} with {password}")
    say(f"the password stands in {login.PASSWORDS.relative_to(paths.ROOT)}, for you alone")


def _served(environment: str) -> str:
    answer = httpx.get(f"{paths.balancer_url(environment)}/version", timeout=10, trust_env=False)
    return str(answer.raise_for_status().json()["version"])


@contextmanager
def _load(report: Report) -> Iterator[None]:
    """Keep dev's load balancer busy, and put the counts into the report."""
    argv = [sys.executable, "-m", "include.demo.load", paths.balancer_url("dev"), str(RATE)]
    process = subprocess.Popen(argv, cwd=paths.ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603
    try:
        yield
    finally:
        process.terminate()
        counts, _ = process.communicate(timeout=60)
    report.requests = json.loads(counts)


def _check(report: Report, *, dev: str, prod: str) -> None:
    """Fail loudly where the story did not end as told."""
    if report.versions != {"dev": dev, "prod": prod}:
        msg = f"dev and prod should serve {dev} and {prod}, not {report.versions}"
        raise DemoFailed(msg)
    pushed = [run for run in report.runs if not run.name.startswith(DAG_ID)]
    if untold := [run.name for run in pushed if not run.statuses]:
        msg = f"the git host was told nothing of {' and '.join(untold)}"
        raise DemoFailed(msg)
    if report.requests["failed"]:
        msg = f"{report.requests['failed']} requests failed: {report.requests['failures']}"
        raise DemoFailed(msg)
