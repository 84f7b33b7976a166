"""Retention as housekeeping runs it: the catalogue, the history and the cloud together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from slipway import retention as decision
from slipway.facts import Release
from slipway.hooks.artifact_store import artifact_store
from slipway.hooks.deployment_history import DeploymentHistory
from slipway.operators import retention
from slipway.operators.retention import RetireBaseImagesOperator, RetireImagesOperator
from tests.slipway.fleet import moto_cloud
from tests.slipway.fleet.moto_cloud import client, fleet, launch
from tests.slipway.hooks.test_image_retention import bake
from tests.slipway.operators.releases import catalogue

PLACE: dict[str, Any] = {"aws_conn_id": "aws_default", "region": "eu-west-1"}


@pytest.fixture(autouse=True)
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AIRFLOW__SLIPWAY__ARTIFACTS", f"file://{tmp_path}")
    monkeypatch.setattr(retention, "aws_client", lambda _, __, service: client(service))
    monkeypatch.setattr(decision, "YOUNG", -1.0)
    with mock_aws():
        moto_cloud.furnish()
        yield


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
