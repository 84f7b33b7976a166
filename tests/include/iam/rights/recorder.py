"""What is called at AWS, recorded, in an account of moto's."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from moto import mock_aws

from tests.include.iam.calls import action
from tests.include.iam.evaluator import Request
from tests.include.iam.requests import requests
from tests.slipway.fleet import moto_cloud
from tests.slipway.fleet.moto_cloud import client

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def account() -> Iterator[None]:
    with mock_aws():
        moto_cloud.furnish()
        tags = {"slipway:project": "shop", "slipway:layer": "app"}
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        client("ec2").create_tags(Resources=[moto_cloud.image()], Tags=pairs)
        yield


@contextmanager
def recording() -> Iterator[list[Request]]:
    """Note what IAM is asked, call by call."""
    made: list[Request] = []
    busy: list[str] = []

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        if not busy:  # to find out a request's context takes calls as well
            busy.append(model.name)
            made.extend(requests(action(model.service_model.service_name, model.name), params))
            busy.clear()

    services = ("autoscaling", "cloudwatch", "ec2", "elbv2", "ssm")
    for service in services:
        client(service).meta.events.register("provide-client-params", note, unique_id="rights")
    try:
        yield made
    finally:
        for service in services:
            client(service).meta.events.unregister("provide-client-params", unique_id="rights")
