"""The lease as the tests see it, past the proxy."""

from __future__ import annotations

from botocore.exceptions import ClientError

from slipway.exceptions import LeaseHeld
from slipway.hooks.fleet.lease import FleetLease, read_holder
from tests.faults.cloud import PROJECT, client, lease_name
from tests.faults.lane import Lane


def token(lane: Lane) -> str | None:
    """Return the lease as it lies in the cloud."""
    try:
        found = client("ssm").get_parameter(Name=lease_name(lane.environment))
    except ClientError:
        return None
    return str(found["Parameter"]["Value"])


def refused(lane: Lane, old: str) -> bool:
    """Say whether whoever holds an old token is refused now."""
    mine = read_holder(old)
    lease = FleetLease(client, project=PROJECT, environment=lane.environment, owner=mine.owner)
    lease._mine = mine
    try:
        lease.check()
    except LeaseHeld:
        return True
    return False
