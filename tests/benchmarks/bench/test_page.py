"""The page says of each benchmark what was measured, when and where, or why nothing was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

from benchmarks.bench import page, result
from benchmarks.bench.catalogue import ALL
from benchmarks.bench.figure import Figure, at_most
from benchmarks.bench.result import Origin, Result

RUN = datetime(2026, 11, 27, 12, tzinfo=UTC)


def found(name: str, *figures: Figure, run: datetime = RUN, **more: tuple[str, ...]) -> Result:
    origin = Origin(at=run, commit="2cd23439", cores=2, memory=23.4, load=0.31)
    return Result(name=name, run=run, origin=origin, seconds=9, figures=figures, **more)


STEPS = Figure(
    what="seven docker steps",
    ours=(1.5, 1.6, 2.0),
    yardstick="shell",
    theirs=(2.0, 2.0),
    budget=at_most(0.75, "ratio"),
)


def rows(text: str, heading: str) -> list[list[str]]:
    section = text.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines[2:]]


def test_a_row_has_the_figures_the_budget_and_where_they_come_from() -> None:
    row, *_ = rows(page.page({"steps": found("steps", STEPS)}), "Budgets")
    assert row == [
        "seven docker steps",
        "1.50 / 1.60 / 2 s (3 times)",
        "shell: 2 / 2 / 2 s (2 times)",
        "0.80",
        "at most 0.75 x",
        "**no**",
        "2026-11-27, 2cd23439, 2 cores, 23 GiB, load 0.3",
    ]


def test_what_an_earlier_run_measured_says_so_with_its_own_day() -> None:
    old = found("steps", STEPS, run=RUN - timedelta(days=3))
    text = page.page({"steps": old, "apt": found("apt", STEPS)})
    assert "Measured 2026-11-24, 2cd23439, 2 cores, 23 GiB, load 0.3, by an earlier run." in text
    by_run = [row[-1] for row in rows(text, "Budgets") if row[0] == "seven docker steps"]
    assert by_run[0].endswith("by an earlier run")
    assert by_run[1] == "2026-11-27, 2cd23439, 2 cores, 23 GiB, load 0.3"


def test_what_failed_says_why_in_one_cell_whatever_it_says() -> None:
    why = "swap: not measured: exit code 1: `a` | b\n# ![x](y) <b>"
    text = page.page({"swap": found("swap", failures=(why,))})
    cells = "`swap: not measured: exit code 1: 'a' \\| b # ![x](y) <b>`"
    assert f"| swap | {cells} |  |  |  |  | 2026-11-27" in text
    assert f"- {cells}\n" in text
    assert "swap.svg" not in text


def test_what_nobody_measured_is_named_as_such() -> None:
    text = page.page({})
    for one in ALL:
        assert f"## {one.name}\n" in text
    assert text.count("not measured: no run of `make bench` has asked for it yet") == len(ALL)
    assert ".svg" not in text


def test_a_plot_is_there_for_whoever_has_figures_and_for_nobody_else(tmp_path: Path) -> None:
    folder, target = tmp_path / "results", tmp_path / "docs"
    target.mkdir()
    (target / "hook.svg").write_text("of a figure that is no more")
    result.save(found("steps", STEPS), folder)
    result.save(found("apt", failures=("not measured: x",)), folder)
    page.write(folder, target)
    assert sorted(file.name for file in target.iterdir()) == ["README.md", "steps.svg"]
    ET.fromstring((target / "steps.svg").read_text())
    assert "![steps](steps.svg)" in (target / "README.md").read_text()
