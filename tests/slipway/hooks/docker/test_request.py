from __future__ import annotations

from typing import Any

import docker
import pytest

from slipway.hooks.docker.request import create_arguments
from slipway.model.container import ContainerSpec, Limits, PortBinding, Security


@pytest.fixture
def client() -> docker.APIClient:
    """A client of a version that is named, so that it asks no engine."""
    return docker.APIClient(base_url="tcp://127.0.0.1:1", version="1.41")


def arguments(client: docker.APIClient, **spec: Any) -> dict[str, Any]:
    return create_arguments(client, ContainerSpec(name="n", image="i", **spec), {"l": "1"})


def test_nothing_is_asked_for_that_the_spec_does_not_say(client: docker.APIClient) -> None:
    asked = arguments(client)
    assert asked["command"] is None
    assert asked["entrypoint"] is None
    assert asked["labels"] == {"l": "1"}
    host = asked["host_config"]
    assert not {"CapAdd", "Privileged", "PidsLimit", "Memory", "SecurityOpt"} & {
        key for key, value in host.items() if value
    }
    assert host.get("Binds", []) == []


def test_an_empty_entrypoint_clears_the_images(client: docker.APIClient) -> None:
    assert arguments(client, entrypoint=())["entrypoint"] == ""
    assert arguments(client, entrypoint=("goose",), argv=("up",))["entrypoint"] == ["goose"]


def test_limits_and_rights(client: docker.APIClient) -> None:
    host = arguments(
        client,
        limits=Limits(memory=1 << 30, cpus=1.5, pids=64, share=256),
        security=Security(drop=("ALL",), add=("CHOWN",), no_new_privileges=True),
    )["host_config"]
    assert (host["Memory"], host["PidsLimit"]) == (1 << 30, 64)
    assert (host["CpuQuota"], host["CpuPeriod"]) == (150_000, 100_000)
    assert host["CpuShares"] == 256
    assert (host["CapDrop"], host["CapAdd"]) == (["ALL"], ["CHOWN"])
    assert host["SecurityOpt"] == ["no-new-privileges"]


def test_a_private_network_gets_aliases_and_a_shared_one_none(client: docker.APIClient) -> None:
    private = arguments(client, network="net", aliases=("db",))
    assert private["networking_config"]["EndpointsConfig"]["net"]["Aliases"] == ["db"]
    for shared in ("host", "container:abc"):
        asked = arguments(client, network=shared)
        assert "networking_config" not in asked
        assert asked["host_config"]["NetworkMode"] == shared


def test_a_volume_is_named_never_a_path(client: docker.APIClient) -> None:
    host = arguments(client, volumes={"work": "/drone/src"})["host_config"]
    (mount,) = host["Mounts"]
    assert (mount["Type"], mount["Source"], mount["Target"]) == ("volume", "work", "/drone/src")
    assert not mount["ReadOnly"]
    assert mount["VolumeOptions"] == {"Labels": {"l": "1"}}


def test_the_images_own_health_check_is_only_asked_more_often(client: docker.APIClient) -> None:
    asked = arguments(client, health_interval=1.0)
    assert asked["healthcheck"] == {"test": [], "interval": 1_000_000_000}


@pytest.mark.parametrize("network", ["host", "none", "bridge", "container:c1"])
def test_networks_of_dockers_own_have_no_endpoint(client: docker.APIClient, network: str) -> None:
    asked = arguments(client, network=network, aliases=("a",))
    assert "networking_config" not in asked
    assert asked["host_config"]["NetworkMode"] == network


def test_what_reaches_out_of_a_container(client: docker.APIClient) -> None:
    host = arguments(
        client,
        dns=("1.1.1.1",),
        dns_search=("x.org",),
        extra_hosts=("a:1.2.3.4",),
        ports=(PortBinding(80, 8080), PortBinding(53, 53, "udp")),
        devices={"/dev/a": "/dev/b"},
        host_folders={"/in": "/out"},
        volumes={"v": "/v"},
        limits=Limits(memory=1, memory_swap=2, shm=3),
    )["host_config"]
    assert host["Dns"] == ["1.1.1.1"]
    assert host["DnsSearch"] == ["x.org"]
    assert host["ExtraHosts"] == ["a:1.2.3.4"]
    assert host["PortBindings"] == {
        "80/tcp": [{"HostIp": "", "HostPort": "8080"}],
        "53/udp": [{"HostIp": "", "HostPort": "53"}],
    }
    assert host["Devices"][0]["PathOnHost"] == "/dev/b"
    assert host["Binds"] == ["/out:/in:rw"]
    assert (host["Memory"], host["MemorySwap"], host["ShmSize"]) == (1, 2, 3)


def test_standard_input_and_a_file_system_that_stays_as_it_is(client: docker.APIClient) -> None:
    plain, asked = arguments(client), arguments(client, stdin=True, read_only=True)
    assert (plain["stdin_open"], asked["stdin_open"]) == (False, True)
    assert not plain["host_config"].get("ReadonlyRootfs")
    assert asked["host_config"]["ReadonlyRootfs"] is True
