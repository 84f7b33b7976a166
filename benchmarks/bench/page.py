"""Writes ``docs/benchmarks``: a table of the budgets, and each benchmark with its plot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.bench import plot
from benchmarks.bench import result as results
from benchmarks.bench.catalogue import ALL, Benchmark
from benchmarks.bench.figure import Budget, Figure, number, told
from benchmarks.bench.result import Result

_HEAD = """\
# Benchmarks

Written by `make bench`; do not edit. Each figure is least / median / most of what was measured, or
the only one. A yardstick was measured in the same go as ours, on the same machine; the ratio is
that of the medians. What was not measured says so, and why.
"""
_COLUMNS = ("what", "ours", "yardstick", "ratio", "budget", "met")
_NEVER = "not measured: no run of `make bench` has asked for it yet"


def write(folder: Path, target: Path) -> None:
    """Write the page and its plots anew; a plot of nothing is removed.

    :param folder: of the results.
    :param target: of the page.
    """
    found = {one.name: results.load(one.name, folder) for one in ALL}
    there = {name: result for name, result in found.items() if result}
    target.mkdir(parents=True, exist_ok=True)
    for file in target.glob("*.svg"):
        file.unlink()
    for name, result in there.items():
        if result.figures:
            (target / f"{name}.svg").write_text(plot.drawn(name, result.figures))
    (target / "README.md").write_text(page(there))


def page(found: Mapping[str, Result]) -> str:
    """Return the page.

    :param found: what there is, by the benchmark's name.
    """
    last = max((one.run for one in found.values()), default=None)
    before = {name for name, one in found.items() if one.run != last}
    parts = [_HEAD, "## Budgets\n", _summary(found, before)]
    parts += [_section(one, found.get(one.name), one.name in before) for one in ALL]
    return "\n".join(parts)


def _summary(found: Mapping[str, Result], before: set[str]) -> str:
    rows = []
    for one in ALL:
        result = found.get(one.name)
        if result is None:
            rows.append([f"{one.name}: {one.about}", _NEVER, *[""] * 5])
            continue
        measured = _measured(result, one.name in before)
        kept = [figure for figure in result.figures if figure.budget]
        rows += [[*_row(figure), measured] for figure in kept]
        rows += [[one.name, _code(why), *[""] * 4, measured] for why in result.failures]
    return _table([*_COLUMNS, "measured"], rows)


def _section(one: Benchmark, result: Result | None, before: bool) -> str:
    about = f"{one.about[0].upper()}{one.about[1:]}"
    head = f"## {one.name}\n\n{about} (`python -m benchmarks.{one.name}`).\n"
    if result is None:
        return f"{head}\n{_NEVER[0].upper()}{_NEVER[1:]}.\n"
    parts = [head, f"Measured {_measured(result, before)}.\n"]
    parts += [f"- {_code(why)}\n" for why in result.failures]
    if result.figures:
        parts.append(_table(_COLUMNS, [_row(figure) for figure in result.figures]))
        parts.append(f"![{one.name}]({one.name}.svg)\n")
    return "\n".join(parts)


def _measured(result: Result, before: bool) -> str:
    return f"{result.origin}{', by an earlier run' if before else ''}"


def _row(figure: Figure) -> list[str]:
    theirs = f"{figure.yardstick}: {_samples(figure.theirs, figure)}" if figure.theirs else ""
    met = {True: "yes", False: "**no**", None: ""}[figure.met]
    ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
    budget = _budget(figure.budget, figure.unit) if figure.budget else ""
    cells = [figure.label, _samples(figure.ours, figure), theirs, ratio, budget, met]
    return [_cell(one) for one in cells]


def _samples(samples: Sequence[float], figure: Figure) -> str:
    count = f" ({len(samples)} times)" if len(samples) > 1 else ""
    return f"{told(samples)} {figure.unit}{count}"


def _budget(budget: Budget, unit: str) -> str:
    limit = number(budget.limit)
    worst = ", the worst" if budget.of == "worst" else ""
    return f"at most {limit} {'x' if budget.of == 'ratio' else unit}{worst}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _code(text: str) -> str:
    """Return what a program said so that it stays in its cell, and is nothing but text."""
    return f"`{_cell(text.replace('`', chr(39)))}`"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
