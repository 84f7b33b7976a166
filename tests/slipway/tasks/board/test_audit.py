"""What people did, out of the store: a line each, which says what it was done to."""

from __future__ import annotations

import pytest

from slipway.hooks.store.artifacts import artifact_store
from slipway.model.controls import Action
from slipway.tasks.board.audit import audit
from tests.slipway.operators.at_a_time.timed import say

pytestmark = pytest.mark.usefixtures("artifacts")


def test_a_cancellation_names_the_run_that_it_is_of() -> None:
    say(Action.CANCEL, "c1", run="manual__7")
    say(Action.CANCEL, "c2", run="manual__8", why="")
    say(Action.CANCEL, "c3")
    say(Action.STOP, "c4", may_pass=("bob",))
    say(Action.HOLD, "c5")
    told = {one.run: one.why for one in audit(artifact_store(), [("shop", "dev")], "shop")}
    assert told == {
        "controls c1": "it loses orders (run: manual__7)",
        "controls c2": "(run: manual__8)",
        "controls c3": "it loses orders (run: each that waited for its time)",
        "controls c4": "it loses orders (may pass: bob)",
        "controls c5": "it loses orders",
    }
