"""Why a release failed is on the board and in the message within ten seconds of its failure.

A busy machine's seconds are no part of it: what counts here is that each step has done its own when
it ends. That the steps have room in ten seconds is counted in
``tests/slipway/tasks/failure/failed_release/test_ten_seconds.py``.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.board.stores import Stores
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.outcomes import DeploymentOutcomes
from slipway.model.facts.outcome import Outcome
from slipway.model.git.repository import Repository
from slipway.model.news.channel import ChannelKind, NewsChannel, NewsRoutes
from slipway.operators.roll_back import RollBackOperator
from slipway.operators.swap import LaunchOperator
from slipway.sensors.fleet_healthy import FleetHealthySensor
from slipway.tasks.news.reports import NewsReporter, Tells
from slipway.triggers.news import NewsTrigger
from tests.e2e.conftest import World
from tests.e2e.failed_machines import ledger as ledgers
from tests.e2e.failed_machines.ledger import CRASHES, release_of
from tests.e2e.steps import target
from tests.fakes.airflow_database import airflow_database
from tests.fakes.airflow_run import FakeTask
from tests.slipway.board.boards import office
from tests.slipway.board.people import Airflow

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300), pytest.mark.usefixtures("artifacts")]
ledger, patience = ledgers.ledger, ledgers.patience

LINE = "the ledger does not take the password ******"
PAGE = "/e/guestbook/dev"


class Program:
    """Takes messages, and notes when."""

    def __init__(self) -> None:
        self.messages: list[tuple[float, dict[str, Any]]] = []

    def wait(self, number: int) -> tuple[float, dict[str, Any]]:
        """Return a message, as soon as it is here."""
        while len(self.messages) < number:
            time.sleep(0.02)
        return self.messages[number - 1]


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Iterator[Program]:
    """A channel of the project, and the sender that runs in the triggerer."""
    found = Program()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.messages.append((time.time(), json.loads(body)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    url = f"http://127.0.0.1:{server.server_port}/"
    connection = {"conn_type": "http", "host": url, "password": "k" * 32}
    monkeypatch.setenv("AIRFLOW_CONN_PROGRAM", json.dumps(connection))
    trigger = NewsTrigger(until=time.time() + 3600)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    sending = threading.Thread(target=lambda: asyncio.run(_until_over(trigger)), daemon=True)
    serving.start()
    sending.start()
    yield found
    trigger.until = 0.0
    sending.join()
    server.shutdown()


async def _until_over(trigger: NewsTrigger) -> None:
    async for _ in trigger.run():
        return


@pytest.fixture
def _people() -> Iterator[None]:
    from airflow.api_fastapi.app import init_auth_manager, purge_cached_app

    with airflow_database():
        init_auth_manager()
        yield
        purge_cached_app()


def _board() -> str:
    """Read an environment's page as somebody's browser does."""
    with office(cast("Any", Stores()), Airflow()).browser("vic", "VIEWER") as viewer:
        return str(viewer.get(PAGE).text)


@pytest.mark.usefixtures("_people")
def test_a_crash_is_told_in_the_units_own_words_before_anything_goes_back(
    world: World, ledger: str, program: Program
) -> None:
    facts: dict[str, Any] = {
        "target": target(health_timeout=8.0),
        "image": release_of(world, ledger, CRASHES),
    }
    run_id = f"run-{time.monotonic_ns()}"

    def context(operator: Any) -> Any:
        task = FakeTask(dag_id="guestbook", run_id=run_id, task_id=f"swap.{operator.task_id}")
        return task.context | {"task": operator}

    launch = LaunchOperator(task_id="launch", **facts)
    launch.execute(context(launch))
    assert LINE not in _board()
    gate = FleetHealthySensor(task_id="fleet_healthy", **facts)
    with pytest.raises(AirflowFailException) as raised:
        gate.execute(context(gate))
    # Noted before any machine is asked.
    failed = next(one for one in _notes(run_id) if one.outcome is Outcome.FAILED)
    # The task that failed has written it by itself, and nothing has gone back yet.
    assert LINE in _board()
    on_board = time.time()
    assert len(world.groups()) == 1
    _reporter().on_failure(context(gate) | {"exception": raised.value})
    told_at, told = program.wait(1)
    assert len(world.groups()) == 1
    assert (told["event"], told["also"]) == ("failed", ["broke"])
    assert told["title"] == f"guestbook: {CRASHES} failed on dev"
    assert any(line.endswith(LINE) for line in told["lines"]), told["lines"]
    assert told["lines"][0].startswith("fleet_healthy failed: 0 of 1 machines healthy")
    took = on_board - failed.at, told_at - failed.at
    print("seconds from the failure to board and message: {:.2f}, {:.2f}".format(*took))
    back = RollBackOperator(task_id="roll_back", **facts)
    known = context(back)
    back.execute(known)
    assert world.groups() == []
    _reporter(Tells.WAY_BACK).on_success(known)
    _, told = program.wait(2)
    assert (told["event"], told["also"]) == ("rolled_back", [])
    assert LINE in _board()


def _notes(run_id: str) -> Any:
    [past] = DeploymentOutcomes(artifact_store()).past("guestbook", "dev", 1)
    assert past.notes[-1].run_id == run_id
    return past.notes


def _reporter(tells: Tells = Tells.FAILURE_OF_SWAP) -> NewsReporter:
    channel = NewsChannel(name="program", kind=ChannelKind.WEBHOOK, connection="program")
    return NewsReporter(
        routes=NewsRoutes(project="guestbook", channels=(channel,), continuous="dev"),
        repository=Repository(url="git://127.0.0.1:9/none"),
        environment="dev",
        tells=tells,
    )
