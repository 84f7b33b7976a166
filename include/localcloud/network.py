"""The VPC: a Docker network, and moto's default VPC with the same addresses.

One machine may have several embedded clouds, and whatever else uses private addresses: a cloud
takes the first /16 that nobody has.
"""

from __future__ import annotations

import ipaddress
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import docker
from moto.ec2.models import EC2Backend

from include.localcloud.api.patch import correct
from include.localcloud.compute.link_local import bridge_name
from include.localcloud.engine import NETWORK_KIND, Engine
from include.localcloud.settings import CloudSettings, network_name

# Out of the way of what Docker, home routers and most companies hand out first.
_CANDIDATES = (
    *(f"10.{second}.0.0/16" for second in range(213, 255)),
    *(f"172.{second}.0.0/16" for second in range(24, 32)),
)


class NoFreeAddresses(Exception):
    """Every block of addresses that a cloud would take is in use on this machine."""


def make_network(engine: Engine, settings: CloudSettings) -> None:
    """Make the Docker network; this machine is its router."""
    pool = docker.types.IPAMPool(subnet=str(settings.cidr), gateway=settings.router)
    engine.api.create_network(
        settings.network,
        driver="bridge",
        check_duplicate=True,
        ipam=docker.types.IPAMConfig(pool_configs=[pool]),
        labels=engine.labels(NETWORK_KIND),
        options={"com.docker.network.bridge.name": bridge_name(engine.installation)},
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


def free_cidr(engine: Engine) -> ipaddress.IPv4Network:
    """Return the first block that no network of Docker's and no route of this machine uses.

    :raises NoFreeAddresses: when there is none.
    """
    return first_free([*_docker_blocks(engine), *_routed_blocks(Path("/proc/net/route"))])


def first_free(taken: Iterable[ipaddress.IPv4Network]) -> ipaddress.IPv4Network:
    """Return the first block that overlaps none of those taken.

    :raises NoFreeAddresses: when there is none.
    """
    used = list(taken)
    for block in map(ipaddress.IPv4Network, _CANDIDATES):
        if not any(block.overlaps(one) for one in used):
            return block
    msg = "no /16 is free between 10.213 and 10.254 or 172.24 and 172.31: give one with --cidr"
    raise NoFreeAddresses(msg)


def network_cidr(engine: Engine) -> ipaddress.IPv4Network:
    """Return the addresses of the installation's network, which must be there."""
    [block] = _blocks_of(engine.api.inspect_network(network_name(engine.installation)))
    return block


def _docker_blocks(engine: Engine) -> Iterator[ipaddress.IPv4Network]:
    return itertools.chain.from_iterable(_blocks_of(one) for one in engine.api.networks())


def _blocks_of(network: dict[str, Any]) -> Iterator[ipaddress.IPv4Network]:
    for pool in network["IPAM"]["Config"] or ():
        block = ipaddress.ip_network(pool["Subnet"])
        if isinstance(block, ipaddress.IPv4Network):
            yield block


def _routed_blocks(table: Path) -> Iterator[ipaddress.IPv4Network]:
    """Read the kernel's routes, whose addresses are hexadecimal, last byte first (proc(5))."""
    for line in table.read_text().splitlines()[1:]:
        _, destination, *_, mask = line.split()[:8]
        address, bits = (bytes.fromhex(word)[::-1] for word in (destination, mask))
        # The default route leads everywhere, so it says nothing.
        if any(bits):
            length = int.from_bytes(bits).bit_count()
            yield ipaddress.IPv4Network((address, length))
