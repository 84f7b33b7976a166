"""What the pages offer where somebody rejected a release, or several have to say yes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from include.delivery.controls.controls_dag import controls_dag
from slipway.board.cells import cell
from slipway.board.stores import Stores
from slipway.hooks.airflow_progress import Live
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.controls import ControlBook
from slipway.hooks.store.deployments import DeploymentHistory
from slipway.model.controls import Action, ControlEvent
from slipway.policies.controls import after
from tests.slipway.board.boards import Office, filled, question, snapshot
from tests.slipway.operators.releases import catalogue, make_record


@pytest.fixture
def store(artifacts: Path) -> Stores:
    catalogue("1", "2", "3")
    for version in "123":
        release = make_record(version).checkout.release
        DeploymentHistory(artifact_store()).record(release, "dev", run_id=version)
    return Stores()


def reject(version: str) -> None:
    event = ControlEvent(
        action=Action.REJECT,
        by="ann",
        at=0,
        why="it loses orders",
        dag_id="controls",
        run_id=version,
        project="shop",
        version=version,
    )
    ControlBook(artifact_store()).note(event, after)


def test_a_roll_back_is_offered_to_what_nobody_rejected(store: Stores) -> None:
    assert store.previous("shop", "dev", "3") == "2"
    reject("2")
    assert store.previous("shop", "dev", "3") == "1"
    assert set(store.rejected("shop")) == {"2"}
    reject("1")
    assert store.previous("shop", "dev", "3") is None


def test_the_way_from_a_release_that_was_rejected_while_it_serves_is_open(store: Stores) -> None:
    reject("3")
    assert store.previous("shop", "dev", "3") == "2"


def test_a_journal_that_cannot_be_believed_leaves_the_pages_open(
    store: Stores, artifacts: Path
) -> None:
    reject("2")
    for page in (artifacts / "controls").rglob("*.json"):
        page.write_text("{}")
    assert set(store.rejected("shop")) == set()
    assert store.previous("shop", "dev", "3") == "2"


@pytest.mark.parametrize("word", ["hold", "resume"])
def test_a_reason_of_any_length_is_one_that_the_run_takes(shop: Office, word: str) -> None:
    path = f"/e/shop/prod/{word}"
    with shop.browser("ann") as ann:
        fields = {"token": ann.token(path), "reason": "it is slow " * 90}
        assert ann.post(path, fields).status_code == 303
    [(_, conf)] = shop.airflow.started.values()
    params = controls_dag([]).params
    for name, value in conf.items():
        assert params.get_param(name).resolve(value) == value


def test_a_rejected_release_does_not_wait_to_be_deployed(shop: Office) -> None:
    with shop.browser("ann") as ann:
        assert "/deploy?version=1.0%2B2" in ann.get("/e/shop/prod").text
        shop.model.refused = {"1.0+2"}
        assert "/deploy?version=1.0%2B2" not in ann.get("/e/shop/prod").text


@pytest.mark.parametrize("task_id", ["approve", "approve_2", "approve_5"])
def test_each_of_those_who_have_to_say_yes_is_asked(task_id: str) -> None:
    asked = replace(question(), task_id=task_id)
    live = Live(questions={"shop.prod": [asked]})
    assert cell(snapshot("shop", "prod"), live).questions == (asked,)


@pytest.mark.parametrize("task_id", ["choose_release", "approve_commit", "approve_it"])
def test_another_question_is_no_approval(task_id: str) -> None:
    live = Live(questions={"shop.prod": [replace(question(), task_id=task_id)]})
    assert cell(snapshot("shop", "prod"), live).questions == ()


def test_the_second_yes_is_waited_for_as_the_first_is() -> None:
    _, airflow = filled()
    run, _ = airflow.under_way.runs["shop.prod"]
    live = Live(runs={"shop.prod": [replace(run, step="approve_2")]})
    [step] = cell(snapshot("shop", "prod"), live).steps
    assert step.step == "waits for a yes"
