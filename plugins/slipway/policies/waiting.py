"""Says what a run waits for that does not move, and since when.

One answer for all who ask: the board, ``fab status``, and the log of a task that waits itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from slipway.model.board.waiting import Reason, SlotHolder, WaitFacts, Waiting
from slipway.policies.planned_time import PlannedTime

# Runs that are named among those that go before, or have a pool's slots.
_NAMED = 3
# Digits of a sha that people read.
_SHORT = 7
_COMMIT = "commit__"
_APPROVE = "approve"
# Gives its slot back while the package has none.
_BAKE_EARLY = "bake_early"


def waiting(facts: WaitFacts) -> Waiting | None:
    """Return what a run waits for; None where it goes on.

    :param facts: what Airflow says of it.
    """
    if facts.run_state == "queued":
        return _for_its_turn(facts)
    if facts.state == "scheduled":
        return _for_a_slot(facts)
    if facts.state == "queued":
        words = f"for a free worker of the queue {facts.queue or 'default'}"
        return Waiting(reason=Reason.WORKER, words=words, since=facts.since)
    if facts.state == "awaiting_input":
        return _for_people(facts)
    if facts.state == "up_for_retry":
        step = facts.task_id.rpartition(".")[2].replace("_", " ")
        return Waiting(reason=Reason.RETRY, words=f"to try {step} again", since=facts.since)
    if facts.state == "up_for_reschedule" and facts.task_id == _BAKE_EARLY:
        words = "for the package to have its turn"
        return Waiting(reason=Reason.TURN, words=words, since=facts.since)
    if facts.state == "up_for_reschedule":
        words = "for the end of maintenance"
        return Waiting(reason=Reason.MAINTENANCE, words=words, since=facts.since)
    # A task that works, or is deferred, knows best.
    return facts.told if facts.state in ("running", "deferred") else None


def for_another_deployment(words: str, since: float) -> Waiting:
    """Return what waits for an environment that somebody else changes.

    :param words: who does.
    :param since: when it began to wait.
    """
    words = f"for another deployment: {words}"
    return Waiting(reason=Reason.DEPLOYMENT, words=words, since=since)


def for_another_publication(owner: str, since: float) -> Waiting:
    """Return what waits for its turn at the apt repository.

    :param owner: who publishes.
    :param since: when it began to wait.
    """
    words = f"for its turn to publish, after {owner or 'somebody'}"
    return Waiting(reason=Reason.PUBLICATION, words=words, since=since)


def for_its_time(planned: PlannedTime, since: float) -> Waiting:
    """Return what waits for the time that it is set for.

    :param planned: the time.
    :param since: when it began to wait.
    """
    words = f"until {planned}"
    return Waiting(reason=Reason.TIME, words=words, since=since, until=planned.seconds)


def run_name(run_id: str) -> str:
    """Return a run's name for people: a commit's first digits, or its id.

    :param run_id: Airflow's.
    """
    if run_id.startswith(_COMMIT):
        return run_id.removeprefix(_COMMIT)[:_SHORT]
    return run_id


def _for_its_turn(facts: WaitFacts) -> Waiting:
    if facts.paused:
        words = "for somebody to resume its DAG, which is paused"
        return Waiting(reason=Reason.PAUSED, words=words, since=facts.run_since)
    words = "for its turn"
    if facts.ahead:
        words += f" behind {_listed([run_name(one) for one in facts.ahead])}"
    return Waiting(reason=Reason.TURN, words=words, since=facts.run_since)


def _for_a_slot(facts: WaitFacts) -> Waiting:
    use = facts.pool_use
    if use is None:
        words = f"for the pool {facts.pool}, which is not there"
        return Waiting(reason=Reason.NO_POOL, words=words, since=facts.since)
    if 0 <= use.slots < facts.slots:
        words = f"for {facts.slots} slots of the pool {facts.pool}, which has {use.slots}"
        return Waiting(reason=Reason.NO_POOL, words=words, since=facts.since)
    if use.slots < 0 or use.taken + facts.slots <= use.slots:
        words = "for Airflow to begin it: as many tasks are at work as may be at once"
        return Waiting(reason=Reason.LIMIT, words=words, since=facts.since)
    words = f"for a slot of the pool {facts.pool}, {use.taken} of {use.slots} taken"
    if use.holders:
        words += f" by {_listed(_holders(use.holders))}"
    return Waiting(reason=Reason.POOL, words=words, since=facts.since)


def _for_people(facts: WaitFacts) -> Waiting:
    # One task after the other may ask, each with a number of its own.
    step = facts.task_id.rpartition(".")[2].rstrip("0123456789").rstrip("_")
    if step == _APPROVE:
        return Waiting(reason=Reason.APPROVAL, words="for a yes", since=facts.since)
    return Waiting(reason=Reason.ANSWER, words="for an answer", since=facts.since)


def _holders(holders: Sequence[SlotHolder]) -> list[str]:
    """Name each run once, also where several of its tasks have slots."""
    return list(dict.fromkeys(f"{one.dag_id} {run_name(one.run_id)}" for one in holders))


def _listed(names: Sequence[str]) -> str:
    shown, more = list(names[:_NAMED]), len(names) - _NAMED
    if more > 0:
        return f"{', '.join(shown)} and {more} more"
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))
