from __future__ import annotations

import time
import tracemalloc
from collections import deque
from functools import partial
from typing import TYPE_CHECKING

import pytest

from slipway.hooks.disk_queue import Spill
from slipway.model.facts import StepReport
from slipway.pipeline.runtime.log_groups import LogGroups
from slipway.pipeline.runtime.step_table import step_table
from slipway.pipeline.runtime.waiting_output import InMemory

if TYPE_CHECKING:
    from collections.abc import Callable

    from slipway.pipeline.runtime.waiting_output import WaitingOutput


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
        "::group::step a",
        "a1",
        "a done",
        "::endgroup::",
        "::group::step c",
        "c1",
        "c done",
        "::endgroup::",
        "::group::step b",
        "b1",
        "b2",
        "b done",
        "::endgroup::",
    ]


def test_a_program_cannot_open_or_close_groups() -> None:
    log: list[str] = []
    groups = LogGroups(log.append)
    groups.begin("a", "a")
    groups.line("a", "x ::endgroup:: ::group::mine")
    groups.line("a", "\x1b[31mred \x1b[0m:\x1b[1m:gr\x1b[0moup:\x1b[32m\x1b[0m: ::end\x1b[mgroup::")
    groups.end("a", "done")
    assert log[2] == "\x1b[31mred \x1b[0m: :group: : : :endgroup: :"
    assert sum("::group::" in line for line in log) == 1
    assert sum("::endgroup::" in line for line in log) == 1


def test_the_first_error_of_a_step_that_waits_is_there_after_any_number_of_lines() -> None:
    log: list[str] = []
    groups = LogGroups(log.append, waiting=Spill)
    groups.begin("slow", "slow")
    groups.begin("tests", "tests")
    lines = ["FIRST-ERROR-HERE", *(f"line {number}" for number in range(100_000))]
    groups.write("tests", "".join(f"{line}\n" for line in lines).encode())
    groups.end("tests", "failed")
    groups.end("slow", "done")
    assert log[:3] == ["::group::slow", "done", "::endgroup::"]
    assert log[3:] == ["::group::tests", *lines, "failed", "::endgroup::"]


def test_lines_that_wait_fill_no_memory_and_are_masked_before_they_are_kept() -> None:
    log: list[str] = []
    groups = LogGroups(log.append, waiting=Spill)
    groups.hide(["hunter2xyz"])
    groups.begin("a", "a")
    groups.begin("b", "b")
    tracemalloc.start()
    for _ in range(500):
        groups.write("b", b"x" * 65_000 + b" hunter2xyz\n")
    groups.line("b", "last")
    while len(groups._groups["b"].kept) < 500 * 65_000:
        time.sleep(0.01)
    assert tracemalloc.get_traced_memory()[1] < 32 << 20
    tracemalloc.stop()
    groups.end("a", "done")
    groups.end("b", "done")
    assert log[4:504] == ["x" * 65_000 + " ******"] * 500
    assert log[504:] == ["last", "done", "::endgroup::"]


@pytest.mark.parametrize(
    ("waiting", "lines"), [(partial(Spill, disk=0), 40), (InMemory, 400)], ids=["disk", "memory"]
)
def test_where_the_disk_is_full_a_step_is_shown_at_once_and_the_open_one_goes_on_below(
    waiting: Callable[[], WaitingOutput], lines: int
) -> None:
    log: list[str] = []
    groups = LogGroups(log.append, waiting=waiting)
    groups.begin("a", "a")
    groups.begin("b", "b")
    groups.line("a", "a1")
    wide = "x" * 60_000
    for _ in range(lines):
        groups.line("b", wide)
    groups.line("a", "a2")
    groups.end("b", "b done")
    groups.end("a", "a done")
    assert log == [
        "::group::a",
        "a1",
        "(this goes on further below)",
        "::endgroup::",
        "::group::b",
        *[wide] * lines,
        "b done",
        "::endgroup::",
        "::group::a, continued",
        "a2",
        "a done",
        "::endgroup::",
    ]


def test_lines_that_come_together_are_written_together_and_a_marker_alone() -> None:
    log: list[str] = []
    groups = LogGroups(log.append, together=3)
    groups.begin("a", "a")
    groups.write("a", b"1\n2\n3\n4\n")
    groups.line("a", "5")
    groups.write("a", b"x" * 20_000 + b"\n" + b"y" * 20_000 + b"\n")
    groups.end("a", "done")
    assert log == [
        "::group::a",
        "1\n2\n3",
        "4",
        "5",
        "x" * 20_000,
        "y" * 20_000,
        "done",
        "::endgroup::",
    ]


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
        "say ****** and ******",
        "::group::title ******",
        "write ******",
        "line ******",
        "end ******",
        "::endgroup::",
    ]
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


def test_what_a_step_is_called_turns_nothing_around_in_the_log() -> None:
    log: list[str] = []
    groups = LogGroups(log.append)
    groups.begin("a", "step a\u202eb\x1b[31m")
    groups.end("a", "step a\u202eb: passed")
    assert log == [
        "::group::step a<U+202E>b<U+001B>[31m",
        "step a<U+202E>b: passed",
        "::endgroup::",
    ]
