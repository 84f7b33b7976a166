"""What became of each deployment is on record, once, whatever was killed on the way."""

from __future__ import annotations

import json
from typing import Any

import pytest

from slipway.exceptions import RecordRefused
from slipway.hooks.store.artifacts import ArtifactStore, artifact_store
from slipway.hooks.store.deployments import DeploymentHistory
from slipway.hooks.store.failed_deployments import FailedDeployments
from slipway.hooks.store.outcomes import DeploymentOutcomes
from slipway.model.facts.outcome import DeploymentNote, Outcome
from tests.slipway.operators.releases import make_record

pytestmark = pytest.mark.usefixtures("artifacts")

ONE, TWO = "1" * 32, "2" * 32
FOLDER = "deployments/shop/dev/outcomes"


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        self.now += 10
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outcomes(clock: Clock) -> DeploymentOutcomes:
    return DeploymentOutcomes(artifact_store(), clock)


def made(outcome: Outcome, version: str = "2", **more: Any) -> DeploymentNote:
    fields: dict[str, Any] = {
        "release": make_record(version).checkout.release,
        "environment": "dev",
        "outcome": outcome,
        "at": 0.0,
        "dag_id": "shop",
        "run_id": "r1",
        "by": "ada",
        "committed_at": 999_000,
    }
    return DeploymentNote(**(fields | more))


def test_a_deployment_is_one_from_start_to_end(outcomes: DeploymentOutcomes) -> None:
    outcomes.note(ONE, made(Outcome.STARTED, approved_by="bob", why="it cannot wait"))
    [under_way] = outcomes.past("shop", "dev", 10)
    assert (under_way.outcome, under_way.seconds) == (Outcome.STARTED, None)
    outcomes.note(ONE, made(Outcome.SUCCEEDED, serves="2"))
    [past] = outcomes.past("shop", "dev", 10)
    assert (past.outcome, past.serves, past.seconds) == (Outcome.SUCCEEDED, "2", 10.0)
    assert (past.by, past.why) == ("ada, approved by bob", "it cannot wait")
    assert past.lead_seconds == 1_020.0


def test_why_it_failed_and_where_it_went_back_to_stay_together(
    outcomes: DeploymentOutcomes,
) -> None:
    outcomes.note(ONE, made(Outcome.STARTED, why="hot fix"))
    outcomes.note(ONE, made(Outcome.FAILED, why="the alarm p99 is at 1.7, above 0.5"))
    outcomes.note(ONE, made(Outcome.ROLLED_BACK, serves="1", tasks=("soak",)))
    [past] = outcomes.past("shop", "dev", 10)
    assert (past.outcome, past.serves) == (Outcome.ROLLED_BACK, "1")
    assert past.why == "the alarm p99 is at 1.7, above 0.5"
    assert past.lead_seconds is None


def test_one_that_failed_and_was_brought_to_its_end_all_the_same_has_succeeded(
    outcomes: DeploymentOutcomes,
) -> None:
    for outcome in (Outcome.STARTED, Outcome.FAILED, Outcome.SUCCEEDED):
        outcomes.note(ONE, made(outcome))
    [past] = outcomes.past("shop", "dev", 10)
    assert past.outcome is Outcome.SUCCEEDED


def test_what_was_noted_is_not_noted_again(outcomes: DeploymentOutcomes) -> None:
    outcomes.note(ONE, made(Outcome.STARTED))
    first = artifact_store().keys(FOLDER)
    outcomes.note(ONE, made(Outcome.STARTED, by="mallory"))
    assert artifact_store().keys(FOLDER) == first
    assert outcomes.past("shop", "dev", 10)[0].by == "ada"


@pytest.mark.parametrize("at", ["put_new_json", "keys"])
def test_a_writer_that_is_killed_leaves_nothing_half(
    outcomes: DeploymentOutcomes, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    outcomes.note(ONE, made(Outcome.STARTED))
    whole = getattr(ArtifactStore, at)

    def killed(self: ArtifactStore, *arguments: Any) -> Any:
        whole(self, *arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ArtifactStore, at, killed)
        with pytest.raises(KeyboardInterrupt):
            outcomes.note(ONE, made(Outcome.SUCCEEDED))
    again = DeploymentOutcomes(artifact_store())
    again.note(ONE, made(Outcome.SUCCEEDED))
    [past] = again.past("shop", "dev", 10)
    assert [one.outcome for one in past.notes] == [Outcome.STARTED, Outcome.SUCCEEDED]


def test_the_newest_come_first_and_no_more_are_read_than_asked_for(
    outcomes: DeploymentOutcomes,
) -> None:
    for number in range(5):
        outcomes.note(f"{number}" * 32, made(Outcome.STARTED, str(number), run_id=f"r{number}"))
    found = outcomes.past("shop", "dev", 2)
    assert [one.release.version for one in found] == ["4", "3"]


def test_a_note_of_somebody_else_is_refused(outcomes: DeploymentOutcomes) -> None:
    outcomes.note(ONE, made(Outcome.STARTED))
    store = artifact_store()
    [name] = store.keys(FOLDER)
    note: Any = store.get_json(f"{FOLDER}/{name}")
    store.put_json(f"{FOLDER}/{name}", note | {"by": "mallory"})
    with pytest.raises(RecordRefused):
        outcomes.past("shop", "dev", 10)
    store.put_json(f"{FOLDER}/{name}", note)
    moved = name.replace(ONE, TWO)
    store.put_json(f"{FOLDER}/{moved}", note)
    with pytest.raises(RecordRefused):
        outcomes.past("shop", "dev", 10)


def test_names_that_are_none_are_passed_over(outcomes: DeploymentOutcomes) -> None:
    outcomes.note(ONE, made(Outcome.STARTED))
    for name in ("x.json", f"{'9' * 12}_{ONE}_started.txt", f"{'9' * 12}_{ONE[:-1]}_started.json"):
        artifact_store().put(f"{FOLDER}/{name}", b"{")
    assert len(outcomes.past("shop", "dev", 10)) == 1


def test_what_ended_before_there_were_notes_is_read(
    outcomes: DeploymentOutcomes, clock: Clock
) -> None:
    history = DeploymentHistory(artifact_store(), clock)
    history.record(make_record("1").checkout.release, "dev", run_id="r0")
    failed = FailedDeployments(artifact_store(), clock)
    failed.note(make_record("1.5").checkout.release, "dev", run_id="r9", tasks=["soak"])
    outcomes.note(ONE, made(Outcome.STARTED))
    history.record(make_record("2").checkout.release, "dev", run_id="r1")
    outcomes.note(ONE, made(Outcome.SUCCEEDED, serves="2"))
    found = outcomes.past("shop", "dev", 10)
    assert [(one.release.version, one.outcome) for one in found] == [
        ("2", Outcome.SUCCEEDED),
        ("1.5", Outcome.ROLLED_BACK),
        ("1", Outcome.SUCCEEDED),
    ]
    # The way back goes by the history alone, which the notes beside it leave as it was.
    assert history.versions("shop", "dev") == ["1", "2"]
    assert history.unsigned("shop", "dev") == []


def test_a_swap_of_before_swaps_had_names_is_one_deployment_too(
    outcomes: DeploymentOutcomes,
) -> None:
    outcomes.note("", made(Outcome.STARTED))
    outcomes.note("", made(Outcome.SUCCEEDED))
    outcomes.note("", made(Outcome.STARTED, run_id="r2"))
    assert len(outcomes.past("shop", "dev", 10)) == 2
    assert not outcomes.has_begun("shop", "dev", "")


def test_a_note_of_a_later_version_with_more_in_it_is_read() -> None:
    kept = json.loads(json.dumps(made(Outcome.STARTED).to_json())) | {"later": 1}
    del kept["why"], kept["approved_by"], kept["tasks"]
    assert DeploymentNote.from_json(kept) == made(Outcome.STARTED)
