"""A task's place in a run, as much of it as the operators ask for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class FakeTask:
    """Stands in for Airflow's task instance.

    :param try_number: of its try, from 1.
    :param states: of the runs that there are, by DAG and run id.
    :param xcoms: what the task pushed.
    """

    dag_id: str = "shop.dev"
    run_id: str = "manual__1"
    task_id: str = "launch"
    map_index: int = -1
    try_number: int = 1
    states: dict[tuple[str, str], str] = field(default_factory=dict)
    xcoms: dict[str, Any] = field(default_factory=dict)

    @property
    def context(self) -> Any:
        return {"ti": self, "run_id": self.run_id}

    def xcom_push(self, *, key: str, value: Any) -> None:
        self.xcoms[key] = value

    def get_dr_count(self, *, dag_id: str, run_ids: list[str], states: list[str]) -> int:
        return sum(self.states.get((dag_id, run_id)) in states for run_id in run_ids)


@dataclass
class BesideOthers(FakeTask):
    """One that looks at another task of its run, whose states come one after the other.

    :param seen: the states, each as often as it is looked at but for the last.
    """

    seen: list[str | None] = field(default_factory=lambda: ["running"])

    def get_task_states(
        self, *, dag_id: str, task_ids: list[str], run_ids: list[str]
    ) -> dict[str, dict[str, str | None]]:
        assert (dag_id, run_ids) == (self.dag_id, [self.run_id])
        state = self.seen.pop(0) if len(self.seen) > 1 else self.seen[0]
        return {self.run_id: dict.fromkeys(task_ids, state)}
