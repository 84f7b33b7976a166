"""A fleet that Terraform made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from moto import mock_aws

from tests.slipway.fleet import moto_cloud
from tests.slipway.fleet.swap import adopted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slipway.hooks.fleet.cloud import FleetCloud

NEW = "shop-dev-2"


@pytest.fixture
def cloud() -> Iterator[FleetCloud]:
    with mock_aws():
        moto_cloud.furnish()
        adopted.make()
        yield moto_cloud.fleet()
