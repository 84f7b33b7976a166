"""What a task says that it waits for, each thing once, and that it waits no more."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.policies.waiting import for_another_deployment
from slipway.tasks.waiting import WAITS, Telling, turn_to_deploy, turn_to_publish
from tests.fakes.airflow_run import FakeTask
from tests.fakes.metrics import listen
from tests.slipway.fleet.worlds import make_target


class Watched(FakeTask):
    """Remembers all that was pushed, and not only the last."""

    def __init__(self) -> None:
        super().__init__()
        self.pushed: list[Any] = []

    def xcom_push(self, *, key: str, value: Any) -> None:
        assert key == WAITS
        self.pushed.append(value)


def test_each_owner_is_told_once_and_then_that_nobody_is_waited_for() -> None:
    task, said = Watched(), list[str]()
    telling = Telling(task.context, said.append)
    for owner in ("ada", "ada", "bob", "bob"):
        telling.wait(for_another_deployment(owner, 5.0))
    telling.over()
    telling.over()
    words = ["for another deployment: ada", "for another deployment: bob"]
    assert said == [f"waits {one}" for one in words]
    assert [one.get("words") for one in task.pushed] == [*words, None]


def test_a_task_that_never_waited_says_nothing() -> None:
    task = Watched()
    Telling(task.context).over()
    assert task.pushed == []


def test_one_that_comes_back_from_the_triggerer_waits_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told, task = listen(monkeypatch), Watched()
    with turn_to_deploy(task.context, make_target(), 1.0, lambda _: None) as turn:
        assert turn.since == 1.0
    assert task.pushed == [{}]
    [(seconds, tags)] = told.of("lease_wait")
    assert seconds > 1000
    assert tags == ("shop", "dev")


def test_one_that_goes_to_the_triggerer_still_waits() -> None:
    task = Watched()

    def left() -> None:
        with turn_to_deploy(task.context, make_target(), None, lambda _: None) as turn:
            turn.wait("ada is changing this environment")
            raise TimeoutError

    with pytest.raises(TimeoutError):
        left()
    assert [one["reason"] for one in task.pushed] == ["deployment"]


def test_a_publisher_with_a_strange_name_is_shown_as_it_is_written() -> None:
    task = Watched()
    tell = turn_to_publish(task.context)
    tell("\x1b[31mdocs\n")
    tell("")
    assert "\x1b" not in task.pushed[0]["words"]
    assert task.pushed[0]["words"].startswith("for its turn to publish, after ")
    assert task.pushed[1] == {}


def test_a_board_that_cannot_be_told_stops_nobody() -> None:
    class Away(FakeTask):
        def xcom_push(self, *, key: str, value: Any) -> None:
            raise ConnectionError(key)

    Telling(Away().context).wait(for_another_deployment("ada", 5.0))
