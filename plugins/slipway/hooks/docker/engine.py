"""The one door to the container engine (Docker, API 1.41 or later).

Order of calls: ``ensure_image``, ``create`` from the id that it found, then any number of
``put_tar``, ``start``, then in any order and from any thread ``logs``, ``wait``, ``exec``, ``stop``
or ``kill``, then ``get_tar`` and at last ``remove``. ``run_tool`` does all of it. A network or
volume that a spec names must exist before ``create``.

Threads: one engine may be used from any number of threads at once. ``remove_labelled`` may run
while other threads still wait for the containers it removes: their ``logs`` end, and their
``wait`` returns 137 or raises :class:`ContainerEngineError`.

Raises: every method raises :class:`ContainerEngineError` when the engine fails or is not there;
:class:`NoSuchThing` is one for what does not exist, and :class:`CannotStart` one from ``start``.
``ensure_image`` raises :class:`ImageUnavailable` and :class:`ImageRefused`; ``wait``, ``exec`` and
``run_tool`` raise :class:`StepTimedOut`; what runs a container to its end raises
:class:`OutputLost` when some of its output cannot be read. Exit codes are answers, never
exceptions. ``stop``, ``kill``, ``remove`` and ``remove_labelled`` take no offence at what is gone
already.

Everything made here carries ``slipway.installation``, and only what carries this engine's own
installation is ever removed by label.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from typing import IO, TYPE_CHECKING

import docker
import docker.errors
import docker.types

from slipway.hooks.docker import archive, cleanup, follow, metadata_guard, network, tool
from slipway.hooks.docker.errors import translated
from slipway.hooks.docker.images import Images
from slipway.hooks.docker.request import create_arguments
from slipway.hooks.docker.streams import ContainerStreams
from slipway.model.container import (
    ContainerSpec,
    ContainerState,
    ImageFacts,
    NoSuchThing,
    PullPolicy,
    ToolResult,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slipway.hooks.docker.own_images import OwnImages

_log = logging.getLogger(__name__)
INSTALLATION = "slipway.installation"
_LIMIT = 86400.0  # seconds: more than any task takes, but for a pipeline that says so


class ContainerEngine(ContainerStreams):
    """One container engine, used in the name of one installation.

    :param client: the Docker SDK's client.
    :param installation: whose containers these are; several may share an engine.
    :param metadata_guard: isolated networks are kept from the cloud's metadata service.
    :param own_images: where Slipway's own images come from; built beside the engine by default.
    :param client_logins: the client's own logins to registries serve for whoever brings none.
    """

    def __init__(
        self,
        client: docker.APIClient | docker.DockerClient,
        *,
        installation: str,
        metadata_guard: bool = False,
        own_images: OwnImages | None = None,
        client_logins: bool = False,
    ) -> None:
        self._limit = _LIMIT
        self._client = client.api if isinstance(client, docker.DockerClient) else client
        self.installation = installation
        self._images = Images(
            self._client, installation=installation, own=own_images, client_logins=client_logins
        )
        self._metadata_guard = metadata_guard

    @property
    def architecture(self) -> str:
        """What its containers run on, as Debian calls it."""
        with translated("ask for the engine's architecture"):
            return str(self._client.version()["Arch"])

    def ensure_image(
        self,
        image: str,
        *,
        pull: PullPolicy = PullPolicy.IF_NOT_EXISTS,
        auth: Mapping[str, str] | None = None,
        progress: Callable[[str], None] = _log.info,
    ) -> ImageFacts:
        """Make sure that an image is here and may be used, and tell what it says of itself.

        Nobody's names move: what is pulled is found again by the same login alone. Slipway's own
        images (``slipway/...``) are never pulled from a public registry, whatever ``pull`` says.

        :param image: name with tag or digest; without a tag ``latest`` is meant.
        :param pull: when to ask the registry.
        :param auth: ``username`` and ``password`` for the registry.
        :param progress: called with a line every few seconds while the image comes.
        :raises ImageRefused: when the name is none, or kept for others.
        :raises ImageUnavailable: naming the image and the registry's own words.
        """
        return self._images.ensure(image, pull, auth=auth, progress=progress)

    # Containers

    def create(self, spec: ContainerSpec) -> str:
        """Make a container without starting it, and return its id.

        What an earlier try left under the same name is removed first.

        :raises NoSuchThing: when the image, network or volume is missing.
        """
        until = {cleanup.UNTIL: str(round(time.time() + self._limit))}
        labels = {**self._labels(spec.labels), **until}
        with translated(f"create container {spec.name} from {spec.image}"):
            arguments = create_arguments(self._client, spec, labels)
            try:
                return str(self._client.create_container(**arguments)["Id"])
            except docker.errors.APIError as error:
                if error.status_code != 409:
                    raise
            self.remove(spec.name)
            return str(self._client.create_container(**arguments)["Id"])

    def start(self, container: str) -> None:
        """Start a created container.

        :raises CannotStart: when its program does not exist, or may not be run.
        """
        follow.start(self._client, container)

    def state(self, container: str) -> ContainerState:
        """Tell how a container stands now."""
        return follow.state(self._client, container)

    def wait(self, container: str, *, timeout: float) -> int:
        """Wait until a container ends, and return its exit code.

        :param container: its id.
        :param timeout: seconds; the container goes on when they are over.
        :raises StepTimedOut: when it is still running then.
        """
        return follow.wait(self._client, container, timeout)

    def exec(
        self,
        container: str,
        argv: tuple[str, ...],
        *,
        environment: Mapping[str, str] | None = None,
        timeout: float = 30.0,
    ) -> tuple[int, str]:
        """Run one more program in a running container.

        A program that does not exist answers 126 or 127, as in a shell.

        :param container: its id.
        :param argv: the program and its arguments.
        :param environment: its variables, beside the container's own.
        :param timeout: seconds; the program is left alone when they are over.
        :returns: the exit code and what it wrote (1 MiB at most).
        :raises StepTimedOut: when it is still running after ``timeout``.
        """
        return follow.execute(
            self._client, container, argv, environment=environment or {}, timeout=timeout
        )

    def stop(self, container: str, *, grace: float = 10.0) -> None:
        """Ask a container to end, and make it after ``grace`` seconds."""
        with suppress(NoSuchThing), translated("stop a container"):
            self._client.stop(container, timeout=max(0, round(grace)))

    def kill(self, container: str) -> None:
        """End a container at once; one that has ended already is left as it is."""
        with suppress(NoSuchThing), translated("kill a container"):
            try:
                self._client.kill(container)
            except docker.errors.APIError as error:
                if error.status_code != 409:  # 409: is not running
                    raise

    def remove(self, container: str) -> None:
        """Remove a container by name or id, running or not, and its anonymous volumes."""
        cleanup.remove_container(self._client, container)

    # Files

    def put_tar(self, container: str, path: str, data: bytes | IO[bytes]) -> None:
        """Unpack a tar below a folder of a container, started or not.

        :param container: its id.
        :param path: absolute; made where it is missing.
        :param data: the tar, compressed or not.
        """
        archive.put(self._client, container, path, data)

    # Networks and volumes

    def create_network(
        self, name: str, labels: Mapping[str, str], *, guarded: bool = False, internal: bool = False
    ) -> None:
        """Make a bridge network of our own; one of the same name and labels is kept.

        :param name: unique on the engine.
        :param labels: on it.
        :param guarded: the cloud's metadata service cannot be reached from it.
        :param internal: it has no way out.
        """
        guard = guarded and self._metadata_guard
        options = metadata_guard.network_options(self, name) if guard else None
        network.create(self._client, name, self._labels(labels), options, internal)

    def create_volume(self, name: str, labels: Mapping[str, str]) -> None:
        """Make a named volume; one of the same name is kept."""
        with translated(f"create volume {name}"):
            self._client.create_volume(name, labels=self._labels(labels))

    # Many at once

    def remove_labelled(self, labels: Mapping[str, str], *, grace: float = 0.0) -> int:
        """Remove this installation's containers, networks and volumes that carry all labels.

        :param labels: an empty mapping is everything of this installation.
        :param grace: seconds that running containers get to end by themselves.
        :returns: how many things were removed.
        """
        return cleanup.remove_labelled(self._client, self._labels(labels), grace)

    def remove_overdue(self, *, limit: float = _LIMIT) -> int:
        """Remove what this installation's tasks left here that ended somewhere else, long ago.

        The next try of a task removes what the one before left, where both had the same engine.

        :param limit: seconds, after which what is made here from now on is overdue itself; a day
            at least.
        :returns: how many things were removed.
        """
        self._limit = max(limit, _LIMIT)
        return cleanup.remove_overdue(self._client, self.installation, time.time())

    def run_tool(
        self,
        spec: ContainerSpec,
        *,
        files: bytes | IO[bytes] | None = None,
        files_at: str = "/work",
        begun: Callable[[Callable[[bytes], None]], None] | None = None,
        stdin: bytes | None = None,
        collect: str | None = None,
        collect_into: IO[bytes] | None = None,
        timeout: float,
        log: Callable[[str], None],
        grace: float = 10.0,
        together: int = 1,
    ) -> ToolResult:
        """Run one container from nothing to nothing: whatever comes in between, it is removed.

        :param spec: the container.
        :param files: a tar, unpacked at ``files_at``.
        :param files_at: a folder of the container; made where it is missing.
        :param begun: is called once the container is there, with what unpacks a further tar at
            ``files_at``, also while the container runs.
        :param stdin: what it reads; secrets go here.
        :param collect: a path that is packed as a tar after the end, whatever the exit code.
        :param collect_into: the file that it is packed into, if memory is too small for it.
        :param timeout: seconds from start to end.
        :param log: called from another thread, one line at a time.
        :param grace: seconds between SIGTERM and SIGKILL when it has to end early.
        :param together: as for ``run_to_end``.
        :raises ImageUnavailable: when there is no such image.
        :raises StepTimedOut: when it runs longer than ``timeout``.
        """
        return tool.run(
            self,
            spec,
            files=files,
            files_at=files_at,
            begun=begun,
            stdin=stdin,
            collect=collect,
            collect_into=collect_into,
            timeout=timeout,
            log=log,
            grace=grace,
            together=together,
        )

    def _labels(self, labels: Mapping[str, str]) -> dict[str, str]:
        return {**labels, INSTALLATION: self.installation}
