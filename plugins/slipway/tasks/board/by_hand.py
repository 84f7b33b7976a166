"""Looks whether somebody changed the group that serves by hand; it stops and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from slipway.exceptions import SlipwayError
from slipway.fleet.capacity import serving_version
from slipway.fleet.cloud import FleetReader
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.environments.snapshots import Snapshots
from slipway.model.board.by_hand import ByHand
from slipway.model.fleet import Fleet
from slipway.policies.by_hand import by_hand
from slipway.tasks.board.show import beside


def changed_by_hand(cloud: FleetReader, fleet: Fleet) -> ByHand | None:
    """Return what somebody changed in the group that serves; None for nothing.

    :param cloud: that it is in.
    :param fleet: as observed.
    :raises CloudUnavailable: when it does not answer.
    """
    version = serving_version(fleet)
    group = fleet.of(version) if version else None
    seen = cloud.seen(group.name) if group else None
    return by_hand(seen) if seen else None


def show_by_hand(
    store: ArtifactStore, project: str, environment: str, cloud: FleetReader, fleet: Fleet
) -> None:
    """Show it; where the cloud does not answer, what was said last stays.

    :param store: that has the records.
    :param project: the project's name.
    :param environment: the environment's.
    :param cloud: that it is in.
    :param fleet: as observed.
    """
    with beside(f"what was changed by hand in {project} {environment}"):
        found = changed_by_hand(cloud, fleet)
        Snapshots(store).change(project, environment, lambda one: replace(one, by_hand=found))


def told_by_hand(cloud: FleetReader, fleet: Fleet) -> Iterator[str]:
    """Say it as lines of a plan; what cannot be found out stops no plan.

    :param cloud: that it is in.
    :param fleet: as observed.
    """
    try:
        found = changed_by_hand(cloud, fleet)
    except SlipwayError as error:
        yield f"not known: what was changed by hand: {error.message}"
        return
    if found is not None:
        since = f" since {datetime.fromtimestamp(found.since, UTC):%Y-%m-%d %H:%M} UTC"
        head = f"changed by hand in {found.group}{since if found.since else ''}"
        yield from (f"{head}: {one.words}" for one in found.changes)
