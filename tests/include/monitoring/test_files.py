"""What an installation is watched with names metrics that exist, with tags that they have."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

import include.monitoring.page as page
from slipway.metrics.catalogue import METRICS, Kind

FOLDER = Path(page.__file__).parent
# statsd_exporter makes three series of a timer, and one of what else there is.
_TIMER = ("", "_sum", "_count")
_SERIES = re.compile(r"\bairflow_\w+")
_TAGS = re.compile(r"(airflow_\w+)\{([^}]*)\}")
# The word in front of a comparison.
_TAG = re.compile(r"(\w+)\s*(?:=~|!=|!~|=)")


def _known() -> dict[str, set[str]]:
    """Return each series that can come, with its tags."""
    template = files("airflow") / "_shared" / "observability" / "metrics" / "metrics_template.yaml"
    told: list[tuple[str, str, list[str]]] = [
        (one["name"], one["type"], one.get("name_variables") or [])
        for one in yaml.safe_load(template.read_text())["metrics"]
    ]
    # Airflow's jobs count their heartbeats by names of their own.
    told += [(one.name, one.kind.value, list(one.tags)) for one in METRICS]
    return {
        f"airflow_{name.replace('.', '_').replace('-', '_')}{end}": set(tags)
        for name, kind, tags in told
        for end in (_TIMER if kind == Kind.TIMER else ("",))
    }


def _queries() -> Iterator[str]:
    dashboard: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text())
    for panel in dashboard["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))
    yield from (one["query"] for one in dashboard["templating"]["list"])
    for group in yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]:
        yield from (rule["expr"] for rule in group["rules"])


def test_each_query_names_series_that_can_come() -> None:
    named = {name for query in _queries() for name in _SERIES.findall(query)}
    assert named - set(_known()) == set()


def test_each_query_asks_for_tags_that_the_series_has() -> None:
    known = _known()
    for query in _queries():
        for name, condition in _TAGS.findall(query):
            assert set(_TAG.findall(condition)) <= known[name], query


def test_the_dashboard_shows_each_metric_of_ours() -> None:
    shown = {name for query in _queries() for name in _SERIES.findall(query)}
    for one in METRICS:
        series = f"airflow_{one.name.replace('.', '_')}"
        ends = _TIMER if one.kind is Kind.TIMER else ("",)
        if one.name != "slipway.freed_things":
            assert any(f"{series}{end}" in shown for end in ends), one.name


def test_panels_have_places_and_ids_of_their_own() -> None:
    panels = json.loads((FOLDER / "dashboard.json").read_text())["panels"]
    assert len({one["id"] for one in panels}) == len(panels)
    places = [(one["gridPos"]["x"], one["gridPos"]["y"]) for one in panels]
    assert len(set(places)) == len(places)


def test_each_alert_is_named_once_and_explained() -> None:
    rules = [
        rule
        for group in yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
        for rule in group["rules"]
    ]
    names = [rule["alert"] for rule in rules]
    assert len(set(names)) == len(names)
    text = page.PAGE.read_text()
    assert [name for name in names if f"`{name}`" not in text] == []
    assert all(rule["labels"]["severity"] and rule["annotations"]["summary"] for rule in rules)


def test_the_page_names_all_metrics_as_they_are() -> None:
    written = page.PAGE.read_text()
    assert written == page.rendered(written), "run `make docs`"
    assert page.table() in written


@pytest.mark.parametrize("name", ["sum(airflow_slipway_nothing)", "airflow_pool_open"])
def test_a_series_that_does_not_exist_would_be_found(name: str) -> None:
    assert set(_SERIES.findall(name)) - set(_known())
