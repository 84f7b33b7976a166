"""`same`: the release that serves, with the settings and the base image of today."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from slipway.fleet.cloud import FleetReader
from slipway.hooks.aws.connection import aws_client
from slipway.hooks.aws.image_cleanup import BASE
from slipway.hooks.aws.machine_images import ImageCatalogue
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.editions import Editions
from slipway.hooks.store.image_records import ImageRecord
from slipway.model.edition import edition, version_of
from slipway.model.facts import PublishedPackage, Release
from slipway.model.fleet import ServerGroup
from slipway.model.launched import Launched, LaunchSettings, mark_of
from slipway.model.target import DeployTarget
from slipway.policies.image_inputs import changes
from slipway.tasks.editions.images import Wanted, made_of
from slipway.tasks.images.layers import Layers
from slipway.tasks.images.search import KnownImages, known_images

# Said of a group that was launched before that was written down.
BEFORE_NOTES = (
    ", as far as can be seen: its subnets, security groups, instance profile and `drop` were not "
    "written down when it was launched; the next release brings those of today"
)
# Inputs that are told by themselves, or that are as they were.
_APART = frozenset({"package", "base layer", "source image"})
_UNKNOWN = "image: what it is made of was not written down yet when it was baked"


@dataclass(frozen=True, kw_only=True)
class Same:
    """Looks for what a release that serves would be launched from today.

    :param target: the environment, by today's project file.
    :param layers: of its images, likewise.
    :param cloud: that the environment is in.
    """

    target: DeployTarget
    layers: Layers
    cloud: FleetReader

    def choose(self, package: PublishedPackage, serving: ServerGroup) -> Launched | None:
        """Note the edition that would come, and return it; None where there is nothing to bring.

        What serves is noted as well, if nothing is yet, so that there is a way back to it.

        :param package: of the release.
        :param serving: the group that serves.
        :raises EnvironmentMisconfigured: when there is no source image.
        """
        editions = Editions(artifact_store())
        region = self.target.region
        catalogue = ImageCatalogue(aws_client(self.target.aws_conn_id, region, "ec2"))
        images, wanted = known_images(catalogue, region), Wanted.of(self.layers, catalogue, package)
        before = self._before(editions, serving, package.release)
        old = images.records.find(before.image_id, package.release) if before.image_id else None
        settings = LaunchSettings.of(self.target)
        had = made_of(images, old) if old is not None else {}
        told = list(before.settings.changes(settings))
        if had == wanted.made_of and not told:
            return None
        told += _image_changes(images, old, wanted) if had != wanted.made_of else []
        version = version_of(package.release.version)
        name = edition(version, mark_of(settings, wanted.made_of))
        there = editions.find(self.target.project, self.target.environment, name)
        launched = Launched(
            release=replace(package.release, version=name),
            environment=self.target.environment,
            settings=settings,
            image_id=there.image_id if there else "",
            made_of=wanted.made_of,
            source=wanted.base.source_image,
            replaces=before.release.version,
            brings=tuple(told),
            proven=there is not None and there.proven,
        )
        editions.note(before)
        if not launched.proven:  # else it is noted what it came in place of when it served
            editions.note(launched)
        return launched

    def _before(self, editions: Editions, serving: ServerGroup, release: Release) -> Launched:
        """Return what serves, as it was noted; as it is, where it was launched before notes."""
        name = serving.version or ""
        found = editions.find(self.target.project, self.target.environment, name)
        if found is not None:
            return found
        seen = self.cloud.seen(serving.name)
        kind = (seen.made_of or {}).get("instance type") if seen is not None else None
        settings = replace(
            LaunchSettings.of(self.target),
            instance_type=kind or self.target.instance_type,
            min_size=serving.min_size,
            max_size=serving.max_size,
        )
        return Launched(
            release=replace(release, version=name),
            environment=self.target.environment,
            settings=settings,
            image_id=serving.image_id or "",
            proven=True,
        )


def _image_changes(images: KnownImages, old: ImageRecord | None, wanted: Wanted) -> list[str]:
    """Say what differs in an image, as far as it was written down."""
    if old is None:
        return ["image: the one that serves is on no record"]
    base = images.base_of(old)
    found = [f"image: {one}" for one in _changed(old, wanted.app.inputs)] if old.inputs else []
    if base is not None:
        found += list(_base_changes(base, wanted))
    return found or [_UNKNOWN]


def _base_changes(base: ImageRecord, wanted: Wanted) -> Iterator[str]:
    was, now = base.tags.get(BASE, ""), wanted.base.source_image
    if was != now:
        # With its name where that was written down.
        was = base.inputs.get("source image", was)
        yield f"base image: {was} -> {wanted.base.inputs.get('source image', now)}"
    if base.inputs:
        yield from (f"base layer: {one}" for one in _changed(base, wanted.base.inputs))


def _changed(old: ImageRecord, now: Mapping[str, str]) -> list[str]:
    before = {name: value for name, value in old.inputs.items() if name not in _APART}
    return changes(before, {name: value for name, value in now.items() if name not in _APART})
