"""Airflow's facility for metrics, as one that remembers what it was told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

from slipway.metrics import emit

if TYPE_CHECKING:
    import pytest


class Told(list[tuple[str, float, tuple[str, ...]]]):
    """What was told: name, value (a length in seconds), and the values of the tags in order."""

    def incr(self, name: str, number: int, *, tags: Mapping[str, str]) -> None:
        self.append((name, number, tuple(tags.values())))

    def gauge(self, name: str, value: float, *, tags: Mapping[str, str]) -> None:
        self.append((name, value, tuple(tags.values())))

    def timing(self, name: str, value: timedelta, *, tags: Mapping[str, str]) -> None:
        self.append((name, value.total_seconds(), tuple(tags.values())))

    def of(self, name: str) -> list[tuple[float, tuple[str, ...]]]:
        """Return what was told of one metric."""
        return [(value, tags) for found, value, tags in self if found == f"slipway.{name}"]


def listen(monkeypatch: pytest.MonkeyPatch) -> Told:
    """Have metrics told to nobody but the one that is returned."""
    told = Told()
    monkeypatch.setattr(emit, "_is_on", lambda: True)
    monkeypatch.setattr(emit, "_facility", lambda: told)
    return told
