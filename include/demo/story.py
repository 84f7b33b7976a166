"""The demo's story: two pushes, one release to production, one way back."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from include.demo import down, login, paths, stack
from include.demo.airflow_api import AirflowApi, DemoFailed
from include.demo.guestbook_repository import GuestbookRepository
from include.demo.progress import follow, say
from include.demo.report import Report
from include.images import build

# Requests per second while version 2 replaces version 1.
RATE = 50
# Seconds for one run. The first bakes the base image as well.
LIMIT = 1800


def main() -> None:
    """Tell the story and leave everything running."""
    say("Slipway: from a push to a swapped fleet, on this machine")
    start_over()
    api = bring_up()
    report = Report(urls={"airflow": paths.UI})
    for environment in paths.LISTENERS:
        report.urls[environment] = paths.balancer_url(environment)
    repository = GuestbookRepository()

    say("pushing version 1 of the guestbook; the commits DAG will see it")
    sha = repository.push_version_1()
    report.add("guestbook, version 1", follow(api, "guestbook", f"commit__{sha}", timeout=LIMIT))
    first = _served("dev")
    say(f"dev serves {first} at {paths.balancer_url('dev')}")

    say(f"pushing version 2, under {RATE} requests per second")
    with _load(report):
        sha = repository.push_version_2()
        tasks = follow(api, "guestbook", f"commit__{sha}", timeout=LIMIT)
    report.add("guestbook, version 2", tasks)
    second = _served("dev")
    say(f"dev serves {second}; {report.requests['failed']} of {report.requests['sent']} failed")

    say("releasing version 2 to production, by hand")
    run = api.trigger("guestbook.prod", {"version": second})
    report.add("guestbook.prod, version 2", follow(api, "guestbook.prod", run, timeout=LIMIT))

    say("rolling dev back to version 1")
    run = api.trigger("guestbook.dev", {"version": first})
    report.add("guestbook.dev, version 1", follow(api, "guestbook.dev", run, timeout=LIMIT))

    report.versions = {environment: _served(environment) for environment in paths.LISTENERS}
    report.save()
    report.show()
    _check(report, dev=first, prod=second)
    _tell_login()


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
    stack.start_airflow(gateway=gateway, databases=stack.lay_landscape())
    api = AirflowApi()
    api.wait_until_ready(timeout=180)
    for dag_id in ("guestbook", "guestbook.dev", "guestbook.prod", "commits"):
        api.wait_for_dag(dag_id, timeout=120)
    return api


def _tell_login() -> None:
    """Say once who may look at all this."""
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
    if report.requests["failed"]:
        msg = f"{report.requests['failed']} requests failed: {report.requests['failures']}"
        raise DemoFailed(msg)
