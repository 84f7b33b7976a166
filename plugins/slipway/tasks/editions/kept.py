"""What is kept of an edition: its settings for the launch, its image, and what it brought."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from slipway.exceptions import MachineImageRefused, RecordRefused
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.deployments import DeploymentHistory
from slipway.hooks.store.editions import Editions
from slipway.model.edition import is_later, version_of
from slipway.model.facts import MachineImage, PublishedPackage
from slipway.model.launched import Launched, LaunchSettings
from slipway.model.target import DeployTarget
from slipway.tasks.images.search import KnownImages, machine_image

_AGAIN = "start a new run; with `same` for the settings and the base image of today"


def launch_target(target: DeployTarget, image: MachineImage) -> DeployTarget:
    """Return an environment with the settings that an edition is launched with, then as now.

    :param target: the environment, by today's project file.
    :param image: of the edition.
    :raises RecordRefused: when what is noted was not signed here.
    """
    editions, name = Editions(artifact_store()), image.release.version
    if not (image.kept or is_later(name)):
        return target
    found = editions.find(target.project, target.environment, name)
    if found is None:
        return target
    own, before = found.settings.to(target), _served_last(editions, target)
    if before is None or before.settings.size == found.settings.size:
        return own
    forward = found.replaces == before.release.version
    return dataclasses.replace(
        own, resized_from=before.settings.desired_size, resized_back=not forward
    )


def note_launch(target: DeployTarget, image: MachineImage, *, like_live: bool = False) -> None:
    """Note what the first edition of a release is launched from; others are noted beforehand.

    :param target: the environment, as its machines are launched.
    :param image: that they are launched of.
    :param like_live: as many as serve now, whatever the project file says of sizes: those that
        count are still those of what serves.
    """
    if image.kept or is_later(image.release.version):
        return
    editions, settings = Editions(artifact_store()), LaunchSettings.of(target)
    if like_live and (before := _served_last(editions, target)) is not None:
        settings = settings.sized_as(before.settings)
    editions.note_launch(
        Launched(
            release=image.release,
            environment=target.environment,
            settings=settings,
            image_id=image.image_id,
        )
    )


def _served_last(editions: Editions, target: DeployTarget) -> Launched | None:
    """Return what the edition that served last was launched from, as far as it is noted."""
    served = DeploymentHistory(artifact_store()).versions(target.project, target.environment)
    return editions.find(target.project, target.environment, served[-1]) if served else None


def require_noted(target: DeployTarget, image: MachineImage) -> None:
    """Make sure that an edition's machines are launched of its own image, under the lease.

    :param target: the environment.
    :param image: as a task was told.
    :raises MachineImageRefused: when they are not.
    :raises RecordRefused: when what is noted was not signed here.
    """
    name = image.release.version
    if is_later(name) and noted(target.project, target.environment, name).image_id != (
        image.image_id
    ):
        msg = f"{image.image_id} is not the image of {name}"
        raise MachineImageRefused(msg, advice="run the deployment again from bake_image on")


def noted(project: str, environment: str, name: str) -> Launched:
    """Return what a later edition is launched from.

    :param project: the project's name.
    :param environment: the environment's.
    :param name: of the edition.
    :raises MachineImageRefused: when nothing is noted of it.
    :raises RecordRefused: when what is noted was not signed here.
    """
    found = Editions(artifact_store()).find(project, environment, name)
    if found is None:
        msg = f"nothing says what {name} is launched from on {environment}"
        raise MachineImageRefused(msg, advice=_AGAIN)
    return found


def kept_image(
    images: KnownImages, package: PublishedPackage, environment: str
) -> MachineImage | None:
    """Return the very image that an edition had; None where it is not there, or never served.

    :param images: of the environment's account and region.
    :param package: of the release.
    :param environment: the environment's name.
    """
    release = package.release
    found = Editions(artifact_store()).find(release.project, environment, release.version)
    if found is None or not found.image_id:
        return None
    if not (found.proven or is_later(release.version)):
        return None
    there = images.catalogue.look_up(found.image_id)
    record, _ = images.recorded(there, release) if there is not None else (None, "")
    if record is None:
        return None
    return dataclasses.replace(machine_image(record, package, reused=True), kept=True)


def brings(
    project: str, environment: str, name: str, replaced: str, *, image: MachineImage | None
) -> Iterator[str]:
    """Say what an edition brings besides a release, or takes back, a line each.

    A release whose own image is gone is made anew, with the settings of today: it takes back none.

    :param project: the project's name.
    :param environment: the environment's.
    :param name: of the edition that comes.
    :param replaced: of the one that serves; empty for none.
    :param image: that it is launched of; None where nobody said.
    :raises RecordRefused: when what is noted was not signed here.
    """
    if not (is_later(name) or (image is not None and image.kept)):
        return
    editions = Editions(artifact_store())
    new = editions.find(project, environment, name)
    if new is not None and replaced and new.replaces == replaced:
        yield from new.brings
        return
    old = editions.find(project, environment, replaced) if replaced else None
    if old is not None and old.replaces == name:
        yield from (f"takes back {line}" for line in old.brings)
    elif old is not None and new is not None and new.proven:
        yield from old.settings.changes(new.settings)


def takes_back(project: str, environment: str, name: str, serving: str) -> bool:
    """Tell whether an edition is the one that what serves came in place of, with other settings.

    :param project: the project's name.
    :param environment: the environment's.
    :param name: of the edition that comes.
    :param serving: of the one that serves.
    :raises RecordRefused: when what is noted was not signed here.
    """
    if not of_one_release(name, serving):
        return False
    found = Editions(artifact_store()).find(project, environment, serving)
    return found is not None and found.replaces == name


def prove(target: DeployTarget, name: str, image_id: str, warn: Callable[[str], None]) -> None:
    """Note that an edition has served, so that its settings are something to go back to.

    A note steers nothing of the swap that is over, so none that is refused holds it up.

    :param target: the environment.
    :param name: of the edition.
    :param image_id: that its machines were launched of; empty where nobody knows.
    :param warn: is told why nothing could be noted.
    """
    try:
        Editions(artifact_store()).prove(target.project, target.environment, name, image_id)
    except RecordRefused as refused:
        warn(f"that {name} has served is not noted: {refused.message}")


def of_one_release(name: str, replaced: str) -> bool:
    """Tell whether two editions differ in settings and image alone.

    :param name: of an edition.
    :param replaced: of another.
    """
    return name != replaced and version_of(name) == version_of(replaced)
