"""What Airflow's database says of why runs do not move; for its server's process alone.

Few runs wait at a time, and of those that do a handful of looks tells all, however many DAGs and
runs there are: one at the DAGs of queued runs, one at what tasks say themselves, and two at the
pools, where a task waits for a slot.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from slipway.model.board.waiting import PoolUse, SlotHolder, WaitFacts, Waiting

_Key = tuple[str, str]
# The XCom in which a task says what it waits for (:mod:`slipway.tasks.waiting`).
_WAITS = "waits"
# Tasks that have slots of full pools; more are counted, and not named.
_MOST_HOLDERS = 500
# Runs that are asked for at once.
_AT_ONCE = 500
_SAYS_ITSELF = ("running", "deferred")


def further_columns() -> list[Any]:
    """Return what else is to be known of a task that is at work."""
    from airflow.models.taskinstance import TaskInstance

    return [
        TaskInstance.pool,
        TaskInstance.pool_slots,
        TaskInstance.queue,
        TaskInstance.scheduled_dttm,
        TaskInstance.queued_dttm,
        TaskInstance.end_date,
    ]


def wait_facts(
    session: Any, runs: Sequence[Any], steps: Mapping[_Key, Any]
) -> dict[_Key, WaitFacts]:
    """Return what says why runs do not move.

    :param session: of the database.
    :param runs: that have not ended, in the order in which they were made.
    :param steps: the task of each that is at work, with :func:`further_columns`.
    """
    paused = _paused(session, {run.dag_id for run in runs if _word(run.state) == "queued"})
    asked = {step.pool for step in steps.values() if _word(step.state) == "scheduled"}
    pools = _pools(session, asked)
    said = _said(session, [one for one in steps.values() if _word(one.state) in _SAYS_ITSELF])
    before: dict[str, list[str]] = defaultdict(list)
    found = {}
    for run in sorted(runs, key=lambda run: _word(run.state) == "queued"):
        key = (run.dag_id, run.run_id)
        step = steps.get(key)
        found[key] = WaitFacts(
            run_state=_word(run.state),
            run_since=_seconds(run.start_date or run.queued_at),
            paused=run.dag_id in paused,
            ahead=tuple(before[run.dag_id]),
            **(_of_step(step, pools) if step is not None else {}),
            told=said.get(key),
        )
        before[run.dag_id].append(run.run_id)
    return found


def _of_step(step: Any, pools: Mapping[str, PoolUse]) -> dict[str, Any]:
    since = {
        "scheduled": step.scheduled_dttm,
        "queued": step.queued_dttm,
        "up_for_retry": step.end_date,
    }
    state = _word(step.state)
    return {
        "task_id": step.task_id,
        "state": state,
        "since": _seconds(since.get(state) or step.start_date),
        "pool": step.pool,
        "pool_use": pools.get(step.pool),
        "slots": step.pool_slots,
        "queue": step.queue or "",
    }


def _paused(session: Any, dag_ids: Iterable[str]) -> set[str]:
    from airflow.models.dag import DagModel
    from sqlalchemy import select

    ids, found = sorted(dag_ids), set[str]()
    for start in range(0, len(ids), _AT_ONCE):
        part = ids[start : start + _AT_ONCE]
        wanted = select(DagModel.dag_id).where(DagModel.dag_id.in_(part), DagModel.is_paused)
        found |= set(session.scalars(wanted).all())
    return found


def _said(session: Any, steps: Sequence[Any]) -> dict[_Key, Waiting]:
    """Return what tasks say that they wait for; one that waits no more has said so."""
    from airflow.models.xcom import XComModel
    from sqlalchemy import select

    tasks = {(one.dag_id, one.run_id): one.task_id for one in steps}
    ids, found = sorted({run_id for _, run_id in tasks}), {}
    for start in range(0, len(ids), _AT_ONCE):
        rows = session.execute(
            select(XComModel.dag_id, XComModel.run_id, XComModel.task_id, XComModel.value).where(
                XComModel.key == _WAITS, XComModel.run_id.in_(ids[start : start + _AT_ONCE])
            )
        ).all()
        for row in rows:
            key = (row.dag_id, row.run_id)
            if tasks.get(key) == row.task_id and (waiting := _read(row)) is not None:
                found[key] = waiting
    return found


def _read(row: Any) -> Waiting | None:
    from airflow.models.xcom import XComModel

    try:
        value = XComModel.deserialize_value(row)
        return Waiting.from_json(value) if value else None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None  # somebody edited it, or a later version wrote it


def _pools(session: Any, names: Iterable[str]) -> dict[str, PoolUse]:
    from airflow.models.pool import Pool
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import select

    wanted = sorted(names)
    if not wanted:
        return {}
    pools = session.scalars(select(Pool).where(Pool.pool.in_(wanted))).all()
    rows = session.execute(
        select(
            TaskInstance.pool,
            TaskInstance.state,
            TaskInstance.dag_id,
            TaskInstance.run_id,
            TaskInstance.pool_slots,
        )
        .where(
            TaskInstance.pool.in_(wanted),
            TaskInstance.state.in_(("running", "queued", "deferred")),
        )
        .order_by(TaskInstance.start_date)
    ).all()
    found = {}
    for pool in pools:
        states = ("running", "queued", *(("deferred",) if pool.include_deferred else ()))
        own = [row for row in rows if row.pool == pool.pool and _word(row.state) in states]
        holders = (SlotHolder(dag_id=row.dag_id, run_id=row.run_id) for row in own[:_MOST_HOLDERS])
        found[pool.pool] = PoolUse(
            slots=pool.slots, taken=sum(row.pool_slots for row in own), holders=tuple(holders)
        )
    return found


def _seconds(when: Any) -> float:
    return when.timestamp() if when else 0.0


def _word(state: Any) -> str:
    return str(getattr(state, "value", state) or "")
