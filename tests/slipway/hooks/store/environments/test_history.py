"""A list of deployments is what is noted of each, however many there are and whoever died."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from slipway.exceptions import RecordRefused
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.environments import history
from slipway.hooks.store.environments.history import Deployments
from slipway.hooks.store.outcomes import DeploymentOutcomes
from slipway.model.board.deployment import CommitLine, Origin
from slipway.model.facts.outcome import DeploymentNote, Outcome
from tests.slipway.operators.releases import catalogue, make_record

pytestmark = pytest.mark.usefixtures("artifacts")


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        self.now += 10
        return self.now


def note(outcomes: DeploymentOutcomes, swap: int, outcome: Outcome, **more: Any) -> None:
    fields: dict[str, Any] = {
        "release": make_record(f"1.{swap}").checkout.release,
        "environment": "dev",
        "outcome": outcome,
        "at": 0.0,
        "dag_id": "shop",
        "run_id": f"r{swap}",
        "by": "ada",
    }
    outcomes.note(f"{swap:032x}", DeploymentNote(**(fields | more)))


@pytest.fixture
def outcomes() -> DeploymentOutcomes:
    return DeploymentOutcomes(artifact_store(), Clock())


@pytest.fixture
def kept() -> Deployments:
    return Deployments(artifact_store())


def test_a_deployment_is_told_in_one_piece(outcomes: DeploymentOutcomes, kept: Deployments) -> None:
    catalogue("1.7")
    more = {"approved_by": "bob", "why": "the fair", "came_from": "shell", "replaced": "1.6"}
    note(outcomes, 7, Outcome.STARTED, **more)
    kept.take_up("shop", "dev", f"{7:032x}")
    [begun] = kept.last("shop", "dev")
    assert begun.is_under_way
    assert begun.ended_at == 0
    note(outcomes, 7, Outcome.FAILED, why="CPU is 97 %")
    note(outcomes, 7, Outcome.ROLLED_BACK, by="housekeeping", serves="1.6", tasks=("soak",))
    kept.take_up("shop", "dev", f"{7:032x}")
    [one] = kept.last("shop", "dev")
    assert (one.asked_by, one.approved_by, one.why) == ("ada", "bob", "the fair")
    assert (one.outcome, one.failure, one.tasks) == (
        Outcome.ROLLED_BACK,
        "CPU is 97 %",
        ("soak",),
    )
    assert (one.came_from, one.replaced, one.serves) == (Origin.SHELL, "1.6", "1.6")
    assert (one.ended_by, one.seconds) == ("housekeeping", 20.0)
    assert one.commit == CommitLine(sha=one.release.sha, subject="Sell more", author="a", at=0)


def test_one_of_before_there_were_such_lists_is_there(
    outcomes: DeploymentOutcomes, kept: Deployments
) -> None:
    for number in range(3):
        note(outcomes, number, Outcome.STARTED)
    assert [one.run_id for one in kept.last("shop", "dev")] == ["r2", "r1", "r0"]
    note(outcomes, 3, Outcome.STARTED)
    kept.take_up("shop", "dev", f"{3:032x}")
    assert [one.run_id for one in kept.last("shop", "dev")] == ["r3", "r2", "r1", "r0"]


def test_a_page_further_back_is_read_from_its_segment(
    outcomes: DeploymentOutcomes, kept: Deployments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "SEGMENT", 3)
    for number in range(11):
        note(outcomes, number, Outcome.STARTED)
        note(outcomes, number, Outcome.SUCCEEDED, serves=f"1.{number}")
        kept.take_up("shop", "dev", f"{number:032x}")
    runs = [one.run_id for one in kept.newest_first("shop", "dev")]
    assert runs == [f"r{number}" for number in reversed(range(11))]
    assert [one.run_id for one in kept.last("shop", "dev", 3, skip=6)] == ["r4", "r3", "r2"]
    kept.take_up("shop", "dev", f"{1:032x}")  # of a segment: it is there already
    assert [one.run_id for one in kept.newest_first("shop", "dev")] == runs


def test_a_segment_that_was_taken_away_is_missed(
    outcomes: DeploymentOutcomes,
    kept: Deployments,
    artifacts: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(history, "SEGMENT", 2)
    for number in range(5):
        note(outcomes, number, Outcome.SUCCEEDED)
        kept.take_up("shop", "dev", f"{number:032x}")
    for one in (artifacts / "history" / "shop" / "dev").iterdir():
        one.unlink()
    with pytest.raises(RecordRefused, match="was taken away"):
        kept.last("shop", "dev", 100)
    kept.rebuild("shop", "dev")
    assert len(kept.last("shop", "dev", 100)) == 5


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    steps=st.lists(
        st.tuples(st.integers(0, 6), st.sampled_from(list(Outcome)), st.booleans()), max_size=12
    )
)
@example(
    steps=[
        (0, Outcome.FAILED, False),
        (2, Outcome.FAILED, False),
        (1, Outcome.STARTED, True),
        (2, Outcome.STARTED, True),
        (3, Outcome.STARTED, False),
    ]
)
def test_what_is_kept_along_is_what_would_be_made_anew(
    steps: list[tuple[int, Outcome, bool]],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever happens in whichever order, and whoever dies between a note and the list."""
    root = tmp_path_factory.mktemp("store")
    monkeypatch.setenv("AIRFLOW__SLIPWAY__ARTIFACTS", root.as_uri())
    monkeypatch.setattr(history, "SEGMENT", 2)
    outcomes, kept = DeploymentOutcomes(artifact_store(), Clock()), Deployments(artifact_store())
    for swap, outcome, killed in steps:
        note(outcomes, swap, outcome)
        if not killed:
            kept.take_up("shop", "dev", f"{swap:032x}")
    for swap in {swap for swap, *_ in steps}:  # who was killed runs again
        kept.take_up("shop", "dev", f"{swap:032x}")
    along = list(kept.newest_first("shop", "dev"))
    kept.rebuild("shop", "dev")
    assert along == list(kept.newest_first("shop", "dev"))


def test_what_is_from_before_is_put_together_once(
    outcomes: DeploymentOutcomes, kept: Deployments, monkeypatch: pytest.MonkeyPatch
) -> None:
    for swap in range(3):
        note(outcomes, swap, Outcome.STARTED)
    kept.begin("shop", "dev")
    monkeypatch.setattr(DeploymentOutcomes, "swaps", None)  # whoever asks for all notes fails
    kept.begin("shop", "dev")
    assert len(kept.last("shop", "dev")) == 3


def test_a_deployment_that_begins_during_a_rebuild_is_not_lost(
    outcomes: DeploymentOutcomes, kept: Deployments, monkeypatch: pytest.MonkeyPatch
) -> None:
    note(outcomes, 1, Outcome.STARTED)
    kept.take_up("shop", "dev", f"{1:032x}")
    real, quicker = Deployments._rebuilt, [2]

    def slow(self: Deployments, project: str, environment: str) -> Any:
        made = real(self, project, environment)
        while quicker:
            swap = quicker.pop()
            note(outcomes, swap, Outcome.STARTED)
            Deployments(artifact_store()).take_up("shop", "dev", f"{swap:032x}")
        return made

    monkeypatch.setattr(Deployments, "_rebuilt", slow)
    kept.rebuild("shop", "dev")
    assert len(kept.last("shop", "dev")) == 2
