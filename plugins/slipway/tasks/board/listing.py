"""Releases, deployments and brakes as programs are told of them, at a server and in a shell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from slipway.model.board.deployment import DeploymentRecord, subject_of
from slipway.model.edition import version_of
from slipway.policies.controls import told

if TYPE_CHECKING:
    from slipway.hooks.store.releases import ReleaseRecord
    from slipway.model.board.snapshot import ProjectSnapshot
    from slipway.model.controls import Controls


def releases(records: Iterable[ReleaseRecord], seen: ProjectSnapshot) -> list[dict[str, Any]]:
    """Say of each release what a list shows.

    :param records: the releases.
    :param seen: where they serve.
    """
    found = []
    for one in records:
        checkout = one.checkout
        version = checkout.release.version
        found.append(
            {
                "version": version,
                "sha": checkout.release.sha,
                "committed_at": checkout.committed_at,
                "author": checkout.author_name,
                "subject": subject_of(checkout.message),
                "schema": one.schema.version if one.schema else None,
                "serves": [
                    each.environment
                    for each in seen.environments
                    if each.serving and version_of(each.serving.version) == version
                ],
                "editions": {
                    each.environment: each.serving.version
                    for each in seen.environments
                    if each.serving
                    and each.serving.version != version
                    and version_of(each.serving.version) == version
                },
            }
        )
    return found


def deployments(records: Iterable[DeploymentRecord]) -> list[dict[str, Any]]:
    """Say what became of each deployment; :class:`DeploymentRecord` reads it.

    :param records: the deployments.
    """
    return [
        one.to_json() | {"seconds": one.seconds, "lead_seconds": one.lead_seconds}
        for one in records
    ]


def brakes(project: str, environment: str, controls: Controls) -> dict[str, Any]:
    """Say what holds for an environment.

    :param project: the project's name.
    :param environment: the environment's.
    :param controls: what holds.
    """
    return {
        "project": project,
        "environment": environment,
        "hold": controls.hold.to_json() if controls.hold else None,
        "stops": [{"of": scope.to_json(), **one.to_json()} for scope, one in controls.stops],
        "rejected": [one.to_json() for one in controls.rejected.values()],
        "words": list(told(controls)),
    }
