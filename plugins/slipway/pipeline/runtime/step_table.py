"""The table of steps at the end of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipway.model.text.inert import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from slipway.model.facts import StepReport

# Characters of a cell; a name may be as long as the file, and makes its whole column as wide.
_WIDEST = 200
_HEAD = ("step", "image", "state", "exit", "seconds", "")


def step_table(steps: Iterable[StepReport]) -> list[str]:
    """Lay out one line per step, with a heading.

    :param steps: in the order of the pipeline file.
    """
    reports = list(steps)
    several = len({step.pipeline for step in reports}) > 1
    rows = [_HEAD, *(_row(step, several=several) for step in reports)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(_HEAD))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _row(step: StepReport, *, several: bool) -> tuple[str, ...]:
    exit_code = "" if step.exit_code is None else str(step.exit_code)
    seconds = f"{step.seconds:.1f}" if step.state != "skipped" else ""
    name = f"{step.pipeline}: {step.name}" if several else step.name
    cells = name, step.image, step.state, exit_code, seconds, step.note
    return tuple(visible(cell, _WIDEST) for cell in cells)
