"""Step 6: bake the machine image, or find the one that was baked from the same inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from slipway.hooks.aws.connection import aws_client
from slipway.hooks.aws.machine_images import ImageCatalogue
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.editions import Editions
from slipway.hooks.tools.packer import Bake
from slipway.model.edition import is_later
from slipway.model.facts import Json, MachineImage, PublishedPackage
from slipway.operators.images.bakes import BakeOperator, Baker
from slipway.tasks.controls.allowed import require_open
from slipway.tasks.editions.images import layers_as_chosen
from slipway.tasks.editions.kept import kept_image, noted
from slipway.tasks.images.early import take_on
from slipway.tasks.images.layers import Layers
from slipway.tasks.images.search import KnownImages, baked_before, known_images, machine_image
from slipway.tasks.making_way.side_by_side import SideBySide
from slipway.tasks.naming import NO_ENVIRONMENT
from slipway.tasks.retries import no_retry_on_input_error

if TYPE_CHECKING:
    from airflow.sdk import Context


class BakeImageOperator(BakeOperator):
    """Bake an image with exactly one release in it, on the base layer.

    :param package: :class:`slipway.model.facts.PublishedPackage` as JSON; the catalogue's where
        there is an admission.
    :param reuse: take an image of this very package that is there already, also one that was
        baked on an older base or with an older recipe.
    :returns: :class:`slipway.model.facts.MachineImage` as JSON.

    Example::

        image = BakeImageOperator(
            task_id="bake_image",
            package=publish.output,
            unit="shop.service",
            config={"PORT": "8000"},
            account=Account(aws_conn_id="aws_default", region="eu-west-1"),
        )
    """

    template_fields: Sequence[str] = ("package",)

    def __init__(self, *, package: Any, reuse: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.package = package
        self.reuse = reuse

    def execute(self, context: Context) -> Json:
        """Find or bake both layers.

        :raises AirflowFailException: when the recipe or the package is at fault.
        """
        with SideBySide(self, context), no_retry_on_input_error():
            package = PublishedPackage.from_json(self.package)
            if self.admission is not None:
                package = self.admission.package(context, package)
                version, skip = package.release.version, self.admission.skips
                require_open(context, self.admission, version, skip=skip)
            catalogue = ImageCatalogue(
                aws_client(self.account.aws_conn_id, self.account.region, "ec2")
            )
            images = known_images(catalogue, self.account.region)
            if is_later(package.release.version):
                return self._edition(context, package, images).to_json()
            if self.reuse and (found := self._baked_before(images, package)):
                return found.to_json()
            return self._bake(context, package, images, self._layers()).to_json()

    def _edition(
        self, context: Context, package: PublishedPackage, images: KnownImages
    ) -> MachineImage:
        """Return the image of an edition as it was chosen, and note it."""
        release, environment = package.release, self._environment()
        if kept := self._kept(images, package):
            return kept
        chosen = noted(release.project, environment, release.version)
        layers = layers_as_chosen(self._layers(), chosen, images.catalogue, package)
        image = self._bake(context, package, images, layers)
        Editions(artifact_store()).note(replace(chosen, image_id=image.image_id))
        return image

    def _kept(self, images: KnownImages, package: PublishedPackage) -> MachineImage | None:
        kept = kept_image(images, package, self._environment())
        if kept is not None:
            self._say(f"{kept.name} is what {package.release.version} had before: {kept.image_id}")
        return kept

    def _environment(self) -> str:
        return self.admission.environment if self.admission else NO_ENVIRONMENT

    def _baked_before(self, images: KnownImages, package: PublishedPackage) -> MachineImage | None:
        if kept := self._kept(images, package):
            return kept
        found = baked_before(images, package, self.machine)
        for line in found.refused:
            self._say(line)
        if found.record is None:
            return None
        self._say(f"{found.record.name} is there already: {found.record.image_id}")
        return machine_image(found.record, package, reused=True)

    def _bake(
        self, context: Context, package: PublishedPackage, images: KnownImages, layers: Layers
    ) -> MachineImage:
        baker = self._baker(context, package.release, self._environment(), images)
        plan = self._plan(baker, package, layers, layers.key(package))
        found = baker.find(plan, package.release)
        image = found or take_on(context, images, plan, package.release, self._say)
        if image is None:
            image = self._baked(baker, plan, package.release)
        return machine_image(image, package, reused=found is not None)

    def _plan(
        self, baker: Baker, package: PublishedPackage, layers: Layers, key: str | None
    ) -> Bake:
        """Return the bake of a release's image, on a base layer that is there then."""
        return layers.filled(self._frame(baker, package.release.project, layers), package, key)
