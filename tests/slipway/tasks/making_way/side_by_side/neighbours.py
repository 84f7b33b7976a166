"""Work that goes on while another task fails."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from slipway.tasks.making_way import side_by_side
from slipway.tasks.making_way.side_by_side import STOPPED, SideBySide
from slipway.tasks.retries import no_retry_on_input_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Seconds that a task would go on, were it not stopped; and that stopping it may take here.
LONG, SOON = 6.0, 4.0


class Work(BaseOperator):
    """A task; what it left behind is counted."""

    kills = 0

    def on_kill(self) -> None:
        self.kills += 1


@dataclass
class Run:
    """Stands in for Airflow's task instance.

    :param looks: the states of the run's tasks at one look after the other; the last one stays.
    :param others: the XComs ``stopped`` of the other tasks.
    """

    looks: list[dict[str, str | None] | Exception]
    others: dict[str, list[str]] = field(default_factory=dict)
    max_tries: int = 2
    dag_id: str = "shop"
    run_id: str = "commit__1"
    task_id: str = "build_deb"
    asked: int = 0
    pushed: dict[str, Any] = field(default_factory=dict)

    def get_task_states(self, *, dag_id: str, run_ids: list[str]) -> dict[str, Any]:
        assert (dag_id, run_ids) == (self.dag_id, [self.run_id])
        self.asked += 1
        now = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(now, Exception):
            raise now
        return {self.run_id: now}

    def xcom_pull(self, *, task_ids: str, key: str) -> Any:
        assert key == STOPPED
        return self.others.get(task_ids)

    def xcom_push(self, *, key: str, value: Any) -> None:
        self.pushed[key] = value


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(side_by_side, "PAUSE", 0.02)
    monkeypatch.setattr(side_by_side, "AGAIN", 0.02)
    monkeypatch.setattr(side_by_side, "supervised", lambda: True)
    before = signal.getsignal(signal.SIGUSR1)
    yield
    assert signal.getsignal(signal.SIGUSR1) is before


def work(run: Run, body: Callable[[], Any]) -> Work:
    task = Work(task_id=run.task_id, retries=2)
    with SideBySide(task, {"ti": run}), no_retry_on_input_error():  # type: ignore[typeddict-item]
        body()
    return task


def stopped(run: Run, body: Callable[[], Any], *, because: str) -> None:
    began = time.monotonic()
    with pytest.raises(AirflowFailException, match=f"^stopped, because {because} failed$"):
        work(run, body)
    assert time.monotonic() - began < SOON


def busy() -> None:
    time.sleep(LONG)
