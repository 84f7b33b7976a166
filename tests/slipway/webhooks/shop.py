"""A shop that is watched, and the runs that hooks start in it."""

from __future__ import annotations

from slipway.hooks.airflow_runs import KnownRepository
from slipway.webhooks.look import Look
from tests.fakes.git_server import Repository


class Runs:
    """Airflow's runs, of which each id is there once."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.confs: list[dict[str, str]] = []
        self.paused = False

    def is_paused(self, dag_id: str) -> bool:
        assert dag_id == "commits"
        return self.paused

    def start(self, dag_id: str, run_id: str, conf: dict[str, str]) -> bool:
        assert dag_id == "shop"
        if run_id in self.ids:
            return False
        self.ids.append(run_id)
        self.confs.append(conf)
        return True


def shop(repository: Repository) -> Look:
    known = KnownRepository(url=repository.url, branch="main", connection=None, webhook="shop")
    return Look(project="shop", repository=known, host="GitHub")
