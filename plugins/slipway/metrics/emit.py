"""Tells metrics through Airflow's own facility, so that they go where Airflow's go.

Where Airflow tells none, nothing is done here either. A metric steers nothing: whatever goes wrong
with one is noted at the level DEBUG, and the work goes on. Nothing here waits for a receiver:
StatsD is sent a datagram, and OpenTelemetry exports from a thread of its own.
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import lru_cache
from typing import Any

from airflow.sdk.configuration import conf

from slipway.metrics.catalogue import Kind, Metric

_log = logging.getLogger(__name__)
_SWITCHES = ("statsd_on", "statsd_datadog_enabled", "otel_on")
# What each receiver takes in a tag's value; `,` and `=` are StatsD's own.
_ODD = re.compile(r"[^A-Za-z0-9_.-]+")
_LONGEST = 100


def count(metric: Metric, number: int = 1, /, **tags: str) -> None:
    """Add to a counter.

    :param metric: of :mod:`slipway.metrics.catalogue`.
    :param number: how much; nothing is told of 0.
    :param tags: the metric's.
    """
    if number > 0:
        _tell(metric, Kind.COUNTER, number, tags)


def show(metric: Metric, value: float, /, **tags: str) -> None:
    """Set a gauge.

    :param metric: of :mod:`slipway.metrics.catalogue`.
    :param value: what it is now.
    :param tags: the metric's.
    """
    _tell(metric, Kind.GAUGE, value, tags)


def observe(metric: Metric, seconds: float, /, **tags: str) -> None:
    """Tell how long something took; receivers get milliseconds.

    :param metric: of :mod:`slipway.metrics.catalogue`.
    :param seconds: how long.
    :param tags: the metric's.
    """
    _tell(metric, Kind.TIMER, timedelta(seconds=max(0.0, seconds)), tags)


@contextmanager
def timed(metric: Metric, /, **tags: str) -> Iterator[None]:
    """Tell how long a block took that came to its end.

    :param metric: of :mod:`slipway.metrics.catalogue`.
    :param tags: the metric's.
    """
    began = time.monotonic()
    yield
    observe(metric, time.monotonic() - began, **tags)


def _tell(metric: Metric, kind: Kind, value: Any, tags: Mapping[str, str]) -> None:
    try:
        if not _is_on():
            return
        if metric.kind is not kind or set(tags) != set(metric.tags):
            msg = f"{metric.name} is a {metric.kind} with the tags {metric.tags}"
            raise TypeError(msg)
        told = {name: _plain(tags[name]) for name in metric.tags}
        facility = _facility()
        if kind is Kind.COUNTER:
            facility.incr(metric.name, value, tags=told)
        elif kind is Kind.GAUGE:
            facility.gauge(metric.name, value, tags=told)
        else:
            facility.timing(metric.name, value, tags=told)
    except Exception as error:
        _log.debug("%s was not told: %s", metric.name, error)


@lru_cache(maxsize=1)
def _is_on() -> bool:
    """Tell whether Airflow tells metrics to anybody."""
    return any(conf.getboolean("metrics", one, fallback=False) for one in _SWITCHES)


def _facility() -> Any:
    """Return the facility that Airflow has set up in this process: its server's, or a task's."""
    if os.environ.get("_AIRFLOW_PROCESS_CONTEXT") == "server":
        from airflow.observability import stats as of_server

        return of_server
    # A task's process has imported it. Where a trigger's has not, it sets up what comes next.
    import airflow.sdk.serde  # noqa: F401
    from airflow.sdk.observability import stats

    return stats


def _plain(value: str) -> str:
    return _ODD.sub("_", value)[:_LONGEST] or "none"
