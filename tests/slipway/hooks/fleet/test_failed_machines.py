"""A machine that is kept for somebody to look at, against the real calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from moto import mock_aws

from slipway.exceptions import CloudUnavailable
from slipway.hooks.aws import errors
from slipway.hooks.fleet import failed_machines
from slipway.hooks.fleet.cloud import FleetCloud
from tests.slipway.fleet import moto_cloud
from tests.slipway.fleet.moto_cloud import client, described, fleet, launch

GROUP = "shop-dev-1"


@pytest.fixture
def cloud() -> Iterator[FleetCloud]:
    with mock_aws():
        moto_cloud.furnish()
        cloud = fleet()
        cloud.launch(launch("1"))
        yield cloud


def _machines() -> list[str]:
    return [one["InstanceId"] for one in described(GROUP)["Instances"]]


def _state(name: str) -> str:
    found = client("ec2").describe_instances(InstanceIds=[name])["Reservations"]
    return str(found[0]["Instances"][0]["State"]["Name"])


def test_it_leaves_its_group_and_lives_until_its_time_is_over(cloud: FleetCloud) -> None:
    kept, other = _machines()
    for _ in range(2):  # done twice it is done once
        cloud.keep_failed(GROUP, kept, 4600)
    assert _machines() == [other]
    assert described(GROUP)["DesiredCapacity"] == 1
    cloud.delete(GROUP)
    [found] = cloud.kept_failed()
    assert (found.instance_id, found.version, found.until) == (kept, "1", 4600)
    assert _state(kept) == "running"
    for _ in range(2):
        cloud.end_failed(kept)
    assert _state(kept) == "terminated"
    assert cloud.kept_failed() == ()


def test_one_that_is_gone_already_is_no_trouble(cloud: FleetCloud) -> None:
    kept, _ = _machines()
    cloud.delete(GROUP)
    cloud.keep_failed(GROUP, kept, 4600)
    cloud.end_failed("i-00000000000000000")


def test_one_that_is_still_in_its_group_is_not_kept_yet(cloud: FleetCloud) -> None:
    """A task was killed after the tag; the next look takes it out, or the group goes with it."""
    kept, other = _machines()
    tag = [{"Key": "slipway:failed-until", "Value": "4600"}]
    client("ec2").create_tags(Resources=[kept], Tags=tag)
    assert [(one.instance_id, one.grouped) for one in cloud.kept_failed()] == [(kept, True)]
    cloud.keep_failed(GROUP, kept, 4700)
    assert [(one.until, one.grouped) for one in cloud.kept_failed()] == [(4700, False)]
    assert _machines() == [other]


def test_without_its_tag_it_stays_where_it_is(
    cloud: FleetCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or nobody would ever end it."""
    monkeypatch.setattr(failed_machines, "_PAUSE", 0.0)
    monkeypatch.setattr(errors, "PATIENCE", 0.0)
    before = _machines()
    with (
        mock.patch.object(FleetCloud, "kept_failed", autospec=True, return_value=()),
        pytest.raises(CloudUnavailable, match="not to be seen"),
    ):
        cloud.keep_failed(GROUP, before[0], 4600)
    assert _machines() == before


@pytest.mark.parametrize("value", ["soon", "", "-1"])
def test_a_time_that_somebody_spoiled_is_over(cloud: FleetCloud, value: str) -> None:
    kept, _ = _machines()
    cloud.keep_failed(GROUP, kept, 4600)
    tag = [{"Key": "slipway:failed-until", "Value": value}]
    client("ec2").create_tags(Resources=[kept], Tags=tag)
    assert [one.until for one in cloud.kept_failed()] == [0]


def test_another_environments_machines_are_its_own_affair(cloud: FleetCloud) -> None:
    cloud.keep_failed(GROUP, _machines()[0], 4600)
    assert fleet(environment="prod").kept_failed() == ()


def test_the_balancer_gives_its_reasons(cloud: FleetCloud) -> None:
    cloud.attach(GROUP)
    words: dict[str, Any] = cloud.target_words()
    assert set(words) == set(_machines())
    assert all(word.startswith("healthy") for word in words.values())
