"""Stops and removes everything the demo made, and nothing else."""

from __future__ import annotations

import docker

from include.demo import paths, processes, stack
from include.demo.progress import say
from include.localcloud.compute.confinement import forget_cgroup
from include.localcloud.engine import GUARD_KIND
from slipway.hooks.docker.metadata_guard import KIND


def main() -> None:
    """Stop the processes, remove what Docker holds of this installation, then the engine."""
    say("stopping Airflow, the git host and the cloud")
    stack.stop_all()
    try:
        count = remove_from_docker(paths.INSTALLATION)
        say(f"removed {count} containers, networks and volumes")
    except docker.errors.DockerException:
        say("no Docker engine answers, so there is nothing of ours in it")
    forget_cgroup(paths.INSTALLATION)
    if processes.alive("dockerd"):
        say("stopping the Docker engine that was started for the demo")
        processes.stop("dockerd")


def remove_from_docker(installation: str) -> int:
    """Remove every container, network and volume with an installation's label.

    :returns: how many there were.
    """
    client = docker.from_env()
    mine: dict[str, str | list[str] | bool] = {"label": f"slipway.installation={installation}"}
    try:
        containers = client.containers.list(all=True, filters=mine, ignore_removed=True)
        for container in containers:
            if container.labels.get("slipway.kind") in (KIND, GUARD_KIND):
                # It takes its firewall rule along when it is asked to end.
                container.stop(timeout=5)
            container.remove(force=True, v=True)
        networks = client.networks.list(filters=mine)
        for network in networks:
            network.remove()
        volumes = client.volumes.list(filters=mine)
        for volume in volumes:
            volume.remove(force=True)
        return len(containers) + len(networks) + len(volumes)
    finally:
        client.close()
