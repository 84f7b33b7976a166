"""From a form to a run, and to an answer, in Airflow's own database; from a store to the pages."""

from __future__ import annotations

import dataclasses
import threading
from typing import Any

import pytest

from slipway.exceptions import OrderRefused
from slipway.hooks.airflow_orders import Orders
from slipway.hooks.airflow_people import Person
from slipway.hooks.airflow_progress import Progress
from slipway.hooks.store.approvals import ApprovalBook
from slipway.hooks.store.artifacts import artifact_store
from slipway.plugin import SlipwayPlugin
from tests.fakes.airflow_database import runs_of
from tests.slipway.board import airflow_shop
from tests.slipway.board.airflow_shop import DAG
from tests.slipway.board.boards import Office
from tests.slipway.board.people import BOARD
from tests.slipway.operators.releases import make_proposal

pytestmark = pytest.mark.usefixtures("artifacts")
shop = airflow_shop.shop


def person(name: str) -> Person:
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    return Person(id=name, name=name, user=SimpleAuthManagerUser(username=name, role="USER"))


def ask(run_id: str) -> None:
    """Let a run ask for a yes, as its task does."""
    from airflow.models.hitl import HITLDetail
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        found = session.scalars(
            select(TaskInstance).where(TaskInstance.run_id == run_id, TaskInstance.dag_id == DAG)
        )
        task = next(one for one in found if one.task_id == "approve")
        task.state = "awaiting_input"
        options = ["Approve", "Reject"]
        session.add(HITLDetail(ti_id=task.id, options=options, subject="Deploy?", multiple=False))


def state_of(run_id: str, task_id: str) -> str:
    return next(one.state for one in Progress().tasks(DAG, run_id) if one.task_id == task_id)


def test_a_form_starts_the_run_that_airflows_own_form_would(shop: Office) -> None:
    from airflow.models.dagrun import DagRun
    from airflow.models.log import Log
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with shop.browser("ann") as ann:
        token = ann.token("/e/shop/prod/roll-back?version=1.0%2B1")
        fields = {"token": token, "version": "1.0+1"}
        first = ann.post("/e/shop/prod/roll-back", fields)
        again = ann.post("/e/shop/prod/roll-back", fields)
        page = ann.get(first.headers["location"].removeprefix(BOARD)).text
    assert first.status_code == again.status_code == 303
    assert "What you asked for begins" in page
    [(run_id, conf)] = runs_of(DAG).items()
    assert conf == {"version": "1.0+1"}
    with create_session() as session:
        run = session.scalars(select(DagRun).where(DagRun.dag_id == DAG)).one()
        assert (run.run_type, run.triggering_user_name, run.state) == ("manual", "ann", "queued")
        logged = session.scalars(select(Log).where(Log.run_id == run_id)).one()
        assert (logged.event, logged.owner) == ("slipway_board_start", "ann")


def test_what_the_pages_say_comes_from_the_store(shop: Office) -> None:
    with shop.browser("vic", "VIEWER") as vic:
        board, release = vic.get("/").text, vic.get("/r/shop/1.0+2").text
        environment = vic.get("/e/shop/prod").text
    assert "1.0+2" in board
    assert "ami-1" in release
    assert "<b>31</b> tests" in release
    assert "1.0+2" in environment


def test_a_roll_back_is_offered_to_what_served_before(shop: Office) -> None:
    with shop.browser("ann") as ann:
        page = ann.get("/e/shop/prod").text
    assert f"{BOARD}/e/shop/prod/roll-back?version=1.0%2B1" in page


def test_two_at_once_are_two_runs_and_one_form_is_one(shop: Office) -> None:
    results: list[bool] = []

    def start() -> None:
        results.append(Orders().start(person("ann"), DAG, "board__1", {"version": "1.0+1"}))

    threads = [threading.Thread(target=start) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(results) == [False] * 3 + [True]
    assert Orders().start(person("bob"), DAG, "board__2", {"version": "1.0+1"})
    assert sorted(runs_of(DAG)) == ["board__1", "board__2"]


def test_a_second_person_approves_and_the_task_goes_on(shop: Office) -> None:
    from airflow.models.hitl import HITLDetail
    from airflow.utils.session import create_session
    from sqlalchemy import select

    Orders().start(person("ann"), DAG, "board__1", {"version": "1.0+1"})
    ask("board__1")
    made = make_proposal("1.0+1", dag_id=DAG, run_id="board__1", environment="prod")
    ApprovalBook(artifact_store(), project="shop", environment="prod").propose(made)
    with shop.browser("bob") as bob:
        assert "approval wanted" in bob.get("/").text
        token = bob.token("/e/shop/prod/approve?run=board__1")
        fields = {"token": token, "run": "board__1", "plan": made.digest, "reason": "fine"}
        sent = fields | {"answer": "Approve"}
        assert bob.post("/e/shop/prod/approve", sent).status_code == 303
        assert "approval wanted" not in bob.get("/").text
        assert bob.post("/e/shop/prod/approve", fields | {"answer": "Reject"}).status_code == 409
    with create_session() as session:
        answer = session.scalars(select(HITLDetail)).one()
        assert answer.responded_by == {"id": "bob", "name": "bob"}
        assert (answer.chosen_options, answer.params_input) == (["Approve"], {"reason": "fine"})
        session.delete(answer)
    assert state_of("board__1", "approve") == "scheduled"


def test_a_plan_that_was_made_anew_is_not_approved_by_the_old_page(shop: Office) -> None:
    Orders().start(person("ann"), DAG, "board__1", {"version": "1.0+1"})
    ask("board__1")
    book = ApprovalBook(artifact_store(), project="shop", environment="prod")
    made = make_proposal("1.0+1", dag_id=DAG, run_id="board__1", environment="prod")
    book.propose(made)
    with shop.browser("bob") as bob:
        token = bob.token("/e/shop/prod/approve?run=board__1")
        book.propose(dataclasses.replace(made, lines=("3. delete the database",)))
        fields = {"token": token, "run": "board__1", "plan": made.digest, "answer": "Approve"}
        answer = bob.post("/e/shop/prod/approve", fields)
    assert answer.status_code == 409
    assert "the plan was made anew" in answer.text.lower()
    assert state_of("board__1", "approve") == "awaiting_input"


def _pause(paused: bool) -> None:
    from airflow.models.dag import DagModel
    from airflow.utils.session import create_session

    with create_session() as session:
        session.get_one(DagModel, DAG).is_paused = paused


def test_a_paused_environment_is_not_left_with_a_run_that_never_begins(shop: Office) -> None:
    _pause(True)
    try:
        with pytest.raises(OrderRefused, match="is paused"):
            Orders().start(person("ann"), DAG, "board__1", {"version": "1.0+1"})
    finally:
        _pause(False)
    assert runs_of(DAG) == {}


@pytest.mark.parametrize(
    ("dag_id", "conf"),
    [("nothing.prod", {"version": "1"}), (DAG, {"version": "x" * 500}), (DAG, {"version": 7})],
)
def test_what_airflow_does_not_take_says_why(
    shop: Office, dag_id: str, conf: dict[str, Any]
) -> None:
    with pytest.raises(OrderRefused):
        Orders().start(person("ann"), dag_id, "board__1", conf)
    assert runs_of(DAG) == {}


def test_the_run_that_is_under_way_is_shown_with_its_present_step(shop: Office) -> None:
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import update

    Orders().start(person("ann"), DAG, "board__1", {"version": "1.0+1"})
    with create_session() as session:
        session.execute(update(DagRun).values(state="running"))
        step = TaskInstance.task_id == "swap.fleet_healthy"
        session.execute(update(TaskInstance).where(step).values(state="deferred"))
    [run] = Progress().live([DAG]).runs[DAG]
    assert (run.version, run.step, run.by) == ("1.0+1", "swap.fleet_healthy", "ann")
    with shop.browser("vic", "VIEWER") as vic:
        page = vic.get("/").text
    assert "fleet healthy" in page
    assert "/dags/shop.prod/runs/board__1/tasks/swap.fleet_healthy" in page


def test_the_board_is_in_airflows_menu_and_made_by_its_server_alone() -> None:
    [view] = SlipwayPlugin.external_views
    assert (view["href"], view["destination"]) == (f"{BOARD}/", "nav")
    # A frame of Airflow's would keep its links inside, and its top level has no links that work.
    assert not view.get("url_route")
    assert not view.get("nav_top_level")
    prefixes = [one["url_prefix"] for one in SlipwayPlugin.fastapi_apps]
    assert prefixes == ["/slipway/hooks", "/slipway/notes", BOARD]
