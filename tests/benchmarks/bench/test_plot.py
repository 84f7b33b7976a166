"""A plot: a row for each figure, in its unit, and a line where something grows."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

import pytest

from benchmarks.bench.figure import Figure, at_most
from benchmarks.bench.plot import drawn

SVG = "{http://www.w3.org/2000/svg}"
BLUE, ORANGE, RED = "#1f6feb", "#d9730d", "#cf222e"
HEAD = 2  # dots of the legend


def figure(**more: object) -> Figure:
    return Figure.model_validate({"what": "published", "ours": (1.0, 2.0, 4.0), **more})


def marks(figures: Sequence[Figure], tag: str) -> list[ET.Element]:
    return list(ET.fromstring(drawn("apt", figures)).iter(f"{SVG}{tag}"))


def words(figures: Sequence[Figure]) -> list[str]:
    return [one.text or "" for one in marks(figures, "text")]


def test_median_and_reach_stand_where_the_figures_say() -> None:
    ours = figure(yardstick="aptly", theirs=(3.0,), budget=at_most(2.0))
    dots = marks([ours], "circle")[HEAD:]
    assert [(one.get("fill"), one.get("cx")) for one in dots] == [
        (BLUE, "645.0"),  # 2 of 4 s
        (ORANGE, "752.5"),
    ]
    reach = next(one for one in marks([ours], "line") if one.get("stroke") == BLUE)
    assert (reach.get("x1"), reach.get("x2")) == ("537.5", "860.0")
    budget = [one.get("x1") for one in marks([ours], "line") if one.get("stroke") == RED]
    assert budget[1:] == ["645.0"]


def test_a_budget_of_a_ratio_stands_at_its_part_of_the_yardstick() -> None:
    ours = figure(yardstick="aptly", theirs=(4.0,), budget=at_most(0.5, "ratio"))
    budget = [one.get("x1") for one in marks([ours], "line") if one.get("stroke") == RED]
    assert budget[1:] == ["645.0"]


def test_each_unit_has_an_axis_of_its_own_in_the_order_of_the_figures() -> None:
    said = words([figure(), figure(what="memory", unit="MiB", ours=(300.0,))])
    assert [one for one in said if one.endswith((" s", " MiB"))] == ["4 s", "300 MiB"]


@pytest.mark.parametrize(("sizes", "lines"), [((10, 1000, 5000), 2), ((10,), 0), ((10, 10), 0)])
def test_what_was_measured_at_several_sizes_has_a_line_over_them(
    sizes: tuple[int, ...], lines: int
) -> None:
    each = {"yardstick": "aptly", "theirs": (3.0,), "size_of": "packages"}
    figures = [figure(size=size, **each) for size in sizes]
    assert len(marks(figures, "polyline")) == lines
    assert ("published (s) over packages" in words(figures)) is bool(lines)


def test_a_size_of_zero_can_be_drawn() -> None:
    figures = [figure(size=size, size_of="projects") for size in (0, 10)]
    ours = next(one for one in marks(figures, "polyline") if one.get("stroke") == BLUE)
    assert [point.split(",")[0] for point in (ours.get("points") or "").split()] == [
        "80.0",
        "860.0",
    ]


def test_what_is_always_zero_has_its_rows_and_no_line_over_sizes() -> None:
    figures = [figure(ours=(0.0,), size=size, size_of="packages") for size in (10, 100)]
    assert len(marks(figures, "circle")) == HEAD + 2
    assert marks(figures, "polyline") == []


def test_what_a_figure_is_called_stays_text() -> None:
    assert "<script>&" in words([figure(what="<script>&")])
    assert "<script>" not in drawn("it", [figure(what="<script>&")])
