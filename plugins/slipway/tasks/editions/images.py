"""The image of an edition: what tells it from another, and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from slipway.exceptions import MachineImageRefused
from slipway.hooks.aws.image_cleanup import BASE
from slipway.hooks.aws.machine_images import ImageCatalogue
from slipway.hooks.store.image_records import ImageRecord
from slipway.hooks.tools.packer import Bake
from slipway.model.cloud.machine import MACHINE
from slipway.model.facts import PublishedPackage
from slipway.model.launched import Launched
from slipway.tasks.images.layers import Layers
from slipway.tasks.images.search import KnownImages

_PLAYBOOK = "slipway:playbook"
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
        app = layers.app(package, "", "same", layers.key(package))
        return cls(base=layers.base(catalogue, "same"), app=app)

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
    base = images.base_of(record)
    return _made_of(base.tags, record.tags) if base is not None else {}


def _made_of(base: Mapping[str, str], app: Mapping[str, str]) -> dict[str, str]:
    return {
        "source image": base.get(BASE, ""),
        "base layer": base.get(_PLAYBOOK, ""),
        "application": app.get(_PLAYBOOK, ""),
        "machine": app.get(MACHINE, ""),
    }


def layers_as_chosen(
    layers: Layers, launched: Launched, catalogue: ImageCatalogue, package: PublishedPackage
) -> Layers:
    """Return the layers that an edition was chosen with, from its source image, newer ones or not.

    :param layers: of the environment, as of today.
    :param launched: what was chosen.
    :param catalogue: where the source image is looked up.
    :param package: of the release.
    :raises MachineImageRefused: when something else would be baked of them now.
    :raises EnvironmentMisconfigured: when the source image is gone.
    """
    own = replace(layers, source_id=launched.source)
    now = Wanted.of(own, catalogue, package).made_of
    changed = [name for name in now if launched.made_of.get(name) != now[name]]
    if changed:
        what = ", ".join(changed)
        msg = f"{launched.release.version} was chosen with another {what} than there is by now"
        raise MachineImageRefused(msg, advice=_AGAIN)
    return own
