"""The form in which every benchmark tells its figures.

A benchmark calls :func:`record`, which prints a line. Under ``make bench`` it is kept as well: in
the file that :data:`FILE` names, a line of JSON for each figure, so that what was measured before a
benchmark failed is not lost. Run by hand a benchmark only prints; a try with small parameters never
gets into the table.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator

FILE = "SLIPWAY_BENCH_FILE"
Samples = tuple[Annotated[float, Field(allow_inf_nan=False)], ...]


class Spread(NamedTuple):
    """What is told of some samples."""

    least: float
    median: float
    most: float


def spread(samples: Sequence[float]) -> Spread:
    """Return the least, the median and the most of some samples."""
    return Spread(min(samples), statistics.median(samples), max(samples))


def timed(work: Callable[[], object]) -> float:
    """Do something; return the seconds that it took."""
    began = time.monotonic()
    work()
    return time.monotonic() - began


class Budget(BaseModel):
    """What a figure may be at most.

    :param limit: in the figure's unit, or of the yardstick.
    :param of: what is held against it: the ratio to the yardstick, or one of our own samples.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit: float
    of: Literal["ratio", "median", "worst"]


def at_most(limit: float, of: Literal["ratio", "median", "worst"] = "median") -> Budget:
    """Return a budget."""
    return Budget(limit=limit, of=of)


class Figure(BaseModel):
    """One thing that was measured, several times where that is possible.

    :param what: in words.
    :param yardstick: what the same was done with; empty where there is none.
    :param size: of what the cost may grow with; figures of one name make a plot over it.
    :param size_of: what that is: ``packages``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    what: str = Field(min_length=1)
    unit: str = "s"
    ours: Samples = Field(min_length=1)
    yardstick: str = ""
    theirs: Samples = ()
    budget: Budget | None = None
    size: float | None = None
    size_of: str = ""

    @model_validator(mode="after")
    def _whole(self) -> Figure:
        if bool(self.yardstick) != bool(self.theirs):
            msg = "a yardstick has a name and samples"
            raise ValueError(msg)
        if self.budget and self.budget.of == "ratio" and self.ratio is None:
            msg = "a budget of a ratio needs a yardstick"
            raise ValueError(msg)
        if (self.size is None) != (not self.size_of):
            msg = "a size is of something"
            raise ValueError(msg)
        return self

    @property
    def label(self) -> str:
        """What was measured, and at what size."""
        size = "" if self.size is None else f", {number(self.size)} {self.size_of}"
        return f"{self.what}{size}"

    @property
    def ratio(self) -> float | None:
        """Our median beside the yardstick's; None where there is none, or it took nothing."""
        theirs = spread(self.theirs).median if self.theirs else 0.0
        return spread(self.ours).median / theirs if theirs else None

    @property
    def met(self) -> bool | None:
        """Whether the budget holds; None without one."""
        if self.budget is None:
            return None
        of = {"ratio": self.ratio, "median": spread(self.ours).median, "worst": max(self.ours)}
        held = of[self.budget.of]
        return held is not None and held <= self.budget.limit

    def __str__(self) -> str:
        """Say it in a line."""
        line = f"{self.label}: {told(self.ours)} {self.unit}"
        if self.theirs:
            line += f", {self.yardstick} {told(self.theirs)} {self.unit}"
        if self.ratio is not None:
            line += f", ratio {self.ratio:.2f}"
        if self.met is not None:
            line += f", budget {'met' if self.met else 'NOT met'}"
        return line


def told(samples: Sequence[float]) -> str:
    """Return least, median and most, in as many digits as say something."""
    if len(samples) == 1:
        return number(samples[0])
    return " / ".join(number(one) for one in spread(samples))


def number(value: float) -> str:
    """Return three digits of a number, or all of them before the point."""
    if value == round(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) < 0.001:
        return f"{value:.1g}"
    digits = 3 if abs(value) < 0.1 else 2 if abs(value) < 10 else 1
    return f"{value:.{digits}f}"


def record(
    what: str,
    ours: Sequence[float],
    *,
    unit: str = "s",
    beside: tuple[str, Sequence[float]] = ("", ()),
    budget: Budget | None = None,
    size: tuple[float, str] | None = None,
) -> Figure:
    """Print a figure, and keep it where ``make bench`` asked for it.

    :param beside: the yardstick's name and samples.
    :param size: how much, and of what, this was measured at.
    """
    figure = Figure(
        what=what,
        unit=unit,
        ours=tuple(ours),
        yardstick=beside[0],
        theirs=tuple(beside[1]),
        budget=budget,
        size=size[0] if size else None,
        size_of=size[1] if size else "",
    )
    sys.stdout.write(f"{figure}\n")
    sys.stdout.flush()
    if os.environ.get(FILE):
        with Path(os.environ[FILE]).open("a") as file:
            file.write(f"{figure.model_dump_json()}\n")
    return figure
