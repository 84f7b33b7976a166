"""``python -m benchmarks.scale``: which part gives way first, at what number, and what is turned.

A working day of ten thousand projects, minute by minute, from a fixed seed: runs come as people
push, and each asks something of each part. What a part cannot do within a minute waits; a part has
given way where something waits longer than five minutes. Each cost is a measured one, with where it
comes from, or says that it is assumed. ``--write`` puts the tables into ``docs/scale.md``.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from slipway.hooks.store.runs import retention
from slipway.sensors import fleet as gates

PAGE = Path(__file__).resolve().parents[1] / "docs" / "scale.md"
BEGIN, END = "<!-- Written by `python -m benchmarks.scale --write`. -->\n", "<!-- End of it. -->\n"
_SEED, _MINUTES, _PATIENCE = 17, 1440, 300.0
# What a working day's hours have of its pushes, from midnight on.
_DAY = (1, 1, 1, 1, 1, 2, 4, 8, 12, 14, 14, 12, 9, 13, 14, 14, 12, 9, 6, 4, 3, 2, 2, 1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """What there is, in one Airflow.

    :param runs: a day, those of pull requests included.
    :param fleets: environments that are deployed to.
    :param accounts: of AWS, or regions, over which the fleets are spread.
    """

    projects: int = 10_000
    runs: int = 100_000
    fleets: int = 1_000
    workers: int = 200
    accounts: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """A cost.

    :param source: the benchmark that measured it, the code that says it, or that it is assumed.
    """

    value: float
    unit: str
    source: str


def _assumed(value: float, unit: str, why: str = "") -> Figure:
    return Figure(value=value, unit=unit, source=f"assumed{f': {why}' if why else ''}")


_SCHEDULER = "`benchmarks/scheduler.py`, the guestbook's commit DAG"
FIGURES = {
    "loop": Figure(value=0.22, unit="s of the scheduler's loop a run", source=_SCHEDULER),
    "statements": Figure(value=146, unit="statements of the scheduler a run", source=_SCHEDULER),
    "tasks": Figure(value=17, unit="tasks a run", source=_SCHEDULER),
    "requests": _assumed(10, "requests to the API server a task", "start, heartbeats, XComs, end"),
    "request": _assumed(0.015, "s of a core a request"),
    "api_workers": _assumed(4, "processes of the API server"),
    "asks": _assumed(2, "statements a request"),
    "statement": _assumed(0.001, "s of a core a statement"),
    "database": _assumed(4, "cores of Postgres"),
    "file": Figure(
        value=1.19,
        unit="s to parse and store one DAG file",
        source="`benchmarks/projects.py`, [many-projects.md](many-projects.md#what-it-costs)",
    ),
    "per_file": Figure(value=20, unit="projects a DAG file", source="`ProjectsBundle`"),
    "again": Figure(
        value=600, unit="s until a file is parsed again", source="`min_file_process_interval`"
    ),
    "processors": Figure(
        value=2, unit="processes that parse", source="`parsing_processes` as it comes"
    ),
    "sweep": Figure(
        value=0.0051,
        unit="s a repository of a sweep",
        source="`benchmarks/watcher.py`, [watching.md](watching.md#what-it-costs)",
    ),
    "poll": Figure(value=30, unit="s between polls", source="`[slipway] poll_seconds`"),
    "kept": Figure(
        value=retention.KEPT.days, unit="days that runs' notes are kept", source="`KEPT`"
    ),
    "page": _assumed(0.1, "s to list a thousand keys"),
    "listing": Figure(
        value=retention._PATIENCE,
        unit="s that a look through runs may take",
        source="`hooks/store/runs/retention.py`",
    ),
    "look": Figure(
        value=10.0,
        unit="looks a second at a fleet that EC2 answers",
        source="20 calls a second (AWS), two for each look",
    ),
    "boot": _assumed(60, "s until a machine is healthy"),
    "in_service": _assumed(15, "s until the balancer says so"),
    "soak": Figure(
        value=120, unit="s of soak", source="the example of [operations.md](operations.md)"
    ),
    "slot": _assumed(300, "s of a worker's slot a run", "tests and builds are the projects'"),
    "slots": _assumed(4, "slots a worker"),
    "deb": _assumed(0.6, "s a publication", "with 5,000 packages aptly alone takes 0.55 s"),
    "pushes": _assumed(0.5, "of runs publish", "the others are pull requests'"),
}


def _f(name: str) -> float:
    return FIGURES[name].value


def _looks_of_a_swap() -> float:
    """Return how often the gates of one swap look at its fleet: oftener at first."""
    first, pause = gates.POKE_FIRST, gates.FleetSensor.pause
    lengths = (_f("boot"), _f("in_service"), _f("soak"))
    return sum(min(one, first) / pause + max(0.0, one - first) for one in lengths)


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """Something that all runs share.

    :param demand: what a run asks of it, in seconds of one of its servers.
    :param background: what it has to do each second without any run, in the same.
    :param servers: how many there are.
    :param grows: which number of :class:`Scale` it is that it gives way to.
    :param turned: what is turned then.
    """

    name: str
    demand: Callable[[Scale], float] = lambda _: 0.0
    background: Callable[[Scale], float] = lambda _: 0.0
    servers: Callable[[Scale], float]
    grows: str
    turned: str


PARTS = (
    Part(
        name="API server",
        demand=lambda _: _f("tasks") * _f("requests") * _f("request"),
        servers=lambda _: _f("api_workers"),
        grows="runs",
        turned="`[api] workers`, and more API servers behind one address",
    ),
    Part(
        name="scheduler",
        demand=lambda _: _f("loop"),
        servers=lambda _: 1,
        grows="runs",
        turned="a second and third scheduler: they share the work by themselves",
    ),
    Part(
        name="metadata database",
        demand=lambda _: (
            (_f("statements") + _f("tasks") * _f("requests") * _f("asks")) * _f("statement")
        ),
        servers=lambda _: _f("database"),
        grows="runs",
        turned="cores of Postgres, and PgBouncer in front of it",
    ),
    Part(
        name="DAG processor",
        background=lambda one: one.projects / _f("per_file") * _f("file") / _f("again"),
        servers=lambda _: _f("processors"),
        grows="projects",
        turned="`[dag_processor] parsing_processes`, or a longer `min_file_process_interval`",
    ),
    Part(
        name="watcher",
        background=lambda one: one.projects * _f("sweep") / _f("poll"),
        servers=lambda _: 1,
        grows="projects",
        turned="webhooks for what is urgent, and `[slipway] poll_seconds` of minutes",
    ),
    Part(
        name="object store's listings",
        background=lambda one: one.runs * _f("kept") / 1000 * _f("page") / _f("listing"),
        servers=lambda _: 1,
        grows="runs",
        turned="more Airflows: each has a store of its own",
    ),
    Part(
        name="AWS's API",
        demand=lambda one: _looks_of_a_swap() / _f("look") * one.fleets / one.projects,
        servers=lambda one: one.accounts,
        grows="runs",
        turned="accounts or regions: a project file names the connection and region of each"
        " environment",
    ),
    Part(
        name="Docker hosts",
        demand=lambda _: _f("slot"),
        servers=lambda one: one.workers * _f("slots"),
        grows="runs",
        turned="workers, with queues of their own for builds ([who waits for whom]"
        "(#who-waits-for-whom))",
    ),
    Part(
        name="apt repository",
        demand=lambda _: _f("deb") * _f("pushes"),
        servers=lambda _: 1,
        grows="runs",
        turned="more Airflows: each has a repository of its own",
    ),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How a part came through the day.

    :param busiest: of its busiest hour, what was asked of it, of what it can do.
    :param wait: the longest that something waited, in seconds.
    """

    busiest: float
    wait: float


def pushes(runs: int) -> list[int]:
    """Return how many runs begin in each minute of a day.

    :param runs: in all, on average.
    """
    chance, found = random.Random(_SEED), []  # noqa: S311 - nothing secret
    for minute in range(_MINUTES):
        mean = runs * _DAY[minute // 60] / sum(_DAY) / 60
        # Poisson's, by the normal one that it comes near to.
        found.append(max(0, round(chance.gauss(mean, math.sqrt(mean)))))
    return found


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
    hours = (sum(asked[start : start + 60]) for start in range(0, _MINUTES, 60))
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
    return day(part, grown, _expected(grown.runs)).wait <= _PATIENCE


def _expected(runs: int) -> list[int]:
    """Return a day without chance, which makes the search for a limit steady."""
    return [round(runs * _DAY[minute // 60] / sum(_DAY) / 60) for minute in range(_MINUTES)]


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
    """Print the report, or write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="into docs/scale.md")
    if parser.parse_args().write:
        PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        print(report())


if __name__ == "__main__":
    main()
