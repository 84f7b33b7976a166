"""All metrics of Slipway's own. ``docs/metrics.md`` is written from them (``make docs``).

A metric has a series for each combination of its tags' values, and whoever keeps series pays for
each. So no tag holds what grows with time: names that project files give, and words that are in
the code, but no sha, version, run or address.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a receiver does with its values."""

    COUNTER = "counter"
    GAUGE = "gauge"
    TIMER = "timer"


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """One metric.

    :param name: as it is told, behind Airflow's own prefix (``airflow.`` by default).
    :param kind: what a receiver does with its values.
    :param tags: that each of its values has, in the order in which they are told.
    :param meaning: for people.
    """

    name: str
    kind: Kind
    tags: tuple[str, ...]
    meaning: str


def _counter(name: str, *tags: str, meaning: str) -> Metric:
    return Metric(name=f"slipway.{name}", kind=Kind.COUNTER, tags=tags, meaning=meaning)


def _gauge(name: str, *tags: str, meaning: str) -> Metric:
    return Metric(name=f"slipway.{name}", kind=Kind.GAUGE, tags=tags, meaning=meaning)


def _timer(name: str, *tags: str, meaning: str) -> Metric:
    return Metric(name=f"slipway.{name}", kind=Kind.TIMER, tags=tags, meaning=meaning)


DEPLOYMENTS = _counter(
    "deployments",
    "project",
    "environment",
    "outcome",
    meaning="deployments that `started`, `succeeded`, `failed` or were `rolled_back`; each counts"
    " once for each of these words, whatever was retried",
)
LEAD_TIME = _timer(
    "lead_time",
    "project",
    "environment",
    meaning="from the commit until its release served and had proved itself",
)
DEPLOYMENT_TIME = _timer(
    "deployment_time",
    "project",
    "environment",
    "outcome",
    meaning="from the start of a swap to its end, by how it ended",
)
HOOK_ANSWERS = _counter(
    "hook_answers",
    "status",
    meaning="deliveries of git hosts, by the HTTP status of the answer: 202 has a repository looked"
    " at, 200 needs nothing, 401 was not signed, 429 came too fast, 503 could not be checked",
)
POLL_TIME = _timer("poll_time", meaning="one sweep over all repositories that were due")
LOOKS = _timer(
    "look_time",
    "result",
    meaning="one look at one repository that was `answered`, `failed`, or was given up as `late`",
)
REPOSITORIES = _gauge("repositories", meaning="repositories that are watched")
FAILING_REPOSITORIES = _gauge(
    "failing_repositories", meaning="those of them whose last look failed"
)
AWS_CALLS = _counter(
    "aws_calls",
    "service",
    "operation",
    meaning="requests to AWS, by service and operation, as boto3 names them",
)
AWS_RETRIES = _counter(
    "aws_retries",
    "service",
    "operation",
    meaning="tries of such requests beyond the first: AWS throttled them, or did not answer",
)
PUBLISH_TIME = _timer(
    "apt_publish_time", meaning="one publication into the apt repository, its turn included"
)
PUBLISH_WAIT = _timer("apt_wait", meaning="how long a publication waited for its turn")
LEASE_WAIT = _timer(
    "lease_wait",
    "project",
    "environment",
    meaning="how long a task of a swap waited for another deployment of its environment",
)
CACHE_LOOKUPS = _counter(
    "cache_lookups",
    "project",
    "result",
    meaning="folders that a pipeline wanted of earlier runs: `hit` or `miss`",
)
FREED_THINGS = _counter(
    "freed_things",
    "kind",
    meaning="what housekeeping took away: machine images, disks that a killed try left, server"
    " groups of standbys, caches, runs' notes, builds of pull requests",
)
FREED_BYTES = _counter(
    "freed_bytes",
    "kind",
    meaning="bytes of it; of images, what their disks are allotted",
)

METRICS: tuple[Metric, ...] = (
    DEPLOYMENTS,
    LEAD_TIME,
    DEPLOYMENT_TIME,
    HOOK_ANSWERS,
    POLL_TIME,
    LOOKS,
    REPOSITORIES,
    FAILING_REPOSITORIES,
    AWS_CALLS,
    AWS_RETRIES,
    PUBLISH_TIME,
    PUBLISH_WAIT,
    LEASE_WAIT,
    CACHE_LOOKUPS,
    FREED_THINGS,
    FREED_BYTES,
)
