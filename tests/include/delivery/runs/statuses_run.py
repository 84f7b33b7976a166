"""Runs a delivery in Airflow itself, and sends what it left to a host that is played.

A program of its own, since it needs a database of its own: ``AIRFLOW_HOME`` says where. The first
argument is the file for what the host was told, as JSON; each other one is a task that fails in one
run, and ``-`` is a run in which none does.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from include.project.loader import PROJECTS, load_project
from include.project.model import Repository
from slipway.hooks.store.runs.facts import KeptFact
from slipway.tasks.statuses import subject as status_subject
from slipway.triggers.statuses import StatusTrigger
from tests.forges.stand_in import StandIn, stand_in
from tests.include.delivery.runs import swap_run
from tests.slipway.fleet.worlds import make_image
from tests.slipway.operators.releases import make_record


def main(file: str, *failing: str) -> None:
    """Run the delivery once for each task that is to fail, and send after each."""
    swap_run.swap._AFTER_CHANGE = swap_run.swap._WHILE_WAITING = 0.0  # type: ignore[attr-defined]
    os.environ["AIRFLOW_CONN_HOST"] = json.dumps({"conn_type": "generic", "password": "ATCTT3x"})
    with stand_in() as host:
        told = {task: _told(host, task) for task in failing}
    Path(file).write_text(json.dumps(told))


def _told(host: StandIn, failing: str) -> list[dict[str, Any]]:
    repository = Repository.model_validate(
        {
            "url": "git@bitbucket.org:acme/guestbook.git",
            "connection": "host",
            "statuses": True,
            "forge_url": host.url,
        }
    )
    project = load_project(PROJECTS / "guestbook.yaml").model_copy(
        update={"repository": repository}
    )
    doors: Any = swap_run
    doors.load_project = lambda _: project
    subject: Any = status_subject
    subject.kept_fact = _checked_out
    swap_run._outcome(failing)
    before = len(host.bodies())
    asyncio.run(_send())
    return host.bodies()[before:]


async def _send() -> None:
    async for _ in StatusTrigger(until=time.time() + 1).run():
        pass


def _checked_out(_: Any, task: str) -> KeptFact:
    """Answer as if the checkout had signed; the others of the swap's test sign nothing."""
    if task != "checkout":
        msg = f"{task} did nothing here"
        raise LookupError(msg)
    record = make_record(make_image("2").release.version)
    return KeptFact(release=record.checkout.release, told=record.checkout.to_json())


if __name__ == "__main__":
    main(*sys.argv[1:])
