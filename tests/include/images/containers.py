"""Containers that live as long as one test."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from include.localcloud.compute.cgroups import make_writable
from include.localcloud.compute.confinement import ENTRYPOINT, HOST
from slipway.hooks.tars import pack
from tests.lanes import own

if TYPE_CHECKING:
    import docker
    from docker.models.containers import Container
    from docker.models.networks import Network

LABELS = {"slipway.installation": own("test-images"), "slipway.kind": "tool"}
# As the embedded cloud runs the machine image.
MACHINE: dict[str, Any] = {**HOST, "entrypoint": ENTRYPOINT, "environment": {"container": "docker"}}


class Containers:
    """Starts containers on a network of their own, and removes all of it."""

    def __init__(self, client: docker.DockerClient) -> None:
        self.client = client
        self._started: list[Container] = []
        self._networks: list[Network] = []

    def network(self) -> str:
        """Return the network's name; containers reach each other on it by their aliases."""
        if not self._networks:
            name = f"slipway-test-images-{uuid.uuid4().hex[:8]}"
            self._networks.append(self.client.networks.create(name, labels=LABELS))
        return str(self._networks[0].name)

    def start(
        self,
        image: str,
        *argv: str,
        alias: str | None = None,
        files: Mapping[str, bytes] | None = None,
        **options: Any,
    ) -> Container:
        """Start a container.

        :param alias: its name on the network.
        :param files: path below ``/`` -> content, put in before the start; always executable.
        """
        container = self.client.containers.create(
            image, list(argv) or None, labels=LABELS, network=self.network(), **options
        )
        self._started.append(container)
        if alias:
            network = self.client.networks.get(self.network())
            network.disconnect(container)
            network.connect(container, aliases=[alias])
        container.put_archive("/", tar(files or {}))
        container.start()
        if options.get("entrypoint") == ENTRYPOINT:
            make_writable(self.client.api, str(container.id), LABELS)
        container.reload()
        return container

    def run(self, image: str, *argv: str, **options: Any) -> tuple[int, str]:
        """Run a container to its end; return its exit code and all its output."""
        container = self.start(image, *argv, **options)
        code = container.wait(timeout=300)["StatusCode"]
        return code, container.logs().decode()

    def forget(self, container: Container) -> None:
        """Leave a container out: the test has removed it."""
        self._started.remove(container)

    def close(self) -> None:
        """Remove everything that was started."""
        for container in reversed(self._started):
            container.remove(force=True, v=True)
        for network in self._networks:
            network.remove()


def tar(files: Mapping[str, bytes]) -> bytes:
    """Pack files for ``put_archive``."""
    return pack(files, mode=0o755)


def folder(path: Path, below: str) -> dict[str, bytes]:
    """Return a folder's files, as ``files`` wants them."""
    return {
        f"{below}/{file.relative_to(path).as_posix()}": file.read_bytes()
        for file in path.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


def address(container: Container) -> str:
    """Return a container's address."""
    networks = container.attrs["NetworkSettings"]["Networks"]
    return str(next(iter(networks.values()))["IPAddress"])


def sh(container: Container, script: str) -> str:
    """Run a script inside; return what it printed.

    :raises AssertionError: when it fails.
    """
    code, output = execute(container, "sh", "-ec", script)
    assert code == 0, output.decode()
    return output.decode().strip()


def execute(container: Container, *argv: str, **options: Any) -> tuple[int, bytes]:
    """Run a command inside; return its exit code and its output."""
    code, output = container.exec_run(list(argv), **options)
    return cast("int", code), bytes(cast("bytes", output))


def eventually(check: Callable[[], bool], *, seconds: float = 20) -> float:
    """Wait until a check passes; return how long that took."""
    started = time.monotonic()
    while not check():
        assert time.monotonic() - started < seconds, "it never happened"
        time.sleep(0.05)
    return time.monotonic() - started


def booted(machine: Container) -> bool:
    """Tell whether a machine has finished booting, with no unit failed."""
    return execute(machine, "systemctl", "is-system-running") == (0, b"running\n")
