"""Runs a project's DAG of proposals in Airflow itself, and sends what it left to a played host.

A program of its own, since it needs a database of its own: ``AIRFLOW_HOME`` says where. The first
argument is the file for the outcomes, as JSON; the second is the repository's URL, and each other
one a commit: ``fork:<sha>``, ``own:<sha>`` or, where it was merged before its run began,
``merged:<sha>`` of a pull request, ``push:<sha>`` of a branch.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from include.delivery.commit_dag import build
from include.project.loader import PROJECTS, load_project
from include.project.model import Project, Repository
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.runs.closings import Closings
from slipway.hooks.store.runs.facts import Announcement, RunFacts
from slipway.model.event import Event
from slipway.model.facts import Checkout, DebPackage, Json
from slipway.model.forge.pull_request import PullRequestState
from slipway.operators import run_pipeline
from slipway.tasks.kept_facts import CHECKOUT, keep_fact, kept_fact
from slipway.triggers.statuses import StatusTrigger
from tests.fakes.container_engine import FakeEngine
from tests.forges.stand_in import StandIn, stand_in


def main(file: str, url: str, *commits: str) -> None:
    """Run the DAG once for each commit, and send after each."""
    os.environ["AIRFLOW_CONN_HOST"] = json.dumps({"conn_type": "generic", "password": "ATCTT3x"})
    os.environ["AIRFLOW_VAR_TOKEN"] = "the-secret-of-the-shop"
    with stand_in() as host:
        told = {commit: _outcome(host, url, *commit.split(":")) for commit in commits}
    Path(file).write_text(json.dumps(told))


def project(url: str, forge_url: str) -> Project:
    """Return the guestbook, whose pull requests are tested.

    :param url: of its repository.
    :param forge_url: of its host.
    """
    repository = Repository.model_validate(
        {
            "url": url,
            "forge": "github",
            "forge_url": forge_url,
            "forge_connection": "host",
            "statuses": True,
            "pull_requests": True,
        }
    )
    guestbook = load_project(PROJECTS / "guestbook.yaml")
    test = guestbook.test.model_copy(update={"secrets": {"token": "variable:token"}})
    changes = {"repository": repository, "migrations": None, "test": test}
    return guestbook.model_copy(update=changes)


def _outcome(host: StandIn, url: str, kind: str, sha: str) -> dict[str, Any]:
    event = Event.push("topic")
    if kind != "push":
        event = Event.pull_request(7, branch="main", source="topic", fork=kind == "fork")
    engine = FakeEngine()
    doors: Any = run_pipeline
    doors.container_engine = lambda _: engine
    facts: Any = RunFacts
    said = Announcement(event=event, sha=sha)
    # Of this DAG's runs, whatever ids they get; and nothing of the delivered branch's.
    facts.announced = lambda one: said if one._newest._dag_id == "guestbook.pr" else None
    closings = Closings(artifact_store(), dag_id="guestbook.pr")
    if kind == "merged":
        closings.close(7, PullRequestState.MERGED)
    dag = build(project(url, host.url), "guestbook.pr")
    deb: Any = dag.get_task("build_deb")
    kept, deb.execute = deb.keep, _built
    before = len(host.bodies())
    run = dag.test()
    asyncio.run(_send())
    store = artifact_store()
    closings.reopen(7)
    return {
        "run": run.state.value,
        "tasks": {one.task_id: str(one.state) for one in run.get_task_instances()},
        "kept": kept,
        "secrets": [spec.environment.get("TOKEN", "") for spec in engine.specs],
        "paths": [one.path for one in host.requests if "/statuses/" in one.path],
        "statuses": {one["context"]: one for one in host.bodies()[before:]},
        "said": host.bodies()[before:],
        "numbers": [*store.keys("builds/guestbook"), *store.keys("releases/guestbook")],
        "debs": store.keys("deb"),
    }


def _built(context: Any) -> Json:
    """Stand in for nfpm, as it is where nothing is kept."""
    checkout = Checkout.from_json(kept_fact(context, CHECKOUT).told)
    deb = DebPackage(
        release=checkout.release,
        name="guestbook",
        version=checkout.release.version,
        architecture="all",
        sha256="0" * 64,
        size=1,
        artifact="",
    )
    return keep_fact(context, checkout.release, deb.to_json(), of=checkout)


async def _send() -> None:
    async for _ in StatusTrigger(until=time.time() + 1).run():
        pass


if __name__ == "__main__":
    main(*sys.argv[1:])
