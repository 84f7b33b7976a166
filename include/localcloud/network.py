"""The VPC: a Docker network, and moto's default VPC with the same addresses."""

from __future__ import annotations

import ipaddress
from typing import Any

import docker
from moto.ec2.models import EC2Backend

from include.localcloud.correction import correct
from include.localcloud.engine import NETWORK_KIND, Engine
from include.localcloud.settings import CloudSettings


def make_network(engine: Engine, settings: CloudSettings) -> None:
    """Make the Docker network; this machine is its router."""
    pool = docker.types.IPAMPool(subnet=str(settings.cidr), gateway=settings.router)
    engine.api.create_network(
        settings.network,
        driver="bridge",
        check_duplicate=True,
        ipam=docker.types.IPAMConfig(pool_configs=[pool]),
        labels=engine.labels(NETWORK_KIND),
    )


def place_default_vpc(settings: CloudSettings) -> None:
    """Have moto make the default VPC of every region with this cloud's addresses."""

    def create_default_vpc(backend: Any) -> Any:
        vpc = backend.create_vpc(cidr_block=str(settings.cidr), is_default=True)
        zones = backend.describe_availability_zones()
        for zone, cidr in zip(zones, settings.subnets, strict=False):
            subnet = backend.create_subnet(vpc.id, cidr, availability_zone=zone.name)
            subnet.default_for_az = True
            # There are no public addresses here; this machine reaches the private ones.
            subnet.map_public_ip_on_launch = False
        return vpc

    correct(EC2Backend, create_default_vpc=create_default_vpc)


def checked_cidr(text: str) -> ipaddress.IPv4Network:
    """Read the VPC's addresses.

    :raises ValueError: unless it is a /16, the only size whose layout is defined.
    """
    cidr = ipaddress.IPv4Network(text)
    if cidr.prefixlen != 16:
        msg = f"{text}: the cloud's network must be a /16"
        raise ValueError(msg)
    return cidr
