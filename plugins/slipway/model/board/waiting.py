"""What a run that does not move waits for, and the facts that say so.

Times are seconds since 1970. Names and words may be a stranger's text.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Self

from slipway.model.fact import Fact


class Reason(StrEnum):
    """Why a run does not move."""

    PAUSED = "paused"
    TURN = "turn"
    POOL = "pool"
    NO_POOL = "no_pool"
    LIMIT = "limit"
    WORKER = "worker"
    DEPLOYMENT = "deployment"
    PUBLICATION = "publication"
    APPROVAL = "approval"
    ANSWER = "answer"
    RETRY = "retry"
    MAINTENANCE = "maintenance"
    TIME = "time"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Waiting(Fact):
    """That a run waits.

    :param reason: what kind of thing it waits for.
    :param words: what it waits for; a sentence goes on with them behind "waits".
    :param since: when it began to.
    :param until: when it goes on by itself; 0 where that depends on others.
    """

    reason: Reason
    words: str
    since: float = 0.0
    until: float = 0.0


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class WaitingRun:
    """A run that does not move.

    :param dag_id: the DAG's id.
    :param name: for people.
    :param waits: for what.
    :param at: the time that it is set for, as whoever started it wrote it; empty for none.
    """

    dag_id: str
    name: str
    waits: Waiting
    at: str = ""

    def for_programs(self) -> dict[str, Any]:
        """Return it for programs; :meth:`of_programs` reads it."""
        return {
            "dag_id": self.dag_id,
            "run": self.name,
            "at": self.at,
            **self.waits.to_json(),
        }

    @classmethod
    def of_programs(cls, told: Mapping[str, Any]) -> Self:
        """Read what a server says.

        :raises ValueError: when it is a reason that this version does not know.
        """
        waits = Waiting.from_json(told)
        at = str(told.get("at") or "")
        return cls(dag_id=str(told["dag_id"]), name=str(told["run"]), waits=waits, at=at)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class SlotHolder:
    """A task that has slots of a pool."""

    dag_id: str
    run_id: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class PoolUse:
    """A pool as it is now.

    :param slots: how many it has; below zero for no limit.
    :param taken: how many of them are taken.
    :param holders: by whom, the longest first.
    """

    slots: int
    taken: int = 0
    holders: tuple[SlotHolder, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class WaitFacts:
    """What Airflow says of a run, as far as it says why the run does not move.

    :param run_state: Airflow's word for the run.
    :param run_since: when it was made, or began.
    :param paused: somebody has paused its DAG.
    :param ahead: runs of the same DAG that go before it, the first one first.
    :param task_id: the task that is at work, with its group; empty for none.
    :param state: Airflow's word for it.
    :param since: when it came into that state, as far as anybody noted.
    :param pool: whose slot it takes.
    :param pool_use: that pool; None where there is none of that name, or nobody has looked.
    :param slots: how many slots it takes.
    :param queue: whose workers may take it.
    :param told: what it says itself that it waits for.
    """

    run_state: str
    run_since: float = 0.0
    paused: bool = False
    ahead: tuple[str, ...] = ()
    task_id: str = ""
    state: str = ""
    since: float = 0.0
    pool: str = ""
    pool_use: PoolUse | None = None
    slots: int = 1
    queue: str = ""
    told: Waiting | None = None
