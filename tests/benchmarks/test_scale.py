"""What the page says of which part gives way first is what the simulation says today."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import scale
from benchmarks.scale import ONE, SHARDS, SHARED_OUT, day, limit
from benchmarks.scale_parts import FIGURES, PARTS, pushes
from slipway.hooks.aws import shared_looks
from slipway.hooks.store.runs import retention
from slipway.sensors import fleet

ROOT = Path(__file__).resolve().parents[2]
BY_NAME = {part.name: part for part in PARTS}


def test_the_page_is_up_to_date() -> None:
    written = scale.PAGE.read_text()
    assert written == scale.rendered(written), "run `python -m benchmarks.scale --write`"
    assert scale.report() in written


def test_a_day_is_the_same_each_time_and_has_its_runs() -> None:
    assert pushes(100_000) == pushes(100_000)
    assert sum(pushes(100_000)) == pytest.approx(100_000, rel=0.01)


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_a_part_holds_up_to_its_limit_and_not_beyond_it(name: str) -> None:
    part = BY_NAME[name]
    holds = limit(part, ONE)
    for times, expected in ((0.95, True), (1.15, False)):
        grown = replace(ONE, **{part.grows: int(holds * times)})
        came = day(part, grown, scale._expected(grown.runs))
        busy = came.busiest <= 1 if part.grows == "projects" else came.wait <= 300
        assert busy is expected, (times, came)


def test_what_was_asked_for_is_carried_once_it_is_shared_out() -> None:
    for field in ("projects", "runs", "fleets", "workers"):
        assert getattr(SHARED_OUT, field) * SHARDS == getattr(ONE, field)
    coming = pushes(SHARED_OUT.runs)
    waits = {part.name: day(part, SHARED_OUT, coming).wait for part in PARTS}
    assert {name: wait for name, wait in waits.items() if wait > 60} == {}


def test_more_of_what_is_turned_holds_more() -> None:
    aws, hosts = BY_NAME["AWS's API"], BY_NAME["Docker hosts"]
    assert limit(aws, replace(ONE, accounts=4)) > 3 * limit(aws, ONE)
    assert limit(hosts, replace(ONE, workers=400)) > 1.8 * limit(hosts, ONE)


def test_each_cost_says_where_it_comes_from_and_what_it_names_is_there() -> None:
    for one in FIGURES.values():
        for path in re.findall(r"`(benchmarks/[\w./]+)`", one.source):
            assert (ROOT / path).exists(), path
        for page in re.findall(r"\]\(([\w-]+\.md)", one.source):
            assert (ROOT / "docs" / page).is_file(), page
        assert one.source.startswith("assumed") or "`" in one.source or "(" in one.source


def test_measured_costs_are_those_of_their_pages() -> None:
    many = (ROOT / "docs" / "many-projects.md").read_text()
    row = next(
        line for line in many.splitlines() if line.startswith("| one DAG file of the bundle")
    )
    assert f"| {FIGURES['file'].value} |" in row
    watching = (ROOT / "docs" / "watching.md").read_text()
    assert f"takes {FIGURES['sweep'].value * 1000:.1f} s and" in watching


def test_what_the_code_keeps_to_is_what_the_simulation_reckons_with() -> None:
    assert (fleet.POKE_FIRST, fleet.FleetSensor.pause, shared_looks.FRESH) == (20.0, 0.2, 1.0)
    assert FIGURES["look"].value >= shared_looks._PACE
    assert FIGURES["kept"].value == retention.KEPT.days
