"""The image of an edition: what tells it from another, and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from slipway.exceptions import MachineImageRefused
from slipway.hooks.apt.repository_keys import RepositoryKeys
from slipway.hooks.aws.machine_images import ImageCatalogue
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.image_records import ImageRecord
from slipway.hooks.tools.packer import Bake
from slipway.model.cloud.machine import MACHINE
from slipway.model.facts import PublishedPackage
from slipway.model.launched import Launched
from slipway.tasks.images.layers import Layers
from slipway.tasks.images.search import KnownImages

_PLAYBOOK, _BASE = "slipway:playbook", "slipway:base-image"
_AGAIN = "start a new run with `same`, which looks at them anew; nothing was changed"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What an edition's image would be made of; nothing is baked for it.

    :param base: of the base layer.
    :param app: of the application, on a base layer that may be still to come.
    """

    base: Bake
    app: Bake

    @classmethod
    def of(cls, layers: Layers, catalogue: ImageCatalogue, package: PublishedPackage) -> Wanted:
        """Look at what there is today.

        :param layers: of the environment.
        :param catalogue: where the source image is looked up.
        :param package: of the release.
        :raises EnvironmentMisconfigured: when there is no source image.
        """
        chosen = layers.package(package)
        key = RepositoryKeys(artifact_store()).current(chosen.repository_url, chosen.distribution)
        return cls(base=layers.base(catalogue, "same"), app=layers.app(package, "", "same", key))

    @property
    def made_of(self) -> dict[str, str]:
        """Return it in digests, in which two images are compared."""
        return _made_of(self.base.tags, self.app.tags)


def made_of(images: KnownImages, record: ImageRecord) -> dict[str, str]:
    """Return what an image is made of, in digests; nothing where its base is on no record.

    :param images: of its account and region.
    :param record: of the image.
    :raises RecordRefused: when its base's was not signed here.
    """
    base = images.records.find(record.tags.get(_BASE, ""), None)
    return _made_of(base.tags, record.tags) if base is not None else {}


def _made_of(base: Mapping[str, str], app: Mapping[str, str]) -> dict[str, str]:
    return {
        "source image": base.get(_BASE, ""),
        "base layer": base.get(_PLAYBOOK, ""),
        "application": app.get(_PLAYBOOK, ""),
        "machine": app.get(MACHINE, ""),
    }


def layers_of(layers: Layers, launched: Launched) -> Layers:
    """Return layers that start from what an edition was chosen with, newer ones or not.

    :param layers: of the environment.
    :param launched: what is noted of the edition.
    """
    return replace(layers, source_id=launched.source)


def require_unchanged(launched: Launched, wanted: Wanted) -> None:
    """Make sure that an edition which is still to be baked becomes what was chosen.

    :param launched: what was chosen.
    :param wanted: what would be baked now.
    :raises MachineImageRefused: when that is something else.
    """
    now = wanted.made_of
    changed = [name for name in now if launched.made_of.get(name) != now[name]]
    if changed:
        what = ", ".join(changed)
        msg = f"{launched.release.version} was chosen with another {what} than there is by now"
        raise MachineImageRefused(msg, advice=_AGAIN)
