"""The four figures of an environment, out of what is on record."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from slipway.exceptions import RecordRefused, ReleaseNotFound
from slipway.hooks.store.artifacts import ArtifactStore, artifact_store
from slipway.hooks.store.environments.history import Deployments
from slipway.hooks.store.release_order import history, in_order
from slipway.hooks.store.releases import ReleaseCatalogue, ReleaseRecord
from slipway.model.board.deployment import CommitLine, DeploymentRecord
from slipway.policies.dora import DAY, Change, Figures, ended, figures

# Releases whose order and commits are known, and deployments that are looked through: more of
# either are older than anybody asks for.
MOST_RELEASES, _MOST_DEPLOYMENTS = 500, 2000
_AT_ONCE = 100
# Days of the figures that are exported.
EXPORTED = 30


def measured(
    read: Callable[[int, int], Sequence[DeploymentRecord]],
    releases: Iterable[ReleaseRecord],
    *,
    since: float,
    until: float,
) -> Figures:
    """Work the figures of one environment out.

    :param read: returns so many deployments, the newest first, after so many newer ones.
    :param releases: the project's last, the newest first.
    :param since: seconds since 1970.
    :param until: seconds since 1970.
    """
    changes = [_change(one) for one in releases]
    return figures(_past(read, since), changes[::-1], since=since, until=until)


def dora_figures(
    project: str,
    environment: str,
    *,
    days: float = EXPORTED,
    now: float | None = None,
    store: ArtifactStore | None = None,
) -> Figures:
    """Work the figures of one environment out, of what is in the store.

    :param project: the project's name.
    :param environment: the environment's.
    :param days: up to now.
    :param now: seconds since 1970; the clock's, if it is not given.
    :param store: that of Airflow's configuration, if it is not given.
    :raises RecordRefused: when a deployment was not signed here.
    """
    place = store or artifact_store()
    until = time.time() if now is None else now

    def read(most: int, skip: int) -> Sequence[DeploymentRecord]:
        return Deployments(place).last(project, environment, most=most, skip=skip)

    since = until - days * DAY
    return measured(read, last_releases(place, project), since=since, until=until)


def exported(found: Figures) -> dict[str, float]:
    """Return the figures as numbers for a time series; what is not known is left out.

    :param found: of one environment.
    """
    return {name: value for name, value in _four(found).items() if value is not None}


def told(environment: str, found: Figures) -> dict[str, Any]:
    """Return the figures of an environment with the deployments behind them, as JSON has them.

    :param environment: the environment's name.
    :param found: its figures; what is not known of them is null.
    """
    return {
        "environment": environment,
        "since": found.since,
        "until": found.until,
        "days": found.days,
        **_four(found),
        "deployments": [
            _named(one.record)
            | {
                "failed": one.failed,
                "commits": [
                    {
                        "version": lead.change.version,
                        "sha": lead.change.commit.sha,
                        "lead_time_seconds": lead.seconds,
                    }
                    for lead in one.leads
                ],
            }
            for one in found.deliveries
        ],
        "restorations": [
            {"broke": _named(one.broke), "cured": _named(one.cured), "seconds": one.seconds}
            for one in found.restorations
        ],
        "still_broken": _named(found.still_broken) if found.still_broken else None,
    }


def last_releases(store: ArtifactStore, project: str) -> list[ReleaseRecord]:
    """Return a project's last releases, the newest first; one that is refused is left out.

    :param store: that has them.
    :param project: the project's name.
    """
    catalogue = ReleaseCatalogue(store)
    versions = catalogue.versions(project)
    found = []
    # A record is an object: of thousands those alone are read that may be among the last.
    for version in sorted(versions, key=history, reverse=True)[:MOST_RELEASES]:
        try:
            found.append(catalogue.find(project, version, among=versions))
        except (ReleaseNotFound, RecordRefused):
            continue
    return in_order(found)[::-1]


def _four(found: Figures) -> dict[str, float | None]:
    return {
        "lead_time_seconds": found.lead_seconds,
        "deployments_per_day": found.deployments_per_day,
        "change_failure_rate": found.failure_rate,
        "time_to_restore_seconds": found.restore_seconds,
    }


def _named(record: DeploymentRecord) -> dict[str, Any]:
    return {
        "version": record.release.version,
        "outcome": record.outcome.value,
        "ended": ended(record),
        "failure": record.failure,
        "dag_id": record.dag_id,
        "run_id": record.run_id,
    }


def _change(record: ReleaseRecord) -> Change:
    checkout = record.checkout
    return Change(version=checkout.release.version, commit=CommitLine.of(checkout))


def _past(
    read: Callable[[int, int], Sequence[DeploymentRecord]], since: float
) -> list[DeploymentRecord]:
    """Read what ended since then, and some before it: what was taken back came earlier."""
    found: list[DeploymentRecord] = []
    enough = False
    while len(found) < _MOST_DEPLOYMENTS:
        more = read(_AT_ONCE, len(found))
        found += more
        if len(more) < _AT_ONCE or enough:
            break
        enough = ended(more[-1]) < since
    return found
