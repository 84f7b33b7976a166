"""What a hold, a stop and a rejection keep from beginning."""

from __future__ import annotations

import pytest

from slipway.model.controls import (
    Action,
    ControlEvent,
    Controls,
    Hold,
    Rejection,
    Scope,
    ScopeState,
    Stop,
)
from slipway.policies.controls import Closed, Passed, Refusal, after, closed, told
from slipway.policies.rights import Person

ANN, BOB = Person(name="ann"), Person(name="bob", roles=("oncall",))
HOLD = Hold(by="ann", at=0, why="the checkout is slow")
STOP = Stop(by="ann", at=0, why="the database burns", may_pass=("role:oncall",))
BAD = Rejection(version="1", by="ann", at=0, why="loses orders")


def ask(controls: Controls, person: Person = ANN, **more: object) -> object:
    facts: dict[str, object] = {"version": "2", "by_itself": False, "person": person}
    found = closed(controls, **{**facts, **more})  # type: ignore[arg-type]
    return found.kind if isinstance(found, Refusal) else found


def test_a_hold_keeps_commits_and_lets_people() -> None:
    assert ask(Controls(hold=HOLD), by_itself=True) is Closed.HELD
    # Also where somebody triggered the commit's own DAG by hand.
    assert ask(Controls(hold=HOLD), ANN, by_itself=True) is Closed.HELD
    assert ask(Controls(hold=HOLD)) is None


@pytest.mark.parametrize("scope", [Scope(), Scope(project="shop")])
def test_a_stop_keeps_everybody_but_those_who_are_named_and_say_why(scope: Scope) -> None:
    stopped = Controls(stops=((scope, STOP),))
    assert ask(stopped, ANN, reason="it burns") is Closed.STOPPED
    assert ask(stopped, BOB) is Closed.STOPPED
    assert isinstance(ask(stopped, BOB, reason="it burns"), Passed)
    assert ask(stopped, Person(name=""), by_itself=True, reason="x") is Closed.STOPPED


def test_whoever_passes_one_stop_does_not_pass_another() -> None:
    other = Stop(by="ann", at=0, why="an audit")
    stopped = Controls(stops=((Scope(), STOP), (Scope(project="shop"), other)))
    assert ask(stopped, BOB, reason="it burns") is Closed.STOPPED


def test_a_rejected_release_goes_nowhere_whoever_asks() -> None:
    controls = Controls(rejected={"1": BAD})
    assert ask(controls, BOB, version="1", reason="x") is Closed.REJECTED
    assert ask(controls, BOB) is None


def test_who_when_and_why_are_said() -> None:
    found = closed(Controls(hold=HOLD), version="2", by_itself=True, person=ANN)
    assert isinstance(found, Refusal)
    assert found.words == "held by ann since 1970-01-01 00:00:00 UTC: the checkout is slow"
    lines = list(told(Controls(hold=HOLD, stops=((Scope(), STOP),))))
    assert lines[0].endswith("the database burns; whoever has the role oncall may pass")
    assert lines[0].startswith("the line is stopped for everything by ann since 1970")


def event(action: Action, **more: object) -> ControlEvent:
    facts: dict[str, object] = {"by": "bob", "at": 9, "why": "w", "dag_id": "d", "run_id": "r"}
    return ControlEvent(action=action, **{**facts, **more})  # type: ignore[arg-type]


def test_whoever_held_first_is_the_one_who_is_asked() -> None:
    assert after(ScopeState(hold=HOLD), event(Action.HOLD)).hold == HOLD
    assert after(ScopeState(hold=HOLD, stop=STOP), event(Action.RESUME)) == ScopeState()


def test_a_rejection_is_taken_back_and_others_stay() -> None:
    state = after(ScopeState(rejected=(BAD,)), event(Action.REJECT, version="2"))
    assert [one.version for one in state.rejected] == ["1", "2"]
    again = after(state, event(Action.REJECT, version="1", why="and money"))
    assert {one.version: one.why for one in again.rejected} == {"2": "w", "1": "and money"}
    left = after(again, event(Action.ACCEPT, version="1"))
    assert [one.version for one in left.rejected] == ["2"]


def test_what_deployments_note_changes_nothing() -> None:
    state = ScopeState(hold=HOLD)
    for action in (Action.PASSED_FREEZE, Action.PASSED_STOP):
        assert after(state, event(action)) == state


def test_a_rejected_release_goes_nowhere_in_any_edition_and_a_rejected_edition_alone() -> None:
    assert ask(Controls(rejected={"1": BAD}), BOB, version="1@0123abcd") is Closed.REJECTED
    alone = Controls(rejected={"1@0123abcd": BAD})
    assert ask(alone, BOB, version="1@0123abcd") is Closed.REJECTED
    assert ask(alone, BOB, version="1") is None
