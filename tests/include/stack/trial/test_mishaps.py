"""A part is hit while the task runs that it is to be hit in, and no other part is."""

from __future__ import annotations

import time
from typing import Any
from unittest.mock import create_autospec

import pytest

from include.demo.airflow_api import DemoFailed
from include.stack import compose
from include.stack.trial import mishaps
from include.stack.trial.api import Run, StackApi

RUN = Run(dag_id="guestbook", run_id="commit__1", sha="1")


class _Container:
    def __init__(self, name: str) -> None:
        self.id, self.did = name, list[str]()

    def kill(self) -> None:
        self.did.append("kill")

    def start(self) -> None:
        self.did.append("start")


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> list[_Container]:
    made = [_Container("aaa1111"), _Container("bbb2222")]
    monkeypatch.setattr(compose, "containers", lambda _: made)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    return made


def _api(*states: dict[str, str | None], **returns: Any) -> Any:
    api = create_autospec(StackApi, instance=True)
    api.states.side_effect = [*states, *[states[-1]] * 9]
    api.run_state.return_value = returns.get("run_state", "running")
    api.hosts.return_value = {"bake_early": "bbb", "test": "aaa"}
    return api


def test_the_worker_that_bakes_is_the_one_that_dies(workers: list[_Container]) -> None:
    api = _api({}, {"bake_early": "queued"}, {"bake_early": "running"})
    mishaps.worker_killed("bake_early", after=0)(api, RUN)
    assert [one.did for one in workers] == [[], ["kill"]]


def test_a_restart_leaves_a_part_no_time_to_save_anything(workers: list[_Container]) -> None:
    workers.pop()
    mishaps.restarted("redis", "swap.soak", after=0, state="deferred")(
        _api({"swap.soak": "running"}, {"swap.soak": "deferred"}), RUN
    )
    assert workers[0].did == ["kill", "start"]


def test_a_run_that_ends_before_proves_nothing(workers: list[_Container]) -> None:
    api = _api({"bake_early": "success"}, run_state="success")
    with pytest.raises(DemoFailed, match="bake_early was not running"):
        mishaps.worker_killed("bake_early", after=0)(api, RUN)
    assert [one.did for one in workers] == [[], []]


def test_a_worker_dies_at_the_moment_that_is_meant(workers: list[_Container]) -> None:
    seen = iter([False, False, True])
    mishaps.worker_killed("bake_early", after=0, once=lambda: next(seen))(
        _api({"bake_early": "running"}), RUN
    )
    assert [one.did for one in workers] == [[], ["kill"]]
    assert next(seen, None) is None


def test_a_moment_that_never_comes_proves_nothing(workers: list[_Container]) -> None:
    api = _api({"bake_early": "running"}, {"bake_early": "success"})
    with pytest.raises(DemoFailed, match="nobody saw a builder while bake_early was running"):
        mishaps.worker_killed("bake_early", after=0, once=lambda: False, named="a builder")(
            api, RUN
        )
    assert [one.did for one in workers] == [[], []]
