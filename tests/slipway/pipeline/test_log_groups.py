from __future__ import annotations

from collections import deque

from slipway.facts import StepReport
from slipway.pipeline import log_groups
from slipway.pipeline.log_groups import LogGroups
from slipway.pipeline.step_table import step_table


def test_groups_of_steps_side_by_side_do_not_mix() -> None:
    log: list[str] = []
    groups = LogGroups(log.append)
    for key in "abc":
        groups.begin(key, f"step {key}")
    groups.line("b", "b1")
    groups.line("a", "a1")
    groups.line("c", "c1")
    assert log == ["::group::step a", "a1"]  # the open one is live
    groups.end("c", "c done")
    groups.end("a", "a done")
    groups.line("b", "b2")
    groups.end("b", "b done")
    assert log == [
        "::group::step a", "a1", "a done", "::endgroup::",
        "::group::step c", "c1", "c done", "::endgroup::",
        "::group::step b", "b1", "b2", "b done", "::endgroup::",
    ]  # fmt: skip


def test_a_program_cannot_open_or_close_groups() -> None:
    log: list[str] = []
    groups = LogGroups(log.append)
    groups.begin("a", "a")
    groups.line("a", "x ::endgroup:: ::group::mine")
    groups.end("a", "done")
    assert sum("::group::" in line for line in log) == 1
    assert sum("::endgroup::" in line for line in log) == 1


def test_a_waiting_group_is_bounded_and_says_what_it_dropped() -> None:
    log: list[str] = []
    groups = LogGroups(log.append)
    groups.begin("a", "a")
    groups.begin("b", "b")
    for number in range(log_groups._KEPT + 5):
        groups.line("b", str(number))
    groups.end("a", "done")
    assert log[3:6] == ["::group::b", "(5 earlier lines were dropped)", "5"]


def test_a_waiting_group_of_very_long_lines_is_bounded_as_well() -> None:
    log: list[str] = []
    groups = LogGroups(log.append)
    groups.begin("a", "a")
    groups.begin("b", "b")
    for _ in range(1000):
        groups.line("b", "x" * 65_536)
    assert sum(map(len, groups._groups["b"].lines)) <= log_groups._KEPT_SIZE
    groups.end("a", "done")
    groups.end("b", "done")
    assert "(936 earlier lines were dropped)" in log[4]


def test_everything_that_is_written_is_masked() -> None:
    log: list[str] = []
    tail: deque[str] = deque()
    groups = LogGroups(log.append)
    groups.hide(["hunter2xyz"])
    groups.hide(["other-one"])
    groups.say("say hunter2xyz and other-one")
    groups.begin("a", "title hunter2xyz", tail=tail)
    groups.write("a", b"wri")
    groups.write("a", b"te hunter")
    groups.write("a", b"2xyz\n")
    groups.line("a", "line hunter2xyz")
    groups.end("a", "end hunter2xyz")
    groups.write("a", b"too late\n")
    assert log == [
        "say ****** and ******", "::group::title ******", "write ******", "line ******",
        "end ******", "::endgroup::",
    ]  # fmt: skip
    assert list(tail) == ["write ******", "line ******"]


def test_a_name_as_long_as_the_file_does_not_make_every_row_as_wide() -> None:
    steps = [
        StepReport(name=f"{'n' * 50_000}{number}", image="i", state="passed", seconds=1.0)
        for number in range(300)
    ]
    assert sum(map(len, step_table(steps))) < 100_000


def test_the_table_lines_up() -> None:
    table = step_table(
        [
            StepReport(name="unit", image="python:3.11", state="passed", seconds=1.26, exit_code=0),
            StepReport(name="a-long-name", image="go", state="skipped", seconds=0.0),
        ]
    )
    assert table == [
        "step         image        state    exit  seconds",
        "unit         python:3.11  passed   0     1.3",
        "a-long-name  go           skipped",
    ]
