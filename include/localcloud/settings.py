"""Where one embedded cloud lives: its folder, its port, its addresses."""

from __future__ import annotations

import dataclasses
import ipaddress
from pathlib import Path

ACCOUNT = "123456789012"
# Any pair opens the embedded cloud; botocore only insists on having one.
ACCESS_KEY = "slipway"
SECRET_KEY = "slipway"  # noqa: S105 - not a secret: the API listens on loopback and checks nothing
# What the machines may read of S3.
APT_BUCKET = "slipway-apt"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class CloudSettings:
    """What tells one embedded cloud from another on the same machine.

    :param home: folder for sockets, HAProxy's configuration and ``cloud.json``.
    :param installation: value of the label ``slipway.installation`` on everything made.
    :param port: port of AWS's API on 127.0.0.1.
    :param cidr: addresses of the VPC, a /16.
    :param region: the one region in which instances become real.
    """

    home: Path
    installation: str
    port: int
    cidr: ipaddress.IPv4Network
    region: str

    @property
    def network(self) -> str:
        """Name of the Docker network that is the VPC."""
        return network_name(self.installation)

    @property
    def endpoint(self) -> str:
        """URL of the API on this machine."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def router(self) -> str:
        """Address of this machine on the VPC."""
        return str(self.cidr[1])

    @property
    def gateway(self) -> str:
        """Address at which the machines reach the API."""
        return str(self.cidr[2])

    @property
    def subnets(self) -> tuple[str, str]:
        """The /20 of either availability zone; the first /20 is the cloud's own."""
        twenties = list(self.cidr.subnets(new_prefix=20))
        return str(twenties[1]), str(twenties[2])


def network_name(installation: str) -> str:
    """Return the name of the installation's Docker network."""
    return f"slipway-cloud-{installation}"
