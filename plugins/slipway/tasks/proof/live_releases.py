"""Which releases serve now, wherever a commit may go."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from airflow.sdk.exceptions import AirflowNotFoundException

from slipway.exceptions import SlipwayError
from slipway.fleet.capacity import serving_version
from slipway.hooks.fleet.cloud import FleetCloud
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.deployments import DeploymentHistory
from slipway.hooks.store.releases import ReleaseCatalogue, ReleaseRecord
from slipway.model.edition import version_of
from slipway.model.schema_facts import LiveProof
from slipway.model.target import DeployTarget
from slipway.tasks.proof.outcomes import NOT_NEEDED, NOT_POSSIBLE


@dataclass(frozen=True, kw_only=True)
class LiveRelease:
    """A release that serves.

    :param targets: where.
    :param record: what the catalogue has of it.
    """

    targets: tuple[DeployTarget, ...]
    record: ReleaseRecord

    @property
    def environments(self) -> tuple[str, ...]:
        """The names of where it serves."""
        return tuple(target.environment for target in self.targets)

    @property
    def version(self) -> str:
        """Its version."""
        return self.record.checkout.release.version

    def proof(self, outcome: str, said: str, migration: str = "") -> LiveProof:
        """Return what was seen of it.

        :param outcome: one of :mod:`slipway.tasks.proof.outcomes`.
        :param said: how, or why not.
        :param migration: the file that broke it, where that could be seen.
        """
        return LiveProof(
            environments=self.environments,
            version=self.version,
            outcome=outcome,
            said=said,
            migration=migration,
            schema=self.record.schema.version if self.record.schema else 0,
        )


@dataclass(frozen=True, kw_only=True)
class Serving:
    """What serves in the places that a commit may go to.

    :param lives: the releases.
    :param without: why there is none in the other places.
    """

    lives: tuple[LiveRelease, ...] = ()
    without: tuple[LiveProof, ...] = ()


def live_releases(
    targets: Sequence[DeployTarget], open_cloud: Callable[[DeployTarget], FleetCloud]
) -> Serving:
    """Find out what serves where; what serves in several places is one.

    :param targets: of one project.
    :param open_cloud: opens the door to one environment's fleet.
    """
    found: dict[str, LiveRelease] = {}
    without = []
    for target in targets:
        name, reason = _serving(target, open_cloud)
        version = version_of(name)
        if version in found:
            known = found[version]
            found[version] = replace(known, targets=(*known.targets, target))
            continue
        if version:
            try:
                record = ReleaseCatalogue(artifact_store()).find(target.project, version)
                found[version] = LiveRelease(targets=(target,), record=record)
                continue
            except SlipwayError as error:
                reason = f"it is not in the catalogue: {error.message}"
        without.append(
            LiveProof(
                environments=(target.environment,),
                version=version,
                outcome=NOT_POSSIBLE if reason else NOT_NEEDED,
                said=reason or "no release serves there yet",
            )
        )
    return Serving(lives=tuple(found.values()), without=tuple(without))


def _serving(
    target: DeployTarget, open_cloud: Callable[[DeployTarget], FleetCloud]
) -> tuple[str, str]:
    """Return the version that serves, and why it is not known; the cloud knows best."""
    try:
        return serving_version(open_cloud(target).observe()) or "", ""
    except (SlipwayError, AirflowNotFoundException) as error:
        unseen = str(error).splitlines()[0]
    try:
        history = DeploymentHistory(artifact_store())
        versions = history.versions(target.project, target.environment)
    except SlipwayError as error:
        return "", f"what serves cannot be seen: {unseen}; nor read: {error.message}"
    return (versions[-1], "") if versions else ("", f"what serves cannot be seen: {unseen}")
