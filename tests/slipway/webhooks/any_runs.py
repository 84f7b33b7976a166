"""Runs of any DAG that hooks start."""

from __future__ import annotations

from typing import Any

from tests.slipway.webhooks.shop import Runs


class AnyRuns(Runs):
    """Airflow's runs, of any DAG."""

    def __init__(self) -> None:
        super().__init__()
        self.dags: list[str] = []

    def start(self, dag_id: str, run_id: str, conf: dict[str, Any]) -> bool:
        self.dags.append(dag_id)
        return super().start("shop", run_id, conf)
