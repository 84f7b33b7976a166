"""The embedded cloud that the stack delivers to, and what the stack is told of it."""

from __future__ import annotations

import json
import shutil
import sys
import time
from ipaddress import IPv4Network
from typing import Any

import boto3

from include.demo import processes
from include.demo.airflow_api import DemoFailed
from include.demo.airflow_environment import cloud_connections, postgres_connection
from include.demo.progress import say
from include.demo.signing_key import make_signing_key
from include.demo.stack import lay_guestbook
from include.localcloud.engine import Engine
from include.localcloud.network import free_cidr
from include.localcloud.settings import ACCESS_KEY, SECRET_KEY, network_name
from include.stack import paths

# The way from the stack's network to the cloud's socket. It answers to the name of loopback alone.
_RELAY = """\
global
    maxconn 1000
defaults
    mode http
    timeout connect 2s
    timeout client 120s
    timeout server 120s
    retries 3
frontend api
    bind :4566
    default_backend api
backend api
    http-request set-header Host 127.0.0.1
    server api unix@/cloud/api.sock
"""
_PATIENCE = 120.0


def start() -> str:
    """Start the cloud, lay out the guestbook's places and return the machines' way to it."""
    say("starting the embedded cloud")
    shutil.rmtree(paths.CLOUD, ignore_errors=True)
    paths.CLOUD.mkdir(mode=0o700, parents=True)
    argv = [sys.executable, "-m", "include.localcloud", "serve", "--home", str(paths.CLOUD)]
    argv += ["--installation", paths.INSTALLATION, "--port", str(paths.CLOUD_PORT)]
    processes.start(paths.CLOUD_PROCESS, [*argv, "--region", paths.REGION], {})
    gateway = str(_facts()["gateway"])
    (paths.CLOUD / "host" / "haproxy.cfg").write_text(_RELAY)
    return gateway


def lay_out() -> dict[str, str]:
    """Make network, load balancers, databases and buckets.

    :returns: the databases' URLs by Airflow connection id.
    """
    say("laying out network, load balancers, databases and buckets")
    databases = lay_guestbook(paths.ENDPOINT, paths.INSTALLATION, paths.LISTENERS)
    s3 = boto3.client(
        "s3",
        endpoint_url=paths.ENDPOINT,
        region_name=paths.REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )
    for bucket in (paths.ARTIFACTS, paths.LOGS):
        there = {"LocationConstraint": paths.REGION}
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=there)
    return databases


def free_block() -> IPv4Network:
    """Return addresses that nobody on this machine uses."""
    return free_cidr(Engine(installation=paths.INSTALLATION))


def places(block: IPv4Network) -> dict[str, str]:
    """Return the addresses that Compose is told: a subnet, and the way to the cloud in it.

    :param block: where they are taken from.
    """
    subnet = next(block.subnets(new_prefix=24))
    _, dealt_out = subnet.subnets()
    return {
        "SLIPWAY_SUBNET": str(subnet),
        "SLIPWAY_SUBNET_RANGE": str(dealt_out),
        "SLIPWAY_CLOUD_ADDRESS": str(subnet[2]),
        "SLIPWAY_CLOUD_NETWORK": network_name(paths.INSTALLATION),
    }


def connections(*, gateway: str, address: str, databases: dict[str, str]) -> dict[str, Any]:
    """Return Airflow's connections.

    :param gateway: URL at which the cloud's machines reach it.
    :param address: at which the stack does. One for the workers and for the tools beside them,
        which are in the network of the machine; and with an address, no bucket is a host's name.
    :param databases: what :func:`lay_out` returned.
    """
    cloud = cloud_connections(
        endpoint=f"http://{address}:4566", signing_key=make_signing_key(), gateway=gateway
    )
    for one in cloud.values():
        if "extra" in one:
            one["extra"] = json.dumps(one["extra"])
    return {
        **cloud,
        "slipway_bundle": {"conn_type": "git"},
        **{name: postgres_connection(url) for name, url in databases.items()},
    }


def _facts() -> dict[str, Any]:
    file, deadline = paths.CLOUD / "cloud.json", time.monotonic() + _PATIENCE
    while time.monotonic() < deadline and processes.alive(paths.CLOUD_PROCESS):
        if file.exists():
            facts: dict[str, Any] = json.loads(file.read_text())
            return facts
        time.sleep(0.2)
    msg = f"the cloud did not start:\n{processes.last_lines(paths.CLOUD_PROCESS)}"
    raise DemoFailed(msg)
