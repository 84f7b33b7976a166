from __future__ import annotations

from itertools import product

import pytest

from slipway.model.cloud.machine import (
    DISTRIBUTIONS,
    Architecture,
    Machine,
    OperatingSystem,
    SourceImage,
    architecture_of,
    platform_of_base_layer,
    smallest_like,
)


@pytest.mark.parametrize(
    ("os", "user", "suite", "owner", "name"),
    [
        ("debian-12", "admin", "bookworm", "136693071363", "debian-12-arm64-*"),
        ("debian-13", "admin", "trixie", "136693071363", "debian-13-arm64-*"),
        (
            "ubuntu-22.04",
            "ubuntu",
            "jammy",
            "099720109477",
            "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-arm64-server-*",
        ),
        (
            "ubuntu-24.04",
            "ubuntu",
            "noble",
            "099720109477",
            "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-*",
        ),
    ],
)
def test_what_each_operating_system_starts_from(
    os: str, user: str, suite: str, owner: str, name: str
) -> None:
    found = DISTRIBUTIONS[OperatingSystem(os)]
    assert (found.ssh_user, found.suite) == (user, suite)
    assert found.source(Architecture.ARM64) == SourceImage(owner=owner, name=name)


@pytest.mark.parametrize(
    ("types", "architecture"),
    [
        (
            "a1.medium t4g.small m6gd.large c7gn.xlarge im4gn.large is4gen.medium x2gd.large "
            "g5g.xlarge hpc7g.4xlarge r8g.large m8gb.large p6e-gb200.36xlarge",
            "arm64",
        ),
        (
            "t3.micro t3a.small m7i-flex.large g4dn.xlarge g6.xlarge p5.48xlarge u-6tb1.metal "
            "u7in-16tb.224xlarge x2iedn.large hpc6a.48xlarge c5n.large vt1.3xlarge",
            "amd64",
        ),
    ],
)
def test_an_instance_type_tells_its_architecture(types: str, architecture: str) -> None:
    assert {architecture_of(one).value for one in types.split()} == {architecture}


def test_a_type_of_the_other_architecture_is_named_in_the_same_size() -> None:
    for old in ("t3.micro", "m5.large", "c5.24xlarge"):
        for architecture in Architecture:
            near = smallest_like(old, architecture)
            assert architecture_of(near) is architecture
            assert near.rpartition(".")[2] == old.rpartition(".")[2]


def test_machines_that_differ_have_identities_that_differ() -> None:
    many = [
        Machine(os=OperatingSystem.DEBIAN_13),
        Machine(architecture=Architecture.ARM64),
        Machine(roles=("a", "b")),
        Machine(roles=("b", "a")),
        Machine(packages=("tree",)),
        Machine(variables={"swap": "1G"}),
        Machine(variables={"swap": "2G"}),
        Machine(source=SourceImage(image_id="ami-1")),
        Machine(source=SourceImage(image_id="ami-2")),
    ]
    identities = [one.identity for one in many]
    assert len(set(identities)) == len(many)
    assert "" not in identities
    assert many[0].identity == "debian-13-amd64"
    assert all(len(one) < 256 for one in identities)


@pytest.mark.parametrize(
    ("name", "architecture", "platform"),
    [
        ("slipway-base-0a1b2c-run", "x86_64", "debian-12-amd64"),
        # Of before there was a choice: the source image was of this architecture.
        ("slipway-base-0a1b2c-run", "arm64", "debian-12-arm64"),
        ("slipway-base-debian-12-arm64-0a1b2c-run", "arm64", "debian-12-arm64"),
        ("slipway-base-debian-13-amd64-0a1b2c-run", "x86_64", "debian-13-amd64"),
        ("slipway-base-ubuntu-24.04-arm64-0a1b2c-run", "arm64", "ubuntu-24.04-arm64"),
        ("", "", "debian-12-amd64"),
    ],
)
def test_a_base_layers_name_tells_its_platform(name: str, architecture: str, platform: str) -> None:
    assert platform_of_base_layer(name, architecture) == platform


def test_the_name_of_every_base_layer_is_read_as_it_is_written() -> None:
    for os, architecture in product(OperatingSystem, Architecture):
        machine = Machine(os=os, architecture=architecture)
        name = f"{machine.base_layer}0a1b2c-run"
        assert platform_of_base_layer(name, architecture.in_ec2) == machine.platform


def test_who_says_nothing_or_says_the_defaults_has_the_machine_of_ever() -> None:
    assert Machine().identity == ""
    same = Machine(os=OperatingSystem("debian-12"), architecture=Architecture("amd64"))
    assert same.identity == ""
    assert Machine.from_json(Machine(roles=("a",)).to_json()) == Machine(roles=("a",))
