"""The tasks of a swap, as Airflow would run them."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from tests.fakes.airflow_run import FakeTask


@dataclass
class SwapTask(FakeTask):
    """A task of a run that Ada started."""

    params: dict[str, Any] = field(default_factory=dict)

    @property
    def context(self) -> Any:
        run = SimpleNamespace(triggering_user_name="ada", run_type="manual", conf={})
        return {"ti": self, "run_id": self.run_id, "dag_run": run, "params": self.params}

    def get_task_states(self, *, dag_id: str, run_ids: list[str]) -> dict[str, Any]:
        return {self.run_id: {"swap.soak": "failed", "swap.retire_old": "upstream_failed"}}
