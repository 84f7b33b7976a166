"""What the embedded cloud asks of Docker."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Mapping
from typing import Any

import docker
from docker.errors import APIError, ImageNotFound, NotFound

from include.localcloud.compute.confinement import forget_cgroup
from slipway.hooks.docker.built_images import built_image

log = logging.getLogger(__name__)

# Slipway's own images; the machines' are made here.
_OWN = "slipway/"
INSTALLATION = "slipway.installation"
KIND = "slipway.kind"
INSTANCE = "slipway.instance"
# What keeps a firewall rule, and takes it along when it is asked to end.
GUARD_KIND = "cloud-guard"
CLOUD_KINDS = (
    "cloud-instance",
    "cloud-gateway",
    "cloud-balancer",
    "cloud-database",
    "cloud-opener",
    GUARD_KIND,
)
NETWORK_KIND = "cloud-network"
# For HAProxy, which needs no more than its sockets and, for the first ports, one right.
CONFINED: Mapping[str, Any] = {
    "cap_drop": ["ALL"],
    "cap_add": ["NET_BIND_SERVICE"],
    "security_opt": ["no-new-privileges"],
    "read_only": True,
}


class Engine:
    """Docker, seen through one installation's labels. Safe to share between threads.

    :param installation: only containers, networks and images with this label are ever touched.
    """

    def __init__(self, *, installation: str) -> None:
        self.installation = installation
        self.api: Any = docker.APIClient(version="auto", timeout=120, num_pools=20)

    def cgroup_driver(self) -> str:
        """Return who makes containers' cgroups: ``systemd``, or ``cgroupfs`` for Docker itself."""
        driver: str = self.api.info()["CgroupDriver"]
        return driver

    def labels(self, kind: str, **more: str) -> dict[str, str]:
        """Return the labels of something of that kind."""
        return {INSTALLATION: self.installation, KIND: kind, **more}

    def containers(self, kind: str) -> list[dict[str, Any]]:
        """Return Docker's summaries of the containers of that kind, dead ones included."""
        labels = [f"{INSTALLATION}={self.installation}", f"{KIND}={kind}"]
        found: list[dict[str, Any]] = self.api.containers(all=True, filters={"label": labels})
        return found

    def create(
        self, name: str, image: str, *, kind: str, host: Mapping[str, Any], **more: Any
    ) -> str:
        """Create a container, after removing what an earlier life left under that name."""
        self.remove(name)
        labels = self.labels(kind, **more.pop("labels", {}))
        if image.startswith(_OWN):
            image = built_image(self.api, image)
        created = self.api.create_container(
            image, name=name, labels=labels, host_config=self.api.create_host_config(**host), **more
        )
        container: str = created["Id"]
        return container

    def address(self, network: str, ip: str) -> Any:
        """Return the networking configuration that gives a container its own address."""
        endpoint = self.api.create_endpoint_config(ipv4_address=ip)
        return self.api.create_networking_config({network: endpoint})

    def remove(self, container: str) -> None:
        """Kill and remove a container, its anonymous volumes too; fine when it is gone."""
        try:
            self.api.remove_container(container, force=True, v=True)
        except NotFound:
            return
        except APIError as error:
            # Somebody else is removing it already.
            if error.status_code != 409:
                raise

    def has_image(self, image: str) -> bool:
        """Tell whether an image of this name is there."""
        return bool(self.api.images(name=image))

    def remove_image(self, image: str) -> None:
        """Remove an image's tag; containers made from it keep running."""
        with contextlib.suppress(ImageNotFound):
            self.api.remove_image(image, force=True)

    def sweep(self) -> int:
        """Remove every container, network and image of this installation's cloud.

        :returns: how many things were removed.
        """
        for guard in self.containers(GUARD_KIND):
            with contextlib.suppress(APIError):
                self.api.stop(guard["Id"], timeout=5)
        doomed = [entry["Id"] for kind in CLOUD_KINDS for entry in self.containers(kind)]
        for container in doomed:
            self.remove(container)
        labels = [f"{INSTALLATION}={self.installation}", f"{KIND}={NETWORK_KIND}"]
        networks = self.api.networks(filters={"label": labels})
        for network in networks:
            self._remove_network(network["Id"])
        repository = image_repository(self.installation)
        tags = [
            tag
            for image in self.api.images(name=repository)
            for tag in image["RepoTags"] or ()
            if tag.startswith(f"{repository}:")
        ]
        for tag in tags:
            self.remove_image(tag)
        forget_cgroup(self.installation)
        return len(doomed) + len(networks) + len(tags)

    def _remove_network(self, network: str) -> None:
        # Docker keeps a network that anybody is still on, such as somebody's debugging container.
        for container in self.api.inspect_network(network)["Containers"]:
            self.api.disconnect_container_from_network(container, network, force=True)
        self.api.remove_network(network)


def whoami() -> str:
    """Return user and group of this process, as Docker wants them.

    A container that runs as they do shares files with this process, and with nobody else.
    """
    return f"{os.getuid()}:{os.getgid()}"


def image_repository(installation: str) -> str:
    """Return the repository that holds the installation's machine images."""
    return f"slipway-cloud/{installation}"
