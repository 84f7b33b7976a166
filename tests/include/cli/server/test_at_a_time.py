"""A deployment that is set for a time, from a shell: asked for, seen waiting, and called off."""

from __future__ import annotations

import io
import json
from functools import partial
from typing import Any

import httpx
import pytest

from include.cli import controls, deployments
from include.cli.server import order
from include.cli.server.address import Address
from include.cli.server.client import AirflowServer
from include.cli.server.follow import follow
from include.cli.server.status import tell_status
from include.cli.tasks import brakes, deliver, doing
from slipway.model.board.snapshot import ProjectSnapshot
from slipway.policies.planned_time import read
from slipway.tasks.board.waits import waiting_run
from tests.fakes.airflow_database import runs_of
from tests.include.cli.server.airflow import House, set_states
from tests.include.cli.server.conftest import DAG
from tests.slipway.board.boards import snapshot, timed

AT = "2099-12-01 06:00 Europe/Berlin"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What tasks order, in place of a server."""
    found: list[Any] = []

    def ordered(_: Any, dag_id: str, conf: Any, **how: Any) -> None:
        found.append((dag_id, conf, how))

    for module in (deliver, doing):
        monkeypatch.setattr(module, "order", ordered)
    monkeypatch.setattr(deliver, "dag", lambda _, *words: ".".join(words))
    monkeypatch.setattr(deployments, "waits_for_a_person", lambda *_: "")
    monkeypatch.setattr(doing, "server", lambda: "somewhere")
    return found


def test_a_time_goes_with_the_run_and_it_is_followed_to_where_it_waits(asked: list[Any]) -> None:
    from datetime import UTC, datetime, timedelta

    then = f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%d %H:%M}"
    deliver.deploy.body(None, "shop", "prod", "1.0", at=f"{then}Z")
    deliver.deploy.body(None, "shop", "prod", "1.0")
    assert [(dag_id, conf) for dag_id, conf, _ in asked] == [
        ("shop.prod", {"version": "1.0", "at": f"{then} Z"}),
        ("shop.prod", {"version": "1.0"}),
    ]
    assert [how["leaves"] for _, _, how in asked] == [True, False]


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("tomorrow", "is no day and time"),
        ("2020-12-01 06:00 Europe/Berlin", "is over"),
        (AT, "days ahead, and 60 are the most"),
        ("2026-12-01 06:00 Europe/Berln", "did you mean 'Europe/Berlin'?"),
    ],
)
def test_a_bad_time_asks_no_server(
    asked: list[Any], at: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        deliver.deploy.body(None, "shop", "prod", "1.0", at=at)
    assert (ended.value.code, asked) == (2, [])
    said = capsys.readouterr().err
    assert words in said
    assert "what to do: " in said


def test_a_cancellation_is_a_run_that_names_what_is_meant(asked: list[Any]) -> None:
    brakes.cancel.body(None, "shop", "prod", run="shell__1", why="not today")
    brakes.cancel.body(None, "shop", "prod")
    place = {"action": "cancel", "project": "shop", "environment": "prod"}
    assert [(dag_id, conf) for dag_id, conf, _ in asked] == [
        (controls.DAG_ID, place | {"run": "shell__1", "why": "not today"}),
        (controls.DAG_ID, place),
    ]


@pytest.mark.parametrize(
    ("task", "state", "line"),
    [
        ("wait_for_time", "deferred", "wait_for_time: waits for the time that the run is set for"),
        ("approve", "awaiting_input", "approve: waits for a person; answer with `fab approve"),
    ],
)
def test_the_shell_is_free_as_soon_as_the_run_waits(
    airflow: House, monkeypatch: pytest.MonkeyPatch, task: str, state: str, line: str
) -> None:
    ann = airflow.shell("ann")

    def goes_on(_: float) -> None:
        (run_id,) = runs_of(DAG)
        set_states(DAG, run_id, "running", **{task: state})

    monkeypatch.setattr(order, "follow", partial(follow, sleep=goes_on))
    assert order.order(ann.desk(), ann.login, DAG, {"at": AT}, leaves=True) == 0
    (run_id,) = runs_of(DAG)
    assert line in ann.said
    assert f"it waits; `fab follow {DAG}/{run_id}` looks on" in ann.said
    assert f"`fab cancel shop prod --run {run_id}` calls it off" in ann.said


def status(**environment: Any) -> str:
    shop = ProjectSnapshot(project="shop", environments=(snapshot("shop", "prod"),))
    told = shop.for_programs()
    told["environments"][0] |= environment

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"projects": [told]})

    login = Address(url="https://airflow.example.com", token="t")
    http = httpx.Client(base_url=login.url, transport=httpx.MockTransport(answer))
    server = AirflowServer(http=http, address=login, sleep=lambda _: None)
    words, programs = io.StringIO(), io.StringIO()
    assert tell_status(server, words) == tell_status(server, programs, as_programs=True) == 0
    (found,) = json.loads(programs.getvalue())
    assert found["environments"][0].get("waiting") == environment.get("waiting")
    return words.getvalue()


def test_status_tells_from_anywhere_what_waits_and_counts_down() -> None:
    waits = waiting_run(timed())
    assert waits is not None
    said = status(waiting=[waits.for_programs()])
    assert f"  manual__8 waits until {AT}, in 2" in said  # tens of thousands of days
    assert status(waiting=[]).count("\n") == 2


def test_status_says_of_a_run_that_asks_what_it_is_set_for() -> None:
    told = {"dag_id": DAG, "run": "manual__8", "at": AT, "reason": "approval", "words": "for a yes"}
    said = status(waiting=[told | {"since": 0.0, "until": 0.0}])
    assert f"manual__8 waits for a yes; it is set for {AT}" in said


def test_an_older_server_says_nothing_of_it() -> None:
    assert "waits" not in status()


def test_the_countdown_is_that_of_the_boards_clock() -> None:
    assert read(AT).seconds == timed().facts.told.until  # type: ignore[union-attr]
