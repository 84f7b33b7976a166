"""What both bakes are: that of what has passed, and that beside the tests."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from slipway.hooks.aws.connection import account
from slipway.hooks.aws.machine_images import ImageCatalogue
from slipway.hooks.docker.connection import DEFAULT, container_engine
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.image_records import ImageRecord
from slipway.hooks.store.installation import INSTALLATION, installation_name
from slipway.hooks.tools.awaited import Finder
from slipway.hooks.tools.packer import Bake, bake
from slipway.hooks.tools.toolbox import Toolbox
from slipway.links.extra import IMAGE
from slipway.model.cloud.account import Account
from slipway.model.cloud.machine import Machine
from slipway.model.cloud.tags import ENVIRONMENT, PROJECT
from slipway.model.edition import is_later
from slipway.model.facts import Release
from slipway.tasks.consent import Admission
from slipway.tasks.images.layers import Layers
from slipway.tasks.images.search import EDITION, KnownImages
from slipway.tasks.naming import bake_name, container_name, labels

if TYPE_CHECKING:
    from airflow.sdk import Context

# Seconds that Packer gets to take its builder away when the task is killed.
GRACE = 60.0


@dataclass(frozen=True, kw_only=True)
class Baker:
    """What every bake of one task shares.

    :param images: of the account, and their records.
    :param toolbox: that Packer and Ansible are in.
    :param aws_conn_id: Airflow connection of the AWS account.
    :param installation: whose images these are.
    :param builder_marks: tags of the builders alone, by which rights tell them apart.
    :param log: receives every line.
    """

    images: KnownImages
    toolbox: Toolbox
    aws_conn_id: str
    installation: str
    builder_marks: Mapping[str, str]
    log: Callable[[str], None]

    def prepared(self, plan: Bake) -> Bake:
        """Give a bake a name that is free, and say whose it is."""
        own = own_name(plan.image_name, plan.name, self.installation)
        return replace(
            plan,
            image_name=self.images.catalogue.free_name(own),
            marks={INSTALLATION: self.installation},
            builder_marks=self.builder_marks,
        )

    def find(self, plan: Bake, release: Release | None) -> ImageRecord | None:
        """Return the image of these inputs that is on record, if there is one."""
        found = self.images.find(plan.tags, release)
        for line in found.refused:
            self.log(line)
        if found.record:
            self.log(f"{found.record.name} is there already: {found.record.image_id}")
        return found.record

    def bake(self, plan: Bake, find: Finder | None = None) -> str:
        """Bake an image, and return its id."""
        self.log(f"baking {plan.image_name} on {plan.source_image}")
        return bake(
            plan,
            toolbox=self.toolbox,
            catalogue=self.images.catalogue,
            account=account(self.aws_conn_id, self.images.region, "ec2"),
            log=self.log,
            find=find,
        )


def own_name(name: str, bake: str, installation: str) -> str:
    """Return the name of an image that no other installation or bake gives to its own.

    :param name: how it begins.
    :param bake: the bake's name.
    :param installation: whose image it is.
    """
    own = hashlib.sha256(f"{installation}\0{bake}".encode()).hexdigest()[:8]
    return f"{name}-{own}"


class BakeOperator(BaseOperator):
    """Bakes images of one environment, and leaves nothing but them behind.

    :param unit: the systemd unit that serves.
    :param config: settings in the unit's environment on every machine.
    :param account: where the image lives.
    :param docker_conn_id: Airflow connection of the container engine.
    :param recipes: the folder that holds ``packer`` and ``ansible``; ``[slipway] recipes`` when
        None.
    :param admission: of the environment that the image is for, and for whose rights the builders
        are marked.
    :param uses: further packages that may come from the apt repository, which all projects share.
    :param machine: what the environment's machines are; as they always were when None.
    :param instance_type: of these machines, which must fit the image; not asked when empty.
    """

    ui_color = "#fde68a"
    operator_extra_links = IMAGE

    def __init__(
        self,
        *,
        unit: str,
        config: Mapping[str, str],
        account: Account,
        docker_conn_id: str = DEFAULT,
        recipes: str | None = None,
        admission: Admission | None = None,
        uses: Sequence[str] = (),
        machine: Machine | None = None,
        instance_type: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.unit = unit
        self.config = dict(config)
        self.account = account
        self.docker_conn_id = docker_conn_id
        self.recipes = recipes
        self.admission = admission
        self.uses = tuple(uses)
        self.machine = machine or Machine()
        self.instance_type = instance_type
        self._running: tuple[ImageCatalogue, Bake] | None = None
        self._labels: dict[str, str] = {}
        self._name = ""

    def _baker(
        self, context: Context, release: Release, environment: str, images: KnownImages
    ) -> Baker:
        self._labels = labels(context)
        self._name = bake_name(context, release.project, environment)
        return Baker(
            images=images,
            toolbox=Toolbox(
                engine=container_engine(self.docker_conn_id),
                name=container_name(context),
                labels=self._labels,
            ),
            aws_conn_id=self.account.aws_conn_id,
            installation=installation_name(artifact_store()),
            builder_marks={PROJECT: release.project, ENVIRONMENT: environment},
            log=self._say,
        )

    def _layers(self) -> Layers:
        return Layers(
            region=self.account.region,
            unit=self.unit,
            config=self.config,
            recipes=self.recipes,
            uses=self.uses,
            machine=self.machine,
            instance_type=self.instance_type,
        )

    def _frame(self, baker: Baker, project: str, layers: Layers) -> Bake:
        base_plan = layers.base(baker.images.catalogue, f"{self._name}-base")
        base = baker.find(base_plan, None) or self._baked(baker, base_plan, None)
        return layers.frame(project, base.image_id, f"{self._name}-app")

    def _baked(self, baker: Baker, plan: Bake, release: Release | None) -> ImageRecord:
        """Bake an image, and note that it was baked here."""
        made, tags = self._made(baker, plan), dict(plan.tags)
        if release is not None and is_later(release.version):
            tags[EDITION] = release.version
        return baker.images.note(made, tags, release, plan.inputs)

    def _made(self, baker: Baker, plan: Bake, find: Finder | None = None) -> str:
        prepared = baker.prepared(plan)
        self._running = (baker.images.catalogue, prepared)
        return baker.bake(prepared, find)

    def on_kill(self) -> None:
        """Let Packer clean up after itself, then remove what it left."""
        if self._labels:
            engine = container_engine(self.docker_conn_id)
            engine.remove_labelled(self._labels, grace=GRACE)
        if self._running:
            catalogue, plan = self._running
            catalogue.sweep(plan.name, plan.image_name)

    def _say(self, line: str) -> None:
        self.log.info("%s", line)
