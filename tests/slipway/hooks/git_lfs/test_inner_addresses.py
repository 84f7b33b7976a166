"""How far inside a network an address lies."""

from __future__ import annotations

import asyncio

import pytest

from slipway.hooks.git_lfs.inner_addresses import Depth, depth_of, depth_of_host


@pytest.mark.parametrize(
    ("address", "depth"),
    [
        ("93.184.216.34", Depth.PUBLIC),
        ("2606:2800:220:1::1", Depth.PUBLIC),
        ("10.1.2.3", Depth.PRIVATE),
        ("192.168.0.1", Depth.PRIVATE),
        ("172.20.0.1", Depth.PRIVATE),
        ("100.100.100.200", Depth.PRIVATE),
        ("fd00:ec2::254", Depth.PRIVATE),
        ("::ffff:10.0.0.1", Depth.PRIVATE),
        ("169.254.169.254", Depth.OWN),
        ("::ffff:169.254.169.254", Depth.OWN),
        ("2002:a9fe:a9fe::1", Depth.OWN),
        ("fe80::1%eth0", Depth.OWN),
        ("127.0.0.53", Depth.OWN),
        ("::1", Depth.OWN),
        ("0.0.0.0", Depth.OWN),
        ("::", Depth.OWN),
        ("224.0.0.1", Depth.OWN),
    ],
)
def test_an_address_lies_where_it_lies_however_it_is_written(address: str, depth: Depth) -> None:
    assert depth_of(address) is depth


@pytest.mark.parametrize(
    ("host", "depth"),
    [
        ("localhost", Depth.OWN),
        ("2130706433", Depth.OWN),
        ("0x7f.1", Depth.OWN),
        ("[::1]", Depth.OWN),
        ("no-such-name.invalid", Depth.PUBLIC),
        ("x" * 300, Depth.PUBLIC),
    ],
)
def test_a_name_lies_where_its_innermost_address_does(host: str, depth: Depth) -> None:
    assert asyncio.run(depth_of_host(host)) is depth
