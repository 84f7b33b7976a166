"""The embedded cloud that all cases share, with an environment for each that runs beside others."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3

from include.localcloud.infrastructure import lay_network
from slipway.hooks.fleet.lease import FleetLease
from tests import cloud_process
from tests.cloud_process import REGION, serving
from tests.lanes import own, port

INSTALLATION, PROJECT = own("test-faults"), "shop"
PORT, FIRST_LISTENER = port(4616), port(18616)
ENDPOINT = f"http://127.0.0.1:{PORT}"

_CLIENTS: dict[str, Any] = {}
_MAKING = threading.Lock()


def client(service: str) -> Any:
    """Return a client that goes past every proxy; threads may share it, but not its making."""
    make: Any = boto3.client
    with _MAKING:
        if service not in _CLIENTS:
            _CLIENTS[service] = make(
                service,
                endpoint_url=ENDPOINT,
                region_name=REGION,
                aws_access_key_id="x",
                aws_secret_access_key="y",
            )
        return _CLIENTS[service]


def lease_name(environment: str) -> str:
    """Return the name of the parameter that is an environment's lease."""
    return FleetLease(client, project=PROJECT, environment=environment, owner="").name


def until(condition: Callable[[], Any], *, seconds: float) -> Any:
    """Wait for something to be true, and return it; what it was last when the time is over."""
    deadline = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return value


@contextlib.contextmanager
def running_cloud(home: Path) -> Iterator[None]:
    """Serve until the block ends; everything of it is removed then."""
    with serving(home, installation=INSTALLATION, port=PORT):
        lay_network(endpoint=ENDPOINT, region=REGION)
        yield


def lay(environment: str, listener: int) -> str:
    """Make an environment, and return its target group's ARN."""
    cloud_process.lay(ENDPOINT, PROJECT, environment, listener)
    name = f"{PROJECT}-{environment}"
    arn = str(
        client("elbv2").describe_target_groups(Names=[name])["TargetGroups"][0]["TargetGroupArn"]
    )
    delay = {"Key": "deregistration_delay.timeout_seconds", "Value": "1"}
    client("elbv2").modify_target_group_attributes(TargetGroupArn=arn, Attributes=[delay])
    return arn
