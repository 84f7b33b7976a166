"""The board shows what people hold and reject, whoever did it and whatever was lost meanwhile."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.controls import ControlBook
from slipway.hooks.store.environments.snapshots import forget_read, snapshots
from slipway.model.board.snapshot import EnvironmentSnapshot, Hold
from slipway.model.controls import Action, ControlEvent
from slipway.model.fleet import Fleet
from slipway.operators.change_controls import ChangeControlsOperator
from slipway.policies.controls import after
from slipway.policies.rights import May
from slipway.tasks.board import brakes
from slipway.tasks.board.housekeeping import Listed, rebuild, show_all
from slipway.tasks.consent import Admission
from slipway.tasks.controls.allowed import hold_after_way_back
from tests.fakes.airflow_run import FakeTask
from tests.slipway.operators.releases import catalogue

DEV = {"project": "shop", "environment": "dev"}
EMPTY = Fleet(groups=())


@pytest.fixture(autouse=True)
def releases(artifacts: Path) -> None:
    catalogue("1", "2", "3")
    snapshots().change("shop", "dev", lambda one: one)
    snapshots().change("shop", "prod", lambda one: one)


def do(run: str, **params: str) -> None:
    task = FakeTask(dag_id="controls", run_id=run)
    who = SimpleNamespace(triggering_user_name="ann")
    context: Any = {**task.context, "params": params, "dag_run": who}
    places = {"shop": {"dev": May(), "prod": May()}}
    ChangeControlsOperator(task_id="change", places=places).execute(context)


def shown(name: str = "dev") -> EnvironmentSnapshot:
    forget_read()
    found = snapshots().project("shop").of(name)
    assert found is not None
    return found


def held_by() -> str | None:
    hold = shown().hold
    return hold.by if hold else None


def keep_house() -> None:
    show_all(artifact_store(), "shop", "dev", EMPTY, Listed(), lambda _: True)


def noted_by_another() -> ControlEvent:
    """Note a hold, and be killed before anything is shown of it."""
    event = ControlEvent(
        action=Action.HOLD,
        by="bob",
        at=0,
        why="load test",
        dag_id="controls",
        run_id="b",
        project="shop",
        environment="dev",
    )
    return ControlBook(artifact_store()).note(event, after)


def test_a_hold_is_shown_with_who_why_and_since_when_until_it_is_resumed() -> None:
    do("r1", action="hold", why="load test", **DEV)
    hold = shown().hold
    assert hold is not None
    assert (hold.by, hold.why, hold.since > 0, hold.until) == ("ann", "load test", True, 0.0)
    assert shown("prod").hold is None
    do("r2", action="resume", **DEV)
    assert held_by() is None


def test_a_way_back_is_shown_as_the_hold_that_it_is() -> None:
    admission = Admission(project="shop", environment="dev")
    hold_after_way_back(FakeTask().context, admission, "1", "2", lambda _: None)
    hold = shown().hold
    assert hold is not None
    assert hold.why == "back from 2 to 1"


def test_what_a_rejected_release_waits_for_is_nothing() -> None:
    keep_house()
    do("r1", action="reject", project="shop", version="2", why="it loses orders")
    assert (shown().newer, shown("prod").newer) == (2, 2)
    keep_house()
    assert shown().newer == 2
    do("r2", action="accept", project="shop", version="2", why="it was the network")
    assert (shown().newer, shown("prod").newer) == (3, 3)


def test_a_task_that_is_tried_again_shows_what_its_first_try_noted() -> None:
    do("r1", action="hold", why="load test", **DEV)
    snapshots().change("shop", "dev", lambda one: replace(one, hold=None))
    do("r1", action="hold", why="load test", **DEV)
    assert held_by() == "ann"


def test_an_old_try_does_not_show_a_hold_that_was_resumed_since() -> None:
    do("r1", action="hold", why="load test", **DEV)
    do("r2", action="resume", **DEV)
    do("r1", action="hold", why="load test", **DEV)
    assert held_by() is None


def test_housekeeping_and_a_rebuild_show_what_was_not_shown(artifacts: Path) -> None:
    noted_by_another()
    assert held_by() is None
    keep_house()
    assert held_by() == "bob"
    for folder in ("environments", "history"):
        shutil.rmtree(artifacts / folder, ignore_errors=True)
    rebuild(artifact_store(), "shop", "dev", EMPTY, Listed(), lambda _: True)
    assert held_by() == "bob"


def test_a_hold_that_only_the_board_says_is_none() -> None:
    snapshots().change("shop", "dev", lambda one: replace(one, hold=Hold(by="eve")))
    keep_house()
    assert held_by() is None


def test_a_journal_that_somebody_wrote_to_takes_nothing_else_from_the_board(
    artifacts: Path,
) -> None:
    do("r1", action="hold", why="load test", **DEV)
    do("r2", action="reject", project="shop", version="2", why="it loses orders")
    for page in (artifacts / "controls").rglob("*.json"):
        page.write_text(page.read_text().replace("ann", "eve"))
    keep_house()
    assert (held_by(), shown().newer) == ("ann", 3)


def test_a_board_that_cannot_be_written_stops_no_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    class Away:
        def __init__(self, *_: Any) -> None:
            msg = "the store is away"
            raise OSError(msg)

    monkeypatch.setattr(brakes, "Snapshots", Away)
    do("r1", action="hold", why="load test", **DEV)
    assert ControlBook(artifact_store()).of("shop", "dev").hold is not None
