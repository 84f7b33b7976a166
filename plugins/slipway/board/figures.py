"""A page of figures: how delivery goes on an environment, and which deployments say so."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from slipway.board.cells import Cell
from slipway.board.reading import ReadModel
from slipway.hooks.store.releases import ReleaseRecord
from slipway.model.board.snapshot import EnvironmentSnapshot
from slipway.policies.dora import DAY, Figures
from slipway.tasks.board.dora import MOST_RELEASES, measured

# Days that may be looked at, and into how many parts each is drawn.
WINDOWS = {7: 7, 30: 15, 90: 13, 365: 12}
DEFAULT = 30
# A plot's size, and the room between two bars, in its own units.
WIDTH, HEIGHT, _GAP = 300.0, 80.0, 4.0
# What stands though it is small.
_LEAST = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """One part of a plot.

    :param x: its left edge.
    :param y: its top.
    :param width: of the bar.
    :param height: of the bar.
    :param bad: how much of its height, from below, is of what failed.
    :param since: when the part begins; seconds since 1970.
    :param until: when the part ends; seconds since 1970.
    :param value: what is drawn; None where there is nothing to draw.
    """

    x: float
    y: float
    width: float
    height: float
    bad: float
    since: float
    until: float
    value: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class FiguresView:
    """What the page shows.

    :param cell: the environment, as it is now.
    :param figures: of the time that is looked at.
    :param days: up to now that are looked at.
    :param plots: by the names of the figures, bars from left to right.
    """

    cell: Cell
    figures: Figures
    days: int
    plots: dict[str, tuple[Bar, ...]]


def figures_view(model: ReadModel, cell: Cell, days: int, now: float) -> FiguresView:
    """Put the page together.

    :param model: what runs where.
    :param cell: the environment, as it is now.
    :param days: one of :data:`WINDOWS`; the default for any other.
    :param now: seconds since 1970.
    """
    days = days if days in WINDOWS else DEFAULT
    seen = cell.snapshot
    found = figures_of(model, seen, model.releases(seen.project, MOST_RELEASES), days, now)
    parts = _parts(found, WINDOWS[days])
    return FiguresView(
        cell=cell,
        figures=found,
        days=days,
        plots={
            "frequency": _bars(parts, lambda one: len(one.deliveries) or None, _failed),
            "lead": _bars(parts, lambda one: one.lead_seconds),
            "failures": _bars(parts, lambda one: one.failure_rate, most=1.0),
            "restore": _bars(parts, lambda one: one.restore_seconds),
        },
    )


def figures_of(
    model: ReadModel,
    place: EnvironmentSnapshot,
    releases: Sequence[ReleaseRecord],
    days: float,
    now: float,
) -> Figures:
    """Work the figures of one environment out, of what is on record.

    :param model: what runs where.
    :param place: the environment.
    :param releases: the project's last, the newest first.
    :param days: up to now.
    :param now: seconds since 1970.
    """
    read = partial(model.history, place.project, place.environment)
    return measured(read, releases, since=now - days * DAY, until=now)


def _parts(found: Figures, number: int) -> list[Figures]:
    length = (found.until - found.since) / number
    edges = [found.since + length * place for place in range(number)] + [found.until]
    return [found.part(edges[place], edges[place + 1]) for place in range(number)]


def _failed(one: Figures) -> float:
    return one.failed / len(one.deliveries) if one.deliveries else 0.0


def _bars(
    parts: Sequence[Figures],
    value: Callable[[Figures], float | None],
    bad: Callable[[Figures], float] = lambda _: 0.0,
    most: float = 0.0,
) -> tuple[Bar, ...]:
    """Draw a bar for each part.

    :param value: of a part; None draws nothing.
    :param bad: which part of its height is of what failed.
    :param most: what reaches the top; the highest value, if it is not given.
    """
    values = [value(one) for one in parts]
    top = most or max((one for one in values if one), default=0.0)
    each = WIDTH / len(parts)
    bars = []
    for place, (part, one) in enumerate(zip(parts, values, strict=True)):
        height = 0.0 if one is None else max(_LEAST, HEIGHT * one / top if top else 0.0)
        bars.append(
            Bar(
                x=round(place * each + _GAP / 2, 2),
                y=round(HEIGHT - height, 2),
                width=round(each - _GAP, 2),
                height=round(height, 2),
                bad=round(height * bad(part), 2),
                since=part.since,
                until=part.until,
                value=one,
            )
        )
    return tuple(bars)
