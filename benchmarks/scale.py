"""``python -m benchmarks.scale``: which part gives way first, at what number, and what is turned.

A working day of ten thousand projects, minute by minute, from a fixed seed: runs come as people
push, and each asks something of each part. What a part cannot do within a minute waits; a part has
given way where something waits longer than five minutes. Each cost is a measured one, with where it
comes from, or says that it is assumed. ``--write`` puts the tables into ``docs/scale.md``.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.bench.figure import record
from benchmarks.scale_parts import DAY, FIGURES, MINUTES, PARTS, PATIENCE, Part, Scale, pushes

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE = Path(__file__).resolve().parents[1] / "docs" / "scale.md"
BEGIN, END = "<!-- Written by `python -m benchmarks.scale --write`. -->\n", "<!-- End of it. -->\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How a part came through the day.

    :param busiest: of its busiest hour, what was asked of it, of what it can do.
    :param wait: the longest that something waited, in seconds.
    """

    busiest: float
    wait: float


def day(part: Part, scale: Scale, coming: Sequence[int]) -> Outcome:
    """Let a part work through a day.

    :param part: which.
    :param scale: what there is.
    :param coming: runs that begin in each minute.
    """
    can, each = part.servers(scale) * 60, part.demand(scale)
    always = part.background(scale) * 60
    left = longest = 0.0
    asked = []
    for runs in coming:
        asked.append(runs * each + always)
        left = max(0.0, left + asked[-1] - can)
        longest = max(longest, left / can * 60)
    hours = (sum(asked[start : start + 60]) for start in range(0, MINUTES, 60))
    return Outcome(busiest=max(hours) / (can * 60), wait=longest)


def limit(part: Part, scale: Scale) -> int:
    """Return up to which number a part holds, to two digits.

    :param part: which.
    :param scale: the rest of what there is; of runs, projects and fleets in their proportion.
    """
    low, high = 0.0, 1000.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if _holds(part, scale, middle) else (low, middle)
    number = low * getattr(scale, part.grows)
    digits = max(0, int(math.log10(max(1.0, number))) - 1)
    unit: int = 10**digits
    return int(number / unit) * unit


def _holds(part: Part, scale: Scale, times: float) -> bool:
    grown = replace(scale, **{part.grows: max(1, round(getattr(scale, part.grows) * times))})
    if part.grows == "projects":
        return part.background(grown) <= part.servers(grown)
    return day(part, grown, _expected(grown.runs)).wait <= PATIENCE


def _expected(runs: int) -> list[int]:
    """Return a day without chance, which makes the search for a limit steady."""
    return [round(runs * DAY[minute // 60] / sum(DAY) / 60) for minute in range(MINUTES)]


# What was asked for, and what carries it.
ONE = Scale()
SHARDS = 5
SHARED_OUT = Scale(projects=2_000, runs=20_000, fleets=200, workers=40, accounts=4)


def table(scale: Scale) -> str:
    """Return how each part comes through a day; the first to give way is on top.

    :param scale: what there is.
    """
    coming = pushes(scale.runs)
    found = [(part, day(part, scale, coming), limit(part, scale)) for part in PARTS]
    found.sort(key=lambda one: -one[1].busiest)
    rows = [
        f"| {part.name} | {came.busiest:.0%} | {_long(came.wait) if part.demand(scale) else ''} |"
        f" {holds:,} {'runs a day' if part.grows == 'runs' else part.grows} | {part.turned} |"
        for part, came, holds in found
    ]
    head = ["| part | busiest hour | longest wait | holds up to | what is turned |"]
    return "\n".join([*head, "|---|---|---|---|---|", *rows]) + "\n"


def _long(seconds: float) -> str:
    if seconds < 1:
        return "none"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def report() -> str:
    """Return what stands on the page."""
    costs = [f"| {one.value:g} {one.unit} | {one.source} |" for one in FIGURES.values()]
    return "\n".join(
        [
            f"{_words(ONE)}, in one Airflow:\n",
            table(ONE),
            f"The same, shared out over {SHARDS} Airflows; {_words(SHARED_OUT)} in each:\n",
            table(SHARED_OUT),
            "What went in:\n",
            "| cost | from |\n|---|---|",
            *costs,
            "",
        ]
    )


def _words(one: Scale) -> str:
    accounts = "one account" if one.accounts == 1 else f"{one.accounts} accounts"
    return (
        f"{one.projects:,} projects, {one.runs:,} runs a day, {one.fleets:,} fleets in {accounts},"
        f" {one.workers} workers"
    )


def rendered(page: str) -> str:
    """Return the page with the report written anew.

    :param page: as it is.
    """
    head, _, rest = page.partition(BEGIN)
    return f"{head}{BEGIN}{report()}{END}{rest.partition(END)[2]}"


def main() -> None:
    """Print the report, or write it into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="into docs/scale.md")
    if parser.parse_args().write:
        PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
        return
    print(report())
    for part in PARTS:
        unit = "runs a day" if part.grows == "runs" else part.grows
        record(f"calculated: {part.name} holds up to", [limit(part, ONE)], unit=unit)


if __name__ == "__main__":
    main()
