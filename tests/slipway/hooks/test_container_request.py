from __future__ import annotations

from typing import Any

import docker
import pytest

from slipway.hooks.container_request import create_arguments
from slipway.hooks.container_spec import ContainerSpec, Limits, Security


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
        limits=Limits(memory=1 << 30, cpus=1.5, pids=64),
        security=Security(drop=("ALL",), add=("CHOWN",), no_new_privileges=True),
    )["host_config"]
    assert (host["Memory"], host["PidsLimit"]) == (1 << 30, 64)
    assert (host["CpuQuota"], host["CpuPeriod"]) == (150_000, 100_000)
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
    assert host["Binds"] == ["work:/drone/src:rw"]


def test_the_images_own_health_check_is_only_asked_more_often(client: docker.APIClient) -> None:
    asked = arguments(client, health_interval=1.0)
    assert asked["healthcheck"] == {"test": [], "interval": 1_000_000_000}
