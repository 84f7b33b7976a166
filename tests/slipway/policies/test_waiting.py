"""A run that does not move says what it waits for, and since when."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.model.board.waiting import PoolUse, Reason, SlotHolder, WaitFacts, Waiting
from slipway.policies.waiting import for_another_deployment, for_another_publication, waiting


def facts(**more: Any) -> WaitFacts:
    fields: dict[str, Any] = {"run_state": "running", "run_since": 100.0, "since": 200.0}
    fields |= {"task_id": "swap.launch", "pool": "slipway_builds"}
    return WaitFacts(**(fields | more))


def holders(*runs: str) -> tuple[SlotHolder, ...]:
    return tuple(SlotHolder(dag_id=dag, run_id=run) for dag, run in map(str.split, runs))


FULL = PoolUse(slots=2, taken=2, holders=holders(f"docs commit__{'9' * 40}", "shop.prod manual__1"))


@pytest.mark.parametrize(
    ("given", "reason", "words", "since"),
    [
        (
            facts(run_state="queued", ahead=(f"commit__{'3' * 40}",)),
            Reason.TURN,
            "for its turn behind 3333333",
            100.0,
        ),
        (
            facts(run_state="queued", ahead=tuple(f"commit__{n}" + "0" * 39 for n in range(5))),
            Reason.TURN,
            "for its turn behind 0000000, 1000000, 2000000 and 2 more",
            100.0,
        ),
        (
            facts(run_state="queued", paused=True, ahead=("x",)),
            Reason.PAUSED,
            "for somebody to resume its DAG, which is paused",
            100.0,
        ),
        (
            facts(state="scheduled", pool_use=FULL),
            Reason.POOL,
            "for a slot of the pool slipway_builds, 2 of 2 taken by docs 9999999 and "
            "shop.prod manual__1",
            200.0,
        ),
        (
            facts(state="scheduled"),
            Reason.NO_POOL,
            "for the pool slipway_builds, which is not there",
            200.0,
        ),
        (
            facts(state="scheduled", pool_use=PoolUse(slots=1), slots=2),
            Reason.NO_POOL,
            "for 2 slots of the pool slipway_builds, which has 1",
            200.0,
        ),
        (
            facts(state="scheduled", pool_use=PoolUse(slots=-1, taken=900)),
            Reason.LIMIT,
            "for Airflow to begin it: as many tasks are at work as may be at once",
            200.0,
        ),
        (
            facts(state="up_for_reschedule", task_id="bake_early"),
            Reason.TURN,
            "for the package to have its turn",
            200.0,
        ),
        (
            facts(state="up_for_reschedule"),
            Reason.MAINTENANCE,
            "for the end of maintenance",
            200.0,
        ),
        (
            facts(state="queued", queue="swaps"),
            Reason.WORKER,
            "for a free worker of the queue swaps",
            200.0,
        ),
        (facts(state="awaiting_input", task_id="approve"), Reason.APPROVAL, "for a yes", 200.0),
        (
            facts(state="awaiting_input", task_id="swap.approve_2"),
            Reason.APPROVAL,
            "for a yes",
            200,
        ),
        (facts(state="awaiting_input", task_id="choose"), Reason.ANSWER, "for an answer", 200.0),
        (facts(state="up_for_retry"), Reason.RETRY, "to try launch again", 200.0),
        (
            facts(state="deferred", told=for_another_deployment("ada is changing it", 7.0)),
            Reason.DEPLOYMENT,
            "for another deployment: ada is changing it",
            7.0,
        ),
        (
            facts(state="running", told=for_another_publication("docs/publish", 8.0)),
            Reason.PUBLICATION,
            "for its turn to publish, after docs/publish",
            8.0,
        ),
    ],
)
def test_each_reason_in_words(given: WaitFacts, reason: Reason, words: str, since: float) -> None:
    assert waiting(given) == Waiting(reason=reason, words=words, since=since)


@pytest.mark.parametrize("state", ["running", "deferred", "", "success"])
def test_what_moves_waits_for_nothing(state: str) -> None:
    assert waiting(facts(state=state)) is None


def test_what_a_task_said_before_it_failed_is_not_what_it_waits_for_now() -> None:
    told = for_another_deployment("ada", 7.0)
    found = waiting(facts(state="up_for_retry", told=told))
    assert found is not None
    assert found.reason is Reason.RETRY


def test_a_run_with_many_slots_is_named_once() -> None:
    use = PoolUse(slots=3, taken=3, holders=holders("docs r1", "docs r1", "shop r2"))
    found = waiting(facts(state="scheduled", pool_use=use))
    assert found is not None
    assert found.words.endswith("3 of 3 taken by docs r1 and shop r2")


def test_it_is_stored_and_read() -> None:
    told = for_another_deployment("ada", 7.0)
    assert Waiting.from_json(told.to_json()) == told
