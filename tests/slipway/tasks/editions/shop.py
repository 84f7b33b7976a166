"""A shop whose project file and base image change; Packer and the fleet are stood in for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest import mock

from moto import mock_aws

from slipway.hooks.docker.engine import ContainerEngine
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.deployments import DeploymentHistory
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.model.cloud.account import Account
from slipway.model.cloud.group_seen import GroupSeen
from slipway.model.facts import MachineImage, Release
from slipway.model.target import DeployTarget
from slipway.operators import bake_image, preview, swap
from slipway.operators.bake_image import BakeImageOperator
from slipway.operators.choose_release import ChooseReleaseOperator
from slipway.operators.images import bakes
from slipway.operators.preview import ImageOutlook
from slipway.tasks.consent import Admission
from slipway.tasks.editions import same
from slipway.tasks.editions.kept import note_launch, prove
from slipway.tasks.images.layers import Layers
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.slipway.fleet import moto_cloud
from tests.slipway.fleet.moto_cloud import client
from tests.slipway.fleet.worlds import make_group, make_target
from tests.slipway.operators.packer import FakePacker
from tests.slipway.operators.releases import catalogue

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).resolve().parents[4]
CONTEXT: Any = {"ti": SimpleNamespace(dag_id="shop.dev", task_id="t", run_id="manual__1")}


@dataclass
class Shop:
    """What its project file says, and what serves.

    :param packer: has baked its images.
    :param cloud: its fleet.
    :param config: of the package.
    :param settings: of the environment.
    """

    packer: FakePacker = field(default_factory=FakePacker)
    cloud: FakeFleetCloud = field(default_factory=FakeFleetCloud)
    config: dict[str, str] = field(default_factory=lambda: {"PORT": "80"})
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def target(self) -> DeployTarget:
        return make_target(**self.settings)

    @property
    def layers(self) -> Layers:
        return Layers(
            region="eu-west-1", unit="shop.service", config=self.config, recipes=str(ROOT)
        )

    def choose(self, version: str) -> str:
        operator = ChooseReleaseOperator(
            task_id="choose_release", target=self.target, version=version, layers=self.layers
        )
        return str(operator.execute(CONTEXT)["release"]["version"])

    def bake(self, version: str, *, reuse: bool = True, on: str = "dev") -> MachineImage:
        operator = BakeImageOperator(
            task_id="bake_image",
            package=ReleaseCatalogue(artifact_store()).find("shop", version).package.to_json(),
            unit="shop.service",
            config=self.config,
            account=Account(aws_conn_id="aws", region="eu-west-1"),
            recipes=str(ROOT),
            reuse=reuse,
            admission=Admission(project="shop", environment=on),
        )
        return MachineImage.from_json(operator.execute(CONTEXT))

    def look(self, version: str) -> tuple[MachineImage, str]:
        package = ReleaseCatalogue(artifact_store()).find("shop", version).package
        outlook = ImageOutlook(layers=self.layers, aws_conn_id="aws", environment="dev")
        return outlook.look(package)

    def serve(self, version: str, image: MachineImage, *, noted: bool = True) -> None:
        """Have a release serve alone, as a swap leaves it."""
        group = make_group(version, image_id=image.image_id)
        self.cloud.groups = {group.name: group}
        self.cloud.close = {
            group.name: GroupSeen(name=group.name, made_of={"instance type": "t3.micro"})
        }
        if noted:
            note_launch(self.target, image)
            prove(self.target, version, image.image_id, print)
        release = Release(project="shop", sha="2" * 40, version=version)
        DeploymentHistory(artifact_store()).record(release, "dev", run_id="manual__1")

    def publish_base(self, name: str) -> str:
        """Publish a newer image of the operating system."""
        return str(client("ec2").register_image(Name=name, Architecture="x86_64")["ImageId"])


@contextmanager
def open_shop(patch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """Serve release 2.0, of an image with the settings of today."""
    shop = Shop()
    patch.setenv("AIRFLOW__SLIPWAY__SOURCE_OWNER", "self")
    patch.setenv("AIRFLOW__SLIPWAY__SOURCE_AMI", "image")
    engine = mock.create_autospec(ContainerEngine, instance=True)
    patch.setattr(bakes, "container_engine", lambda _: engine)
    patch.setattr(bakes, "account", lambda *_: None)
    for module in (bake_image, preview, same):
        patch.setattr(module, "aws_client", lambda _, __, service: client(service))
    patch.setattr(bakes, "bake", shop.packer)
    patch.setattr(swap, "fleet_cloud", lambda *_, **__: shop.cloud)
    catalogue("1.0", "2.0")
    with mock_aws():
        moto_cloud.furnish()
        shop.serve("2.0", shop.bake("2.0"))
        yield shop
