"""Each metric is told somewhere, as it is described, and none has a tag that grows with time."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from slipway.metrics import catalogue
from slipway.metrics.catalogue import METRICS, Kind, Metric

SLIPWAY = Path(__file__).resolve().parents[3] / "plugins" / "slipway"
_TELLS = {"count": Kind.COUNTER, "show": Kind.GAUGE, "observe": Kind.TIMER, "timed": Kind.TIMER}
_BY_NAME = {name: one for name, one in vars(catalogue).items() if isinstance(one, Metric)}
# What project files name, and what the code does.
_BOUNDED = {"project", "environment", "outcome", "status", "result"}
_BOUNDED |= {"service", "operation", "kind"}


def test_the_list_is_whole_and_names_are_unique() -> None:
    assert set(METRICS) == set(_BY_NAME.values())
    assert len({one.name for one in METRICS}) == len(METRICS) == len(_BY_NAME)


def test_no_tag_grows_with_time() -> None:
    assert {tag for one in METRICS for tag in one.tags} <= _BOUNDED


def test_each_is_told_and_as_what_it_is() -> None:
    found = set()
    for told, name in _told():
        assert _TELLS[told] is _BY_NAME[name].kind, name
        found.add(name)
    assert found == set(_BY_NAME)


def _told() -> Iterator[tuple[str, str]]:
    """Give the function and the metric of each call that tells one."""
    for path in SLIPWAY.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                first = node.args[0]
                if isinstance(first, ast.Name) and first.id in _BY_NAME:
                    yield node.func.id, first.id
