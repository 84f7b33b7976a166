"""Docker Compose, as this machine has it: v2, or docker-compose 1.29 as Debian 12 packages it."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import docker

from include.demo import prerequisites
from include.demo.airflow_api import DemoFailed
from include.stack import paths
from include.stack.operations.installation import PROXIES, Installation, OperationFailed

# docker-py's, which has no types.
Container: TypeAlias = Any
_FILES = ("docker-compose.yaml", "docker-compose.cloud.yaml")
# Seconds that containers have to end.
_GRACE = 15.0
# What is not passed on cannot change what the files mean.
_PASSED_ON = ("PATH", "HOME", "DOCKER_HOST", "DOCKER_CONFIG", *PROXIES)


def program() -> list[str]:
    """Return how Compose is called here; it is installed where it is missing and can be.

    :raises DemoFailed: when there is none.
    """
    if shutil.which("docker") and _works(["docker", "compose", "version"]):
        return ["docker", "compose"]
    if not shutil.which("docker-compose"):
        _install()
    return ["docker-compose"]


def run(*arguments: str, timeout: float, variables: Path = paths.VARIABLES) -> None:
    """Run one command of Compose on this clone's stack.

    :param arguments: as in a shell.
    :param timeout: seconds.
    :param variables: the file of what it is told.
    :raises DemoFailed: when it fails.
    """
    stack = Installation(
        variables=variables,
        files=_FILES,
        project=paths.PROJECT,
        program=program(),
        passed_on=_PASSED_ON,
    )
    try:
        stack.compose(*arguments, timeout=timeout)
    except OperationFailed as error:
        raise DemoFailed(str(error)) from error


def save_variables(variables: Mapping[str, str], file: Path = paths.VARIABLES) -> None:
    """Write what Compose puts into its files.

    :param variables: value by name.
    :param file: where.
    """
    file.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))


def containers(service: str | None = None) -> Sequence[Container]:
    """Return the stack's containers, those that have ended included.

    :param service: of this service alone.
    """
    labels = [f"com.docker.compose.project={paths.PROJECT}"]
    if service:
        labels.append(f"com.docker.compose.service={service}")
    found: Sequence[Container] = docker.from_env().containers.list(
        all=True, filters={"label": labels}
    )
    return found


def remove() -> None:
    """Remove the stack's containers, networks and volumes, whatever its files say by now."""
    client = docker.from_env()
    mine = {"label": f"com.docker.compose.project={paths.PROJECT}"}
    found = containers()
    for one in found:
        # All are told at once: each has seconds to end what it does.
        one.update(restart_policy={"Name": "no"})
        if one.status == "running":
            one.kill("SIGTERM")
    deadline = time.monotonic() + _GRACE
    while time.monotonic() < deadline and any(one.status == "running" for one in containers()):
        time.sleep(0.5)
    for one in found:
        one.remove(force=True, v=True)
    for network in client.networks.list(filters=mine):
        network.remove()
    for volume in client.volumes.list(filters=mine):
        volume.remove()


def unhealthy() -> dict[str, str]:
    """Return the containers that are not as they should be, each with its state and last lines."""
    return {
        one.name: f"{_state(one)}\n{one.logs(tail=15).decode('utf-8', 'replace')}"
        for one in containers()
        if _state(one) not in ("healthy", "done")
    }


def _state(container: Container) -> str:
    state = container.attrs["State"]
    if container.labels.get("com.docker.compose.service") == "init" and not state["Running"]:
        return "done" if state["ExitCode"] == 0 else f"ended with {state['ExitCode']}"
    if not state["Running"]:
        return str(state["Status"])
    return str(state.get("Health", {}).get("Status", "without a health check"))


def _works(argv: list[str]) -> bool:
    return subprocess.run(argv, check=False, capture_output=True).returncode == 0  # noqa: S603


def _install() -> None:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        msg = "Docker Compose is missing: as root, apt-get install docker-compose"
        raise DemoFailed(msg)
    prerequisites.install(["docker-compose"])
