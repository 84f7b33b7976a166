"""Retention as housekeeping runs it: the catalogue, the history and the cloud together."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from slipway.exceptions import CloudUnavailable
from slipway.hooks.aws.image_cleanup import ImageRetention
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.deployments import DeploymentHistory
from slipway.hooks.store.editions import Editions
from slipway.hooks.store.installation import installation_name
from slipway.model.cloud.account import Account
from slipway.model.facts import Release
from slipway.model.launched import Launched, LaunchSettings
from slipway.operators.housekeeping import retire_images as retention
from slipway.operators.housekeeping.retire_images import (
    ForgetRunsOperator,
    RetireBaseImagesOperator,
    RetireImagesOperator,
)
from slipway.policies import image_retention as decision
from tests.slipway.fleet import moto_cloud
from tests.slipway.fleet.moto_cloud import client, fleet, launch
from tests.slipway.fleet.worlds import make_target
from tests.slipway.hooks.aws import images_of_others as images
from tests.slipway.operators.releases import catalogue, on_record

PLACE: dict[str, Any] = {"account": Account(aws_conn_id="aws_default", region="eu-west-1")}


@pytest.fixture(autouse=True)
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AIRFLOW__SLIPWAY__ARTIFACTS", f"file://{tmp_path}")
    monkeypatch.setattr(retention, "aws_client", lambda _, __, service: client(service))
    monkeypatch.setattr(decision, "YOUNG", -1.0)
    with mock_aws():
        moto_cloud.furnish()
        yield


def bake(name: str, **more: str) -> str:
    """Make an image in the name of this catalogue."""
    mine = {"slipway__installation": installation_name(artifact_store())}
    return images.bake(name, **{**mine, **more})


def _retire(keep: int) -> Any:
    operator = RetireImagesOperator(
        task_id="t", project="shop", environments=["dev", "prod"], keep=keep, **PLACE
    )
    return operator.execute({})


def _served(environment: str, *versions: str) -> None:
    history = DeploymentHistory(artifact_store())
    for version in versions:
        release = Release(project="shop", sha="a" * 40, version=version)
        history.record(release, environment, run_id="r")


def test_what_nobody_needs_goes() -> None:
    versions = [f"{n}.0" for n in range(1, 8)]
    made = {version: bake(version) for version in versions}
    catalogue(*versions)
    _served("prod", "1.0", "3.0", "4.0")
    fleet().launch(launch("2.0", image_id=made["2.0"]))
    # 3.0 is the way back from what prod runs, 2.0 has a group, 6.0 and 7.0 are the last.
    assert set(_retire(keep=2)) == {made["1.0"], made["5.0"]}
    assert _retire(keep=2) == []


def test_without_a_catalogue_nothing_goes() -> None:
    bake("1.0")
    assert _retire(keep=1) == []


def test_base_layers_that_nobody_stands_on() -> None:
    bases = [bake(f"base-{n}", slipway__layer="base") for n in range(5)]
    app = bake("1.0", **{"slipway:base-image": bases[0]})
    gone = RetireBaseImagesOperator(task_id="t", **PLACE).execute({})
    assert isinstance(gone, list)
    assert len(gone) in (1, 2)  # moto's images may be of the same second
    assert bases[0] not in gone
    assert app not in gone


def _other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second Airflow in the account, with the same settings and a catalogue of its own."""
    monkeypatch.setenv("AIRFLOW__SLIPWAY__ARTIFACTS", f"file://{tmp_path / 'other'}")


def test_a_second_airflow_does_not_retire_the_firsts_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [bake("1.0"), bake("2.0")]
    base = [bake(f"base-{n}", slipway__layer="base") for n in range(5)]
    _other(tmp_path, monkeypatch)
    catalogue("3.0")
    assert _retire(keep=1) == []
    gone = RetireBaseImagesOperator(task_id="t", **PLACE).execute({})
    assert gone == []
    there = {one["ImageId"] for one in client("ec2").describe_images(Owners=["self"])["Images"]}
    assert {*made, *base} <= there


def test_a_second_airflow_leaves_the_disks_that_the_first_is_taking_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = bake("1.0")
    disks = images.disks_of(image)
    client("ec2").deregister_image(ImageId=image)
    _other(tmp_path, monkeypatch)
    catalogue("3.0")
    _retire(keep=1)
    assert images.disks() == set(disks)


def test_a_copied_catalogue_is_another_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = installation_name(artifact_store())
    assert installation_name(artifact_store()) == first
    text = (tmp_path / "installation.json").read_text()
    _other(tmp_path, monkeypatch)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "installation.json").write_text(text)
    second = installation_name(artifact_store())
    assert second != first
    assert installation_name(artifact_store()) == second
    assert first.startswith("test-")


def test_an_image_of_before_an_upgrade_goes_only_if_the_catalogue_names_it() -> None:
    catalogue("1.0", "2.0", "3.0")
    unknown = bake("1.0", slipway__installation="")
    named = bake("2.0", slipway__installation="")
    on_record(named, Release(project="shop", sha="", version="2.0"))
    assert _retire(keep=1) == [named]
    tag = {"Key": "slipway:installation", "Value": installation_name(artifact_store())}
    client("ec2").create_tags(Resources=[unknown], Tags=[tag])
    assert _retire(keep=1) == [unknown]


def test_a_worker_whose_clock_runs_ahead_retires_nothing_young(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    catalogue("1.0", "2.0")
    bake("1.0")
    monkeypatch.setattr(decision, "YOUNG", 86_400.0)
    monkeypatch.setattr("time.time", lambda: 4_000_000_000.0)
    assert _retire(keep=1) == []


def test_the_cloud_says_what_time_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = ImageRetention(client, {}, "mine")
    answer = {"ResponseMetadata": {"HTTPHeaders": {"date": "Thu, 01 Jan 1970 00:01:00 GMT"}}}
    monkeypatch.setattr(client("ec2"), "describe_regions", lambda: answer)
    assert layer.now() == 60.0
    answer["ResponseMetadata"]["HTTPHeaders"] = {}
    with pytest.raises(CloudUnavailable, match="no date"):
        layer.now()


def test_it_says_how_much_room_the_images_had(capsys: pytest.CaptureFixture[str]) -> None:
    for version in ("1.0", "2.0", "3.0"):
        bake(version)
    catalogue("1.0", "2.0", "3.0")
    assert len(_retire(keep=1)) == 2
    assert "freed: machine image x 2, " in capsys.readouterr().out


def test_notes_of_runs_go_with_their_size_in_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = artifact_store()
    for key, days in (("runs/old/test.json", 91), ("runs/pr/built/0f.tar", 8)):
        store.put(key, b"x" * 2048)
        at = time.time() - days * 86400
        os.utime(tmp_path / key, (at, at))
    store.put_json("runs/pr/test.json", {})
    assert ForgetRunsOperator(task_id="t").execute({}) == 1
    told = capsys.readouterr().out
    assert "freed: run's notes x 1, 2.0 KiB" in told
    assert "freed: pull request's build x 1, 2.0 KiB" in told


def test_an_image_that_a_release_had_with_other_settings_is_there_for_the_way_back() -> None:
    before, now = bake("1.0"), bake("1.0")
    catalogue("1.0")
    for version, image in (("1.0", before), ("1.0@0123abcd", now)):
        Editions(artifact_store()).note(
            Launched(
                release=Release(project="shop", sha="a" * 40, version=version),
                environment="prod",
                settings=LaunchSettings.of(make_target()),
                image_id=image,
            )
        )
    _served("prod", "1.0", "1.0@0123abcd")
    assert _retire(keep=5) == []
    # A release that took its place is what one goes back to then.
    catalogue("2.0", "3.0")
    _served("prod", "2.0", "3.0")
    assert set(_retire(keep=1)) == {before, now}
