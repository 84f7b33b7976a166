"""What is launched is the image that was baked of the release, and no other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from moto import mock_aws

from slipway.exceptions import MachineImageRefused, RecordRefused, ReleaseNotFound
from slipway.fleet import swap
from slipway.hooks.aws.machine_images import ImageCatalogue
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.image_records import ImageRecords
from slipway.model.facts import MachineImage
from slipway.operators import swap as fleet
from slipway.operators.swap import LaunchCanaryOperator, LaunchOperator
from slipway.tasks.images import search
from slipway.tasks.images.search import KnownImages, require_recorded
from tests.fakes.airflow_run import FakeTask
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.slipway.fleet import moto_cloud
from tests.slipway.fleet.moto_cloud import client
from tests.slipway.fleet.worlds import make_image, make_target
from tests.slipway.operators.releases import catalogue, make_record, on_record

TARGET = make_target()
RELEASE = make_record("2.0").checkout.release

pytestmark = pytest.mark.usefixtures("artifacts")


@pytest.fixture
def ami(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An image of the account, and a release in the catalogue."""
    monkeypatch.setattr(search, "aws_client", lambda _, __, service: client(service))
    with mock_aws():
        moto_cloud.furnish()
        catalogue("1.0", "2.0")
        yield moto_cloud.image()


def _image(ami: str) -> MachineImage:
    return replace(make_image("2.0"), image_id=ami, release=RELEASE)


def test_the_image_that_was_baked_of_the_release_is_launched(ami: str) -> None:
    on_record(ami, RELEASE, deb_sha256="d", owner=_owner(ami))
    require_recorded(_image(ami), TARGET)


def _owner(ami: str) -> str:
    found = ImageCatalogue(client("ec2")).look_up(ami)
    assert found
    return found.owner


def test_an_image_that_nobody_recorded_is_not_launched(ami: str) -> None:
    with pytest.raises(
        MachineImageRefused, match=rf"no record says that {ami} was baked of 2\.0"
    ) as no:
        require_recorded(_image(ami), TARGET)
    assert "bake_image" in no.value.advice


def test_an_image_of_another_release_is_not_launched(ami: str) -> None:
    on_record(ami, replace(RELEASE, version="1.0"), deb_sha256="d", owner=_owner(ami))
    with pytest.raises(MachineImageRefused, match=r"was baked of 2\.0"):
        require_recorded(_image(ami), TARGET)


def test_an_image_with_another_package_in_it_is_not_launched(ami: str) -> None:
    on_record(ami, RELEASE, deb_sha256="other", owner=_owner(ami))
    with pytest.raises(
        MachineImageRefused, match=r"holds a package with sha256 other, the release 2\.0"
    ):
        require_recorded(_image(ami), TARGET)


def test_an_image_that_another_account_shared_is_not_launched(ami: str) -> None:
    on_record(ami, RELEASE, deb_sha256="d", owner="999999999999")
    with pytest.raises(MachineImageRefused, match=r"belongs to account .* baked by 999999999999"):
        require_recorded(_image(ami), TARGET)


def test_an_image_of_another_project_is_not_launched(ami: str) -> None:
    on_record(ami, RELEASE, deb_sha256="d", owner=_owner(ami))
    with pytest.raises(MachineImageRefused, match="an image of shop, not of shop-admin"):
        require_recorded(_image(ami), make_target(project="shop-admin"))


def test_a_release_that_is_not_in_the_catalogue_is_not_launched(ami: str) -> None:
    unknown = replace(_image(ami), release=replace(RELEASE, version="9.9"))
    with pytest.raises(ReleaseNotFound):
        require_recorded(unknown, TARGET)


def test_who_writes_the_bucket_does_not_choose_what_is_launched(ami: str, artifacts: Path) -> None:
    on_record("ami-other", RELEASE, deb_sha256="d", owner=_owner(ami))
    folder = artifacts / "images" / "shop" / "2.0"
    text = (folder / "ami-other.json").read_text()
    for forged in (text, text.replace("ami-other", ami)):
        (folder / f"{ami}.json").write_text(forged)
        with pytest.raises(RecordRefused):
            require_recorded(_image(ami), TARGET)


@pytest.mark.parametrize("kind", [LaunchOperator, LaunchCanaryOperator])
def test_the_launch_itself_looks(kind: Any, ami: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = FakeFleetCloud(healthy={"2.0"})
    monkeypatch.setattr(fleet, "fleet_cloud", lambda *_, **__: cloud)
    monkeypatch.setattr(swap, "_AFTER_CHANGE", 0.0)
    operator = kind(task_id="t", target=TARGET, image=_image(ami).to_json())
    with pytest.raises(AirflowFailException, match="no record says"):
        operator.execute(FakeTask().context)
    assert cloud.groups == {}


def test_a_bake_is_recorded_with_the_owner_that_the_cloud_names(ami: str) -> None:
    images = KnownImages(
        catalogue=ImageCatalogue(client("ec2")),
        region="eu-west-1",
        records=ImageRecords(artifact_store()),
    )
    noted = images.note(ami, {"slipway:deb-sha256": "d"}, RELEASE)
    assert noted.owner == _owner(ami)
    require_recorded(_image(ami), TARGET)
    with pytest.raises(MachineImageRefused, match="the account has no such image"):
        images.note("ami-nowhere", {}, RELEASE)
