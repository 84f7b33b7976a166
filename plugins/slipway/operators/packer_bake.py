"""Step 6: bake the machine image, or find the one that was baked from the same inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from slipway.exceptions import BakeFailed
from slipway.facts import Json, MachineImage, PublishedPackage
from slipway.hooks.aws_connection import account, aws_client
from slipway.hooks.docker_connection import DEFAULT, container_engine
from slipway.hooks.image_catalogue import ImageCatalogue
from slipway.hooks.packer import Bake, bake
from slipway.hooks.toolbox import Toolbox
from slipway.operators.consent import Admission
from slipway.operators.failure import explained
from slipway.operators.identity import container_name, labels
from slipway.operators.image_layers import Layers, baked_before

if TYPE_CHECKING:
    from airflow.sdk import Context

# Seconds that Packer gets to take its builder away when the task is killed.
_GRACE = 60.0


@dataclass(frozen=True, kw_only=True)
class _Baker:
    """What every bake of one task shares."""

    catalogue: ImageCatalogue
    toolbox: Toolbox
    aws_conn_id: str
    region: str
    log: Any

    def find_or_bake(self, plan: Bake) -> tuple[str, bool]:
        """Return an image's id, and whether it was there already."""
        found = self.catalogue.find(plan.tags)
        if found:
            self.log(f"{plan.image_name} is there already: {found}")
            return found, True
        self.log(f"baking {plan.image_name} on {plan.source_image}")
        bake(
            plan, toolbox=self.toolbox, catalogue=self.catalogue,
            account=account(self.aws_conn_id, self.region, "ec2"), log=self.log,
        )  # fmt: skip
        made = self.catalogue.find(plan.tags)
        if made is None:
            msg = f"Packer said that {plan.image_name} is done, but there is no such image"
            raise BakeFailed(msg, advice="look for what removes images in this account")
        return made, False


class PackerBakeOperator(BaseOperator):
    """Bake an image with exactly one release in it, on the base layer.

    :param package: :class:`slipway.facts.PublishedPackage` as JSON.
    :param unit: the systemd unit that serves.
    :param config: settings in the unit's environment on every machine.
    :param aws_conn_id: Airflow connection of the account.
    :param region: where the image lives.
    :param docker_conn_id: Airflow connection of the container engine.
    :param recipes: the folder that holds ``packer`` and ``ansible``; ``[slipway] recipes`` when
        None.
    :param reuse: take an image of this very package that is there already, also one that was
        baked on an older base or with an older recipe.
    :param admission: of the environment that the image is for; the package is the catalogue's then.
    :returns: :class:`slipway.facts.MachineImage` as JSON.
    """

    template_fields: Sequence[str] = ("package",)
    ui_color = "#fde68a"

    def __init__(
        self, *, package: Any, unit: str, config: Mapping[str, str], aws_conn_id: str, region: str,
        docker_conn_id: str = DEFAULT, recipes: str | None = None, reuse: bool = False,
        admission: Admission | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.package = package
        self.unit = unit
        self.config = dict(config)
        self.aws_conn_id = aws_conn_id
        self.region = region
        self.docker_conn_id = docker_conn_id
        self.recipes = recipes
        self.reuse = reuse
        self.admission = admission
        self._running: tuple[ImageCatalogue, Bake] | None = None
        self._labels: dict[str, str] = {}

    def execute(self, context: Context) -> Json:
        """Find or bake both layers.

        :raises AirflowFailException: when the recipe or the package is at fault.
        """
        package = PublishedPackage.from_json(self.package)
        with explained():
            if self.admission is not None:
                package = self.admission.package(context, package)
            catalogue = ImageCatalogue(aws_client(self.aws_conn_id, self.region, "ec2"))
            if self.reuse and (found := baked_before(catalogue, package, self.region)):
                self.log.info("%s is there already: %s", found.name, found.image_id)
                return found.to_json()
            return self._bake(context, package, catalogue).to_json()

    def _bake(
        self, context: Context, package: PublishedPackage, catalogue: ImageCatalogue
    ) -> MachineImage:
        self._labels = labels(context)
        baker = _Baker(
            catalogue=catalogue,
            toolbox=Toolbox(
                engine=container_engine(self.docker_conn_id), name=container_name(context),
                labels=self._labels,
            ),
            aws_conn_id=self.aws_conn_id, region=self.region, log=self._say,
        )  # fmt: skip
        layers = Layers(
            region=self.region, unit=self.unit, config=self.config, recipes=self.recipes
        )
        base = layers.base(baker.catalogue, container_name(context, "base"))
        self._running = (baker.catalogue, base)
        base_image, _ = baker.find_or_bake(base)
        app = layers.app(package, base_image, container_name(context, "app"))
        self._running = (baker.catalogue, app)
        image, reused = baker.find_or_bake(app)
        return MachineImage(
            release=package.release, image_id=image, name=app.image_name,
            base_image_id=base_image, deb_sha256=package.sha256,
            playbook_hash=app.tags["slipway:playbook"], region=self.region, reused=reused,
        )  # fmt: skip

    def on_kill(self) -> None:
        """Let Packer clean up after itself, then remove what it left."""
        if self._labels:
            engine = container_engine(self.docker_conn_id)
            engine.remove_labelled(self._labels, grace=_GRACE)
        if self._running:
            catalogue, plan = self._running
            catalogue.sweep(plan.name, plan.image_name)

    def _say(self, line: str) -> None:
        self.log.info("%s", line)
