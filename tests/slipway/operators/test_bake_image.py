"""A bake from its plan to its record; Packer alone is stood in for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from moto import mock_aws

from slipway.hooks.aws.lookup import tags_of
from slipway.hooks.docker.engine import ContainerEngine
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.image_records import ImageRecords
from slipway.hooks.store.installation import installation_name
from slipway.hooks.tools.packer import Bake
from slipway.model.cloud.account import Account
from slipway.model.facts import MachineImage
from slipway.operators import bake_image
from slipway.operators.bake_image import BakeImageOperator
from slipway.operators.images import bakes
from slipway.tasks.consent import Admission
from tests.slipway.fleet import moto_cloud
from tests.slipway.fleet.moto_cloud import client
from tests.slipway.operators.packer import FakePacker, image
from tests.slipway.operators.releases import catalogue, make_record

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = make_record("2.0").package

pytestmark = pytest.mark.usefixtures("artifacts")


@pytest.fixture
def packer(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakePacker]:
    monkeypatch.setenv("AIRFLOW__SLIPWAY__SOURCE_OWNER", "self")
    monkeypatch.setenv("AIRFLOW__SLIPWAY__SOURCE_AMI", "image")
    engine = mock.create_autospec(ContainerEngine, instance=True)
    monkeypatch.setattr(bakes, "container_engine", lambda _: engine)
    monkeypatch.setattr(bake_image, "aws_client", lambda _, __, service: client(service))
    monkeypatch.setattr(bakes, "account", lambda *_: None)
    fake = FakePacker()
    monkeypatch.setattr(bakes, "bake", fake)
    catalogue("2.0")
    with mock_aws():
        moto_cloud.furnish()
        yield fake


def bake(run: str = "r", *, reuse: bool = False) -> MachineImage:
    operator = BakeImageOperator(
        task_id="bake_image",
        package=PACKAGE.to_json(),
        unit="shop.service",
        config={},
        account=Account(aws_conn_id="aws", region="eu-west-1"),
        recipes=str(ROOT),
        reuse=reuse,
        admission=Admission(project="shop", environment="dev"),
    )
    ti = SimpleNamespace(dag_id="shop", task_id="bake_image", run_id=run)
    context: Any = {"ti": ti}
    return MachineImage.from_json(operator.execute(context))


def test_what_was_baked_is_on_record_and_found_again(packer: FakePacker) -> None:
    first = bake()
    assert packer.layers == ["base", "app"]
    assert not first.reused
    record = ImageRecords(artifact_store()).find(first.image_id, PACKAGE.release)
    assert record
    assert record.tags["slipway:deb-sha256"] == PACKAGE.sha256
    for reuse in (True, False):
        again = bake("later", reuse=reuse)
        assert (again.image_id, again.reused) == (first.image_id, True)
        assert again.base_image_id == first.base_image_id
    assert len(packer.baked) == 2


def test_everything_of_a_bake_says_whose_it_is(packer: FakePacker) -> None:
    made = bake()
    (found,) = client("ec2").describe_images(ImageIds=[made.image_id])["Images"]
    assert tags_of(found)["slipway:installation"] == installation_name(artifact_store())
    for plan in packer.baked:
        assert plan.name.startswith("slipway-bake-shop.dev.")
        assert plan.builder_marks == {"slipway:project": "shop", "slipway:environment": "dev"}
    # Base layers are shared by all projects, so they carry none.
    assert "slipway:project" not in {**packer.baked[0].tags, **packer.baked[0].marks}


def test_an_image_that_is_slipped_in_during_a_bake_is_not_taken_for_it(packer: FakePacker) -> None:
    """Who may tag in the account gives an image of theirs the tags, and it is the newer one."""
    planted: list[str] = []

    def plant(plan: Bake) -> None:
        planted.append(image(f"{plan.image_name}-x", {**plan.tags, **plan.marks}))

    packer.meanwhile = plant
    made = bake()
    assert made.image_id not in planted
    assert made.base_image_id not in planted
    assert bake("later", reuse=True).image_id == made.image_id


def test_a_worker_that_dies_before_the_record_is_followed_by_one_that_bakes(
    packer: FakePacker,
) -> None:
    class Killed(BaseException):
        """Nothing of ours catches it."""

    def die(plan: Bake) -> None:
        if plan.tags["slipway:layer"] == "app":
            raise Killed

    packer.meanwhile = die
    with pytest.raises(Killed):
        bake()
    packer.meanwhile = lambda _: None
    made = bake()
    assert not made.reused
    assert packer.layers == ["base", "app", "app"]
    assert made.name == f"{packer.baked[1].image_name}-2"


def test_a_second_airflow_uses_no_image_of_the_first(
    packer: FakePacker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = bake()
    monkeypatch.setenv("AIRFLOW__SLIPWAY__ARTIFACTS", (tmp_path / "other").as_uri())
    catalogue("2.0")
    second = bake()
    assert packer.layers == ["base", "app", "base", "app"]
    assert second.image_id != first.image_id
    assert second.name != first.name
    assert second.base_image_id != first.base_image_id
