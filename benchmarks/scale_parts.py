"""What a run asks of each part that all runs share, and how much of it there is."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slipway.fleet.patience import pause_after
from slipway.hooks.store.runs import retention
from slipway.sensors import fleet as gates

if TYPE_CHECKING:
    from collections.abc import Callable

_SEED, MINUTES, PATIENCE = 17, 1440, 300.0
# What a working day's hours have of its pushes, from midnight on.
DAY = (1, 1, 1, 1, 1, 2, 4, 8, 12, 14, 14, 12, 9, 13, 14, 14, 12, 9, 6, 4, 3, 2, 2, 1)


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
        source="`benchmarks/projects`, [many-projects.md](many-projects.md#what-it-costs)",
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


def cost(name: str) -> float:
    return FIGURES[name].value


def _looks_of_a_swap() -> float:
    """Return how often the gates of one swap look at its fleet: oftener at first."""
    return sum(_looks(cost(name)) for name in ("boot", "in_service", "soak"))


def _looks(seconds: float) -> int:
    """Count the looks of one gate, each of them free."""
    looks, waited = 0, 0.0
    while waited < seconds:
        late = waited > gates.POKE_FIRST
        waited += pause_after(waited, least=gates.PATIENT if late else gates.FleetSensor.pause)
        looks += 1
    return looks


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
        demand=lambda _: cost("tasks") * cost("requests") * cost("request"),
        servers=lambda _: cost("api_workers"),
        grows="runs",
        turned="`[api] workers`, and more API servers behind one address",
    ),
    Part(
        name="scheduler",
        demand=lambda _: cost("loop"),
        servers=lambda _: 1,
        grows="runs",
        turned="a second and third scheduler: they share the work by themselves",
    ),
    Part(
        name="metadata database",
        demand=lambda _: (
            (cost("statements") + cost("tasks") * cost("requests") * cost("asks"))
            * cost("statement")
        ),
        servers=lambda _: cost("database"),
        grows="runs",
        turned="cores of Postgres, and PgBouncer in front of it",
    ),
    Part(
        name="DAG processor",
        background=lambda one: one.projects / cost("per_file") * cost("file") / cost("again"),
        servers=lambda _: cost("processors"),
        grows="projects",
        turned="`[dag_processor] parsing_processes`, or a longer `min_file_process_interval`",
    ),
    Part(
        name="watcher",
        background=lambda one: one.projects * cost("sweep") / cost("poll"),
        servers=lambda _: 1,
        grows="projects",
        turned="webhooks for what is urgent, and `[slipway] poll_seconds` of minutes",
    ),
    Part(
        name="object store's listings",
        background=lambda one: one.runs * cost("kept") / 1000 * cost("page") / cost("listing"),
        servers=lambda _: 1,
        grows="runs",
        turned="more Airflows: each has a store of its own",
    ),
    Part(
        name="AWS's API",
        demand=lambda one: _looks_of_a_swap() / cost("look") * one.fleets / one.projects,
        servers=lambda one: one.accounts,
        grows="runs",
        turned="accounts or regions: a project file names the connection and region of each"
        " environment",
    ),
    Part(
        name="Docker hosts",
        demand=lambda _: cost("slot"),
        servers=lambda one: one.workers * cost("slots"),
        grows="runs",
        turned="workers, with queues of their own for builds ([who waits for whom]"
        "(#who-waits-for-whom))",
    ),
    Part(
        name="apt repository",
        demand=lambda _: cost("deb") * cost("pushes"),
        servers=lambda _: 1,
        grows="runs",
        turned="more Airflows: each has a repository of its own",
    ),
)


def pushes(runs: int) -> list[int]:
    """Return how many runs begin in each minute of a day.

    :param runs: in all, on average.
    """
    chance, found = random.Random(_SEED), []  # noqa: S311 - nothing secret
    for minute in range(MINUTES):
        mean = runs * DAY[minute // 60] / sum(DAY) / 60
        # Poisson's, by the normal one that it comes near to.
        found.append(max(0, round(chance.gauss(mean, math.sqrt(mean)))))
    return found
