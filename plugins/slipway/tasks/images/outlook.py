"""What an environment's image is made of now, beside the last one: looked at, and nothing baked."""

from __future__ import annotations

from dataclasses import dataclass

from slipway.exceptions import ArtifactKeyRefused
from slipway.hooks.aws.connection import aws_client
from slipway.hooks.aws.machine_images import ImageCatalogue
from slipway.hooks.store.image_records import ImageRecord
from slipway.hooks.tools.packer import Bake
from slipway.model.facts import PublishedPackage, Release
from slipway.policies.image_inputs import changes
from slipway.tasks.images.layers import Layers
from slipway.tasks.images.search import KnownImages, known_images

_NO_BASE = "one that is baked first"
_UNKNOWN = "its inputs were not written down yet when it was baked"


@dataclass(frozen=True, kw_only=True)
class LayerLook:
    """One layer.

    :param plan: what it would be baked from now.
    :param found: the image that was baked from just that; None where it would be baked.
    :param last: the one before, where there is one.
    """

    plan: Bake
    found: ImageRecord | None
    last: ImageRecord | None

    def reasons(self) -> list[str]:
        """Say why it would be baked anew, a line for each input that has changed."""
        if self.found is not None:
            return []
        if self.last is None:
            return ["there is none yet"]
        if not self.last.inputs:
            return [_UNKNOWN]
        lines = changes(self.last.inputs, self.plan.inputs)
        # What is of the same inputs and is not there may have been taken away.
        return lines or [f"{self.last.image_id} was baked from the same, and is not there any more"]


@dataclass(frozen=True, kw_only=True)
class ImageLook:
    """Both layers of an environment's image.

    :param package: the release's.
    :param base: of the base layer.
    :param app: of the app layer.
    """

    package: PublishedPackage
    base: LayerLook
    app: LayerLook


def look(layers: Layers, aws_conn_id: str, package: PublishedPackage) -> ImageLook:
    """Look at what is there, and change nothing.

    :param layers: of the environment.
    :param aws_conn_id: Airflow connection of the account.
    :param package: of the release that is asked about.
    :raises ProjectFileError: when a role is not there, or a variable unknown.
    :raises EnvironmentMisconfigured: when there is no source image.
    """
    catalogue = ImageCatalogue(aws_client(aws_conn_id, layers.region, "ec2"))
    images = known_images(catalogue, layers.region)
    last = _last(images, package.release.project, layers.machine.identity)
    base_plan = layers.base(catalogue, "look")
    base = images.find(base_plan.tags, None).record
    key = layers.key(package)
    app_plan = layers.app(package, base.image_id if base else _NO_BASE, "look", key)
    found = images.find(app_plan.tags, package.release).record if base else None
    return ImageLook(
        package=package,
        base=LayerLook(plan=base_plan, found=base, last=images.base_of(last) if last else None),
        app=LayerLook(plan=app_plan, found=found, last=last),
    )


def _last(images: KnownImages, project: str, machine: str) -> ImageRecord | None:
    """Return the newest image of a project that is on record: of such machines, or else of any."""
    tags = {"slipway:layer": "app", "slipway:project": project}
    other = None
    for image in images.catalogue.matching(tags):
        release = Release(project=project, sha="", version=image.tags.get("slipway:version", ""))
        try:
            record, kind = images.recorded(image, release)
        except ArtifactKeyRefused:
            continue
        if record is not None and kind == machine:
            return record
        other = other or record
    return other
