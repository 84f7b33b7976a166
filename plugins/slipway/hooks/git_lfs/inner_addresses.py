"""How far inside a network an address lies, so that nobody outside leads a worker further in."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from enum import IntEnum


class Depth(IntEnum):
    """Where an address lies, from everybody's to this machine's own."""

    PUBLIC = 0
    PRIVATE = 1
    """Of a company's network; RFC 1918, unique local, shared."""
    OWN = 2
    """Of this machine, or of the cloud that it is in: loopback, link-local, none at all."""


def depth_of(address: str) -> Depth:
    """Tell where an address lies.

    :param address: an IP address, as a resolver gives it.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        found = found.ipv4_mapped or found.sixtofour or found
    if found.is_loopback or found.is_link_local or found.is_unspecified or found.is_multicast:
        return Depth.OWN
    return Depth.PUBLIC if found.is_global else Depth.PRIVATE


async def depth_of_host(host: str) -> Depth:
    """Tell where a server lies, by the innermost of its addresses.

    :param host: a name, or an address in any form that a resolver takes. What has no address here
        is taken for public: whoever connects finds out, or a proxy knows it.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            host.strip("[]"), None, type=socket.SOCK_STREAM
        )
    except (OSError, UnicodeError):
        return Depth.PUBLIC
    return max((depth_of(str(one[4][0])) for one in found), default=Depth.PUBLIC)
