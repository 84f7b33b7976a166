"""The books of an open-loop load: what was asked, what came of it, and how late."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

_FAILURES_KEPT = 20
_PERCENTILES = (50, 99, 100)


@dataclass
class Tally:
    """Counts requests by kind; every request that was sent ends in exactly one column.

    Times are seconds. A latency counts from the moment at which the clock wanted the request to
    start, so a generator or a service that is late cannot hide it.
    """

    sent: Counter[str] = field(default_factory=Counter)
    good: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    closed_idle: int = 0
    sent_again: int = 0
    first_failures: list[str] = field(default_factory=list)
    _latencies: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    _delays: list[float] = field(default_factory=list)

    def begin(self, kind: str, *, late: float) -> None:
        """Note a request that starts.

        :param late: behind the clock.
        """
        self.sent[kind] += 1
        self._delays.append(late)

    def answered(self, kind: str, version: str, *, latency: float) -> None:
        """Note a good answer.

        :param latency: beyond what the request itself asked to take.
        """
        self.good[kind] += 1
        self.versions[version] += 1
        self._latencies[kind].append(latency)

    def refused(self, kind: str, why: str, *, at: float) -> None:
        """Note a failure.

        :param at: since 1970.
        """
        self.failed[kind] += 1
        if len(self.first_failures) < _FAILURES_KEPT:
            self.first_failures.append(f"{at:.2f} {kind}: {why}")

    @property
    def open(self) -> int:
        """Count the requests that have neither answer nor failure: zero when all is over."""
        return self.sent.total() - self.good.total() - self.failed.total()

    def to_json(self) -> dict[str, Any]:
        """Return everything, for a line of JSON; latencies in milliseconds."""
        kinds = {
            kind: {
                "sent": self.sent[kind],
                "good": self.good[kind],
                "failed": self.failed[kind],
                "ms": spread(self._latencies[kind]),
            }
            for kind in sorted(self.sent)
        }
        return {
            "sent": self.sent.total(),
            "good": self.good.total(),
            "failed": self.failed.total(),
            "open": self.open,
            "kinds": kinds,
            "versions": dict(self.versions),
            "closed_idle": self.closed_idle,
            "sent_again": self.sent_again,
            "late_ms": spread(self._delays),
            "first_failures": self.first_failures,
        }


def spread(seconds: list[float]) -> dict[str, float]:
    """Return percentiles in milliseconds; the hundredth is the worst."""
    ranked = sorted(seconds)
    if not ranked:
        return {}
    last = len(ranked) - 1
    return {f"p{p}": round(1000 * ranked[-(-last * p // 100)], 1) for p in _PERCENTILES}
