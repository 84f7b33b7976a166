"""Which machine images were baked here, and of what: signed, and never taken from tags.

Tags are written by everybody who may tag. So whoever baked an image notes its id, the account that
owns it, and what went into it; an image that no record names is not used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.signed_records import SignedRecords
from slipway.hooks.store.signing_keys import RecordKeys, record_keys
from slipway.model.edition import version_of
from slipway.model.facts import Fact, Release


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageRecord(Fact):
    """One image.

    :param image_id: the AMI's id.
    :param name: the image's.
    :param owner: id of the account that it was baked in.
    :param region: AWS region.
    :param tags: those that say what went into it.
    :param inputs: what these are digests of, one by one; empty in records of before.
    """

    image_id: str
    name: str
    owner: str
    region: str
    tags: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)


class ImageRecords:
    """Records under ``images/<project>/<version>/<id>.json``, and ``base-images/<id>.json``.

    :param store: where they are kept.
    :param keys: gives the keys that they are signed with.
    """

    def __init__(self, store: ArtifactStore, keys: Callable[[], RecordKeys] = record_keys) -> None:
        self._records = SignedRecords(store, keys)

    def record(self, record: ImageRecord, release: Release | None) -> None:
        """Note an image.

        :param record: of the image.
        :param release: what is in it; None for a base layer.
        :raises EnvironmentMisconfigured: when there is no key.
        """
        self._records.put(_path(release, record.image_id), record.to_json())

    def find(self, image_id: str, release: Release | None) -> ImageRecord | None:
        """Return the record of an image, or None where nobody baked it for that.

        :param image_id: the AMI's id.
        :param release: what must be in it; None for a base layer.
        :raises RecordRefused: when the record was not signed here.
        :raises EnvironmentMisconfigured: when there is no key.
        """
        found = self._records.get(_path(release, image_id))
        return ImageRecord.from_json(found) if found is not None else None

    def of(self, release: Release) -> list[ImageRecord]:
        """Return the records of a release's images, in no order of time.

        :param release: what is in them.
        :raises RecordRefused: when one was not signed here.
        """
        folder = _folder(release)
        names = [name for name in self._records.store.keys(folder) if name.endswith(".json")]
        found = (self._records.get(f"{folder}/{name}") for name in names)
        return [ImageRecord.from_json(one) for one in found if one is not None]


def _path(release: Release | None, image_id: str) -> str:
    return f"{_folder(release) if release else 'base-images'}/{image_id}.json"


def _folder(release: Release) -> str:
    # Of each edition: an image is made of a release.
    return f"images/{release.project}/{version_of(release.version)}"
