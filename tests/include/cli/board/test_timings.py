"""``fab timings``: one run drawn, and many compared."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from include.cli.board import timings
from slipway.exceptions import SlipwayError
from slipway.model.board.timings import RunTime, StepTime

EVIL = "x\x1b[31m"


def _run(run_id: str, seconds: float = 10, dag_id: str = "guestbook") -> RunTime:
    steps = (
        StepTime(task_id="checkout", state="success", began=1_000.4, ended=1_001),
        StepTime(task_id="test", state="success", began=1_003, ended=1_003 + seconds, tries=2),
        StepTime(task_id="swap.soak", state=EVIL, began=1_003 + seconds, ended=1_008 + seconds),
    )
    return RunTime(dag_id=dag_id, run_id=run_id, state="success", asked=1_000, steps=steps)


class Runs:
    """Airflow's, as a test says."""

    def __init__(self, *runs: RunTime) -> None:
        self._runs = runs

    def last(self, dag_id: str, most: int) -> list[RunTime]:
        return [run for run in self._runs if run.dag_id == dag_id][:most]

    def named(self, run_id: str) -> list[RunTime]:
        return [run for run in self._runs if run.run_id.startswith(run_id)]


def _tell(word: str, *runs: RunTime, last: int = 0, as_json: bool = False) -> str:
    out = io.StringIO()
    given: Any = Runs(*runs)
    assert timings.tell(given, word, last, as_json=as_json, out=out) == 0
    return out.getvalue()


def test_a_run_is_drawn_from_its_push_to_its_end() -> None:
    told = _tell("guestbook", _run("commit__abc123")).splitlines()
    assert told[0] == (
        "guestbook commit__abc123  success: 18.0 s, in 2.4 s of them no step was at work"
    )
    assert told[1].split()[:4] == ["*", "checkout", "0.4", "0.6"]
    assert "....####" in told[2]
    assert told[2].endswith("began 2.0 s after checkout, try 2")
    assert told[3].endswith("waits for the soak, x<U+001B>[31m")
    assert "\x1b" not in "".join(told)


@pytest.mark.parametrize("word", ["commit__abc123", "commit__abc", "abc123", "guestbook"])
def test_a_run_is_meant_by_its_id_its_commit_or_its_project(word: str) -> None:
    [fall] = json.loads(_tell(word, _run("commit__abc123"), as_json=True))
    assert fall["run_id"] == "commit__abc123"
    assert [bar["task_id"] for bar in fall["bars"]] == ["checkout", "test", "swap.soak"]


def test_a_whole_id_means_that_run_alone() -> None:
    runs = [_run("manual__1"), _run("manual__12")]
    assert [one["run_id"] for one in json.loads(_tell("manual__1", *runs, as_json=True))] == [
        "manual__1"
    ]


def test_an_environments_runs_are_compared() -> None:
    runs = [_run(f"r{n}", seconds, "guestbook.prod") for n, seconds in enumerate([30, 30, 20, 20])]
    told = _tell("guestbook.prod", *runs, last=20).splitlines()
    assert told[2].split() == ["test", "4", "25.0s", "20.0s", "30.0s", "+50%"]
    assert told[-2].startswith("the whole run")


def test_a_project_that_is_not_there_is_said_with_the_nearest() -> None:
    with pytest.raises(SlipwayError, match="guestbook"):
        _tell("guestbok")
    with pytest.raises(SlipwayError, match="prod"):
        _tell("guestbook.prd", last=3)


def test_where_nothing_has_ended_that_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    given: Any = Runs()
    assert timings.tell(given, "guestbook", 0, as_json=False, out=io.StringIO()) == 1
    assert "nothing of guestbook has ended yet" in capsys.readouterr().err
