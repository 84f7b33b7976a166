"""Machine images that may be used: those that a record names, whatever the tags of others say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slipway.exceptions import MachineImageRefused, RecordRefused
from slipway.hooks.aws.connection import aws_client
from slipway.hooks.aws.image_cleanup import BASE
from slipway.hooks.aws.machine_images import Image, ImageCatalogue
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.image_records import ImageRecord, ImageRecords
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.model.cloud.machine import MACHINE, Machine
from slipway.model.edition import version_of
from slipway.model.facts import MachineImage, PublishedPackage, Release
from slipway.model.target import DeployTarget

DEB = "slipway:deb-sha256"
# Of a record alone: the edition that its image was baked for.
EDITION = "slipway:edition"
_BAKE_AGAIN = "run the deployment again from bake_image on, which bakes one that is on record"


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What came of a search.

    :param record: of the newest image that may be used; None where there is none.
    :param refused: why newer ones may not, a line for each.
    """

    record: ImageRecord | None = None
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class KnownImages:
    """The images of an account and region, as far as the catalogue knows them.

    :param catalogue: what is there.
    :param records: what was baked.
    :param region: the catalogue's.
    """

    catalogue: ImageCatalogue
    records: ImageRecords
    region: str

    def find(
        self, tags: Mapping[str, str], release: Release | None, *, first: bool = False
    ) -> Found:
        """Return the newest image of these inputs that is on record.

        :param tags: say what went in; an image for other machines than these say is passed over.
        :param release: what must be in it; None for a base layer.
        :param first: pass over what was baked for an edition with settings of its own.
        """
        refused: list[str] = []
        machine = tags.get(MACHINE, "")
        for image in self.catalogue.matching(tags):
            if image.tags.get(MACHINE, "") != machine:
                continue
            record, why = self._judge(image, tags, release)
            if record is None:
                refused.append(f"{image.name} ({image.image_id}) is not used: {why}")
            elif not (first and EDITION in record.tags):
                return Found(record=record, refused=tuple(refused))
        return Found(refused=tuple(refused))

    def note(
        self,
        image_id: str,
        tags: Mapping[str, str],
        release: Release | None,
        inputs: Mapping[str, str] | None = None,
    ) -> ImageRecord:
        """Record an image that was baked just now.

        :param image_id: as whoever baked it was told.
        :param tags: say what went in.
        :param release: what is in it; None for a base layer.
        :param inputs: say so one by one.
        :raises MachineImageRefused: when the account has no such image.
        """
        record = self.describe(image_id, tags, inputs)
        self.records.record(record, release)
        return record

    def describe(
        self, image_id: str, tags: Mapping[str, str], inputs: Mapping[str, str] | None = None
    ) -> ImageRecord:
        """Return what the record of an image that was baked just now says, and record nothing.

        :param image_id: as whoever baked it was told.
        :param tags: say what went in.
        :param inputs: say so one by one.
        :raises MachineImageRefused: when the account has no such image.
        """
        image = self.catalogue.look_up(image_id)
        if image is None or not image.owner:
            msg = f"{image_id} was baked just now, and the account has no such image"
            raise MachineImageRefused(msg, advice="look for what removes images in this account")
        return ImageRecord(
            image_id=image_id,
            name=image.name,
            owner=image.owner,
            region=self.region,
            tags=dict(tags),
            inputs=dict(inputs or {}),
        )

    def base_of(self, record: ImageRecord) -> ImageRecord | None:
        """Return the record of the base layer that an image was baked on; None where there is none.

        :param record: of the image.
        :raises RecordRefused: when the base layer's was not signed here.
        """
        return self.records.find(record.tags.get(BASE, ""), None)

    def recorded(self, image: Image, release: Release) -> tuple[ImageRecord | None, str]:
        """Return the record of an image, if there is one that counts, and for which machines it is.

        :param image: one of the account's.
        :param release: what its tags say is in it.
        """
        kind = image.tags.get(MACHINE, "")
        record, _ = self._judge(image, {MACHINE: kind} if kind else {}, release)
        return record, kind

    def _judge(
        self, image: Image, tags: Mapping[str, str], release: Release | None
    ) -> tuple[ImageRecord | None, str]:
        try:
            record = self.records.find(image.image_id, release)
        except RecordRefused as error:
            return None, error.message
        if record is None:
            return None, "no record says that it was baked here, and tags alone prove nothing"
        if (record.owner, record.region) != (image.owner, self.region):
            return None, f"it was baked by account {record.owner} in {record.region}"
        same_machine = record.tags.get(MACHINE, "") == tags.get(MACHINE, "")
        if not (same_machine and tags.items() <= record.tags.items()):
            return None, "its tags were changed after the bake"
        return record, ""


def known_images(catalogue: ImageCatalogue, region: str) -> KnownImages:
    """Open what is known of a region's images.

    :param catalogue: of the environment's account and region.
    :param region: the catalogue's.
    """
    return KnownImages(catalogue=catalogue, records=ImageRecords(artifact_store()), region=region)


def require_recorded(image: MachineImage, target: DeployTarget) -> None:
    """Make sure that an image is the one that was baked of the release that was recorded.

    Looked at under the lease, before the first machine is launched of it.

    :param image: what is to be launched, as a task was told.
    :param target: the environment.
    :raises MachineImageRefused: when it is not.
    :raises ReleaseNotFound: when the release is not in the catalogue.
    :raises RecordRefused: when a record was not signed here.
    """
    store, release = artifact_store(), image.release
    if release.project != target.project:
        msg = f"{image.image_id} is an image of {release.project}, not of {target.project}"
        raise MachineImageRefused(msg, advice=_BAKE_AGAIN)
    package = ReleaseCatalogue(store).find(release.project, release.version).package
    record = ImageRecords(store).find(image.image_id, release)
    if record is None:
        msg = f"no record says that {image.image_id} was baked of {release.version}"
        raise MachineImageRefused(msg, advice=_BAKE_AGAIN)
    if record.tags.get(DEB) != package.digest:
        msg = (
            f"{image.image_id} holds a package with sha256 {record.tags.get(DEB)}, the release "
            f"{release.version} one with {package.digest}"
        )
        raise MachineImageRefused(msg, advice=_BAKE_AGAIN)
    catalogue = ImageCatalogue(aws_client(target.aws_conn_id, target.region, "ec2"))
    there = catalogue.look_up(image.image_id)
    if there is not None and there.owner != record.owner:
        msg = f"{image.image_id} belongs to account {there.owner}, and was baked by {record.owner}"
        raise MachineImageRefused(msg, advice=_BAKE_AGAIN)


def baked_before(images: KnownImages, package: PublishedPackage, machine: Machine) -> Found:
    """Find an image of a package, whatever base layer and recipe it was baked with.

    What ran before should run again: on the way back, and on the way from dev to production, an
    image that proved itself is better than a new one with the same release in it. What was baked
    for one environment's other settings is that environment's alone.

    :param images: of the environment's account and region.
    :param package: of the release.
    :param machine: of the environment; an image for other machines is none for these.
    """
    return images.find(release_tags(package, machine), package.release, first=True)


def release_tags(package: PublishedPackage, machine: Machine) -> dict[str, str]:
    """Say by tags what is in the image of a release.

    :param package: of the release.
    :param machine: what the image is for.
    """
    release = package.release
    tags = {
        "slipway:layer": "app",
        DEB: package.digest,
        "slipway:project": release.project,
        "slipway:version": version_of(release.version),
        "slipway:sha": release.sha,
    }
    return {**tags, MACHINE: machine.identity} if machine.identity else tags


def machine_image(record: ImageRecord, package: PublishedPackage, *, reused: bool) -> MachineImage:
    """Say of a recorded image what a swap needs to know.

    :param record: of the image.
    :param package: in it.
    :param reused: it was there before.
    """
    return MachineImage(
        release=package.release,
        image_id=record.image_id,
        name=record.name,
        base_image_id=record.tags.get(BASE, ""),
        deb_sha256=package.digest,
        playbook_hash=record.tags.get("slipway:playbook", ""),
        region=record.region,
        reused=reused,
    )
