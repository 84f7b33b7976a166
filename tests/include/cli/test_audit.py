"""The audit: everything that people did, in order, for people, spreadsheets and programs."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

from include.cli.audit import main, write_csv, write_json
from slipway.hooks.store.approvals import Approval, ApprovalBook
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.controls import ControlBook
from slipway.hooks.store.outcomes import DeploymentOutcomes
from slipway.model.board.audit import Line
from slipway.model.controls import Action, ControlEvent
from slipway.model.facts.outcome import DeploymentNote, Outcome
from slipway.policies.controls import after
from slipway.tasks.board.audit import audit
from tests.slipway.operators.releases import make_proposal, make_record

pytestmark = pytest.mark.usefixtures("artifacts")


@pytest.fixture
def past() -> list[Line]:
    store = artifact_store()
    book = ApprovalBook(store, project="shop", environment="dev")
    asked = make_proposal("2", made_at=10)
    book.propose(asked)
    for number, (by, yes) in enumerate((("ann", True), ("carl", False)), start=1):
        answer = Approval(approved=yes, by=by, at=20 + number, reason="r", digest=asked.digest)
        book.answer(asked, answer, number)
    note = DeploymentNote(
        release=make_record("2").checkout.release,
        environment="dev",
        outcome=Outcome.STARTED,
        at=0.0,
        dag_id="shop.dev",
        run_id="manual__1",
        by="bob",
        why="it burns",
    )
    DeploymentOutcomes(store, clock=lambda: 30.0).note("a" * 32, note)
    facts: dict[str, Any] = {"by": "ann", "at": 0, "dag_id": "controls", "run_id": "r"}
    events = (
        ControlEvent(action=Action.STOP, why="=HYPERLINK()", may_pass=("bob",), **facts),
        ControlEvent(action=Action.HOLD, why="slow", project="shop", environment="dev", **facts),
        ControlEvent(action=Action.REJECT, why="bad", project="blog", version="9", **facts),
    )
    for number, one in enumerate(events):
        ControlBook(store, clock=lambda n=number: 40.0 + n).note(one, after)  # type: ignore[misc]
    return audit(store, [("shop", "dev")], "")


def test_who_asked_approved_refused_deployed_stopped_held_and_rejected(past: list[Line]) -> None:
    assert [(one.what, one.who, one.why) for one in past] == [
        ("asked", "Bob", ""),
        ("approved", "ann", "r"),
        ("refused", "carl", "r"),
        ("deployed", "bob", "it burns"),
        ("stop", "ann", "=HYPERLINK() (may pass: bob)"),
        ("hold", "ann", "slow"),
        ("reject", "ann", "bad"),
    ]
    assert past[0].at == "1970-01-01T00:00:10Z"


def test_one_projects_audit_has_what_was_said_of_everything(past: list[Line]) -> None:
    own = audit(artifact_store(), [("shop", "dev")], "shop")
    assert [one.what for one in own] == [one.what for one in past if one.what != "reject"]


def test_a_reason_is_no_formula_in_a_spreadsheet(past: list[Line]) -> None:
    out = io.StringIO()
    write_csv(past, out)
    rows = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert len(rows) == len(past)
    assert rows[4]["why"] == "'=HYPERLINK() (may pass: bob)"


def test_json_has_every_field(past: list[Line]) -> None:
    out = io.StringIO()
    write_json(past, out)
    assert json.loads(out.getvalue())[5] == {
        "at": "1970-01-01T00:00:41Z",
        "what": "hold",
        "who": "ann",
        "project": "shop",
        "environment": "dev",
        "version": "",
        "why": "slow",
        "run": "controls r",
    }


def test_the_command_writes_nothing_but_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
