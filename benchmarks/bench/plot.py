"""Draws a benchmark's figures: a row for each, and over what they grow with where that varies.

An SVG by hand, without scripts or links, the same for the same figures. Ours is blue, the yardstick
orange; a dot is the median, a line reaches from the least to the most, a red mark is the budget.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from benchmarks.bench.figure import Figure, number, spread

_OURS, _THEIRS, _BUDGET, _INK = "#1f6feb", "#d9730d", "#cf222e", "#24292f"
_WIDTH, _LEFT, _RIGHT = 900, 430, 860
_ROW, _HEAD, _GROWTH = 26, 30, 220


def drawn(name: str, figures: Sequence[Figure]) -> str:
    """Return a benchmark's plot.

    :param name: the benchmark's.
    :param figures: at least one.
    """
    panels = [*_rows(figures), *_growth(figures)]
    height = 46 + sum(tall for tall, _ in panels)
    svg = Element(
        "svg",
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {_WIDTH} {height}",
        width=str(_WIDTH),
        height=str(height),
    )
    svg.set("font-family", "sans-serif")
    svg.set("font-size", "12")
    SubElement(svg, "rect", width="100%", height="100%", fill="white")
    _text(svg, 10, 20, name, weight="bold")
    for x, colour, words in ((_LEFT, _OURS, "Slipway"), (_LEFT + 90, _THEIRS, "yardstick")):
        _dot(svg, x, 16, colour)
        _text(svg, x + 8, 20, words)
    _line(svg, (_LEFT + 190, 9), (_LEFT + 190, 23), _BUDGET)
    _text(svg, _LEFT + 198, 20, "budget")
    top = 36.0
    for tall, draw in panels:
        draw(svg, top)
        top += tall
    indent(svg)
    return tostring(svg, encoding="unicode") + "\n"


_Panel = tuple[float, Callable[[Element, float], None]]


def _rows(figures: Sequence[Figure]) -> list[_Panel]:
    """Return a panel for each unit."""
    return [
        (_HEAD + _ROW * len(those), _row_panel(unit, those))
        for unit, those in _by(figures, lambda one: one.unit)
    ]


def _row_panel(unit: str, figures: Sequence[Figure]) -> Callable[[Element, float], None]:
    most = max(max(*one.ours, *one.theirs, _limit(one) or 0) for one in figures) or 1.0

    def x(value: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * value / most

    def draw(svg: Element, top: float) -> None:
        bottom = top + _HEAD + _ROW * len(figures) - 4
        _text(svg, _RIGHT, top + 16, f"{number(most)} {unit}", anchor="end")
        _text(svg, _LEFT, top + 16, "0")
        _line(svg, (_LEFT, top + 20), (_LEFT, bottom), "#d0d7de")
        for place, one in enumerate(figures):
            y = top + _HEAD + _ROW * place + 6
            _text(svg, 10, y + 8, _short(one.label))
            for samples, colour, at in ((one.ours, _OURS, y), (one.theirs, _THEIRS, y + 8)):
                if samples:
                    least, median, greatest = spread(samples)
                    _line(svg, (x(least), at), (x(greatest), at), colour)
                    _dot(svg, x(median), at, colour)
            limit = _limit(one)
            if limit is not None:
                _line(svg, (x(limit), y - 6), (x(limit), y + 13), _BUDGET)

    return draw


def _growth(figures: Sequence[Figure]) -> list[_Panel]:
    """Return a panel for each figure that was measured at several sizes, and not always zero."""
    sized = [one for one in figures if one.size is not None]
    by_name = _by(sized, lambda one: f"{one.what} ({one.unit})")
    return [
        (_GROWTH, _growth_panel(name, those))
        for name, those in by_name
        if len({one.size for one in those}) > 1 and any(any(one.ours) for one in those)
    ]


def _growth_panel(name: str, figures: Sequence[Figure]) -> Callable[[Element, float], None]:
    sized = sorted(((one.size or 0.0, one) for one in figures), key=lambda pair: pair[0])
    most = max(max((*one.ours, *one.theirs)) for one in figures) or 1.0
    first, last = (math.log(max(sized[end][0], 1e-9)) for end in (0, -1))

    def draw(svg: Element, top: float) -> None:
        floor, ceiling = top + _GROWTH - 30, top + 34

        def at(size: float, value: float) -> tuple[float, float]:
            across = (math.log(max(size, 1e-9)) - first) / (last - first)
            return 80 + (_RIGHT - 80) * across, floor - (floor - ceiling) * value / most

        _text(svg, 10, top + 18, f"{name} over {figures[0].size_of}")
        _text(svg, 72, ceiling + 4, number(most), anchor="end")
        _text(svg, 72, floor + 4, "0", anchor="end")
        _line(svg, (80, floor), (_RIGHT, floor), "#d0d7de")
        for size, _ in sized:
            _text(svg, at(size, 0)[0], floor + 18, number(size), anchor="middle")
        for aside, colour, of in ((5.0, _THEIRS, _theirs), (0.0, _OURS, _ours)):
            series = [(size, spread(of(one))) for size, one in sized if of(one)]
            joined = []
            for size, found in series:
                (x, low), (_, middle), (_, high) = (at(size, one) for one in found)
                _line(svg, (x + aside, low), (x + aside, high), colour)
                _dot(svg, x + aside, middle, colour)
                joined.append(f"{x + aside:.1f},{middle:.1f}")
            SubElement(svg, "polyline", points=" ".join(joined), fill="none", stroke=colour)

    return draw


def _ours(one: Figure) -> Sequence[float]:
    return one.ours


def _theirs(one: Figure) -> Sequence[float]:
    return one.theirs


def _limit(one: Figure) -> float | None:
    if one.budget is None:
        return None
    of_ratio = one.budget.of == "ratio"
    return one.budget.limit * (spread(one.theirs).median if of_ratio else 1.0)


def _by(figures: Sequence[Figure], key: Callable[[Figure], str]) -> list[tuple[str, list[Figure]]]:
    found: dict[str, list[Figure]] = {}
    for one in figures:
        found.setdefault(key(one), []).append(one)
    return list(found.items())


def _short(words: str) -> str:
    return words if len(words) <= 64 else f"{words[:63]}…"


def _text(
    svg: Element, x: float, y: float, words: str, *, anchor: str = "start", weight: str = "normal"
) -> None:
    place = {"x": f"{x:.1f}", "y": f"{y:.1f}", "fill": _INK}
    drawn = SubElement(svg, "text", {**place, "text-anchor": anchor, "font-weight": weight})
    drawn.text = words


def _dot(svg: Element, x: float, y: float, colour: str) -> None:
    SubElement(svg, "circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r="3.5", fill=colour)


def _line(svg: Element, begin: tuple[float, float], end: tuple[float, float], colour: str) -> None:
    ends = {"x1": begin[0], "y1": begin[1], "x2": end[0], "y2": end[1]}
    places = {name: f"{value:.1f}" for name, value in ends.items()}
    SubElement(svg, "line", {**places, "stroke": colour, "stroke-width": "2"})
