"""What whoever runs the trial is told: each case counted, and whether all of it went well."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from include.demo.airflow_api import DemoFailed
from include.stack import paths
from include.stack.trial.report import Result, conclude

GOOD: dict[str, Any] = {"sent": 120, "failed": 0, "failures": {}, "first_failures": []}


@pytest.fixture(autouse=True)
def _result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "RESULT", tmp_path / "test.json")


def _result_of(counts: dict[str, Any], *wrong: str) -> Result:
    result = Result(case="a worker killed", seconds=61.2, wrong=list(wrong))
    result.count(counts)
    return result


def test_each_case_is_a_line_and_the_last_one_their_sum(
    capsys: pytest.CaptureFixture[str],
) -> None:
    conclude([Result(case="a push", seconds=200), _result_of(GOOD)])
    said = capsys.readouterr().out.split("\n")
    assert [line.split() for line in said if line][1:] == [
        ["a", "push", "200", "0", "0", "ok"],
        ["a", "worker", "killed", "61", "120", "0", "ok"],
        ["2", "261", "120", "0"],
    ]
    told = json.loads(paths.RESULT.read_text())
    assert told["requests"] == {"sent": 120, "failed": 0}
    assert len(told["cases"]) == 2


def test_one_failed_request_fails_the_trial_and_says_which() -> None:
    first = [{"how": "ConnectTimeout", "request": 7, "at": "12:00:01", "stalled_seconds": 5.1}]
    bad = {**GOOD, "failed": 1, "failures": {"ConnectTimeout": 1}, "first_failures": first}
    with pytest.raises(DemoFailed, match=r"a worker killed: .*ConnectTimeout.*'stalled_seconds'"):
        conclude([_result_of(bad)])
    assert json.loads(paths.RESULT.read_text())["requests"]["failed"] == 1


def test_visitors_that_never_asked_prove_nothing() -> None:
    with pytest.raises(DemoFailed, match="nobody asked"):
        conclude([_result_of({**GOOD, "sent": 0})])


def test_what_is_left_behind_fails_the_trial_as_well() -> None:
    with pytest.raises(DemoFailed, match="left behind: machine i-1"):
        conclude([_result_of(GOOD, "left behind: machine i-1")])
