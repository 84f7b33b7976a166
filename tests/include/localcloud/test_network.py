"""Which block of addresses a cloud takes."""

from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path

import pytest

from include.localcloud import network
from include.localcloud.network import NoFreeAddresses, first_free


def blocks(*cidrs: str) -> list[IPv4Network]:
    return [IPv4Network(one) for one in cidrs]


@pytest.mark.parametrize(
    ("taken", "chosen"),
    [
        ([], "10.213.0.0/16"),
        (["172.17.0.0/16", "192.168.0.0/16"], "10.213.0.0/16"),
        (["10.213.0.0/16"], "10.214.0.0/16"),
        (["10.213.7.0/24", "10.214.0.0/15"], "10.216.0.0/16"),
        (["10.0.0.0/8"], "172.24.0.0/16"),
    ],
)
def test_the_first_block_that_overlaps_nothing(taken: list[str], chosen: str) -> None:
    assert str(first_free(blocks(*taken))) == chosen


def test_no_block_left() -> None:
    with pytest.raises(NoFreeAddresses, match="--cidr"):
        first_free(blocks("10.0.0.0/8", "172.16.0.0/12"))


def test_routes_are_read_from_the_kernel(tmp_path: Path) -> None:
    table = tmp_path / "route"
    table.write_text(
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
        "eth0\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
        "tun0\t0000D50A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
        "eth0\t0002000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
    )
    routed = list(network._routed_blocks(table))
    assert routed == blocks("10.213.0.0/16", "10.0.2.0/24")
