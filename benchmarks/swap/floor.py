"""The floor of a swap: a machine's boot, the service's start, half a health check's interval."""

from __future__ import annotations

import http.client
import time
from typing import Any

from benchmarks.swap import app
from benchmarks.swap import cloud as swap_cloud
from benchmarks.swap.drive import Drive
from slipway.fleet.user_data import user_data

_VERSION = "0.0+floor"


def floor(drive: Drive, image_id: str, *, machines: int) -> float:
    """Return the seconds that bare machines take until each answers, and half an interval.

    :param machines: launched by one call.
    """
    data = user_data(drive.target(_VERSION), drive.image(_VERSION).release)
    ec2 = swap_cloud.client("ec2")
    began = time.monotonic()
    with swap_cloud.bare_machines(ec2, image_id, data, machines) as names:
        # An address without a machine would have the kernel wait a second for its ARP; a machine
        # that has begun to run is still far from answering.
        swap_cloud.until(lambda: _running(ec2, names), seconds=60, every=0.1)
        addresses = _addresses(ec2, names)
        swap_cloud.until(lambda: all(map(_answers, addresses)), seconds=60)
        seconds = time.monotonic() - began
    return seconds + swap_cloud.CHECK_INTERVAL / 2


def _described(ec2: Any, names: list[str]) -> list[dict[str, Any]]:
    found = ec2.describe_instances(InstanceIds=names)["Reservations"]
    return [one for each in found for one in each["Instances"]]


def _running(ec2: Any, names: list[str]) -> bool:
    return all(one["State"]["Name"] == "running" for one in _described(ec2, names))


def _addresses(ec2: Any, names: list[str]) -> list[str]:
    return [str(one["PrivateIpAddress"]) for one in _described(ec2, names)]


def _answers(address: str) -> bool:
    connection = http.client.HTTPConnection(address, app.PORT, timeout=1)
    try:
        connection.request("GET", app.HEALTH)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
