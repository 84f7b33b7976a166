"""What the runner needs of a container engine.

:class:`slipway.hooks.docker.engine.ContainerEngine` is one, and its docstring is the contract;
the tests have another.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from slipway.model.container import ContainerSpec, ContainerState, ImageFacts, PullPolicy


class Engine(Protocol):
    """Containers, networks and volumes; may be used from several threads at once."""

    def ensure_image(
        self,
        image: str,
        *,
        pull: PullPolicy = ...,
        auth: Mapping[str, str] | None = ...,
        progress: Callable[[str], None] = ...,
    ) -> ImageFacts:
        """Get an image, and tell what it says of itself."""

    def create(self, spec: ContainerSpec) -> str:
        """Make a container and return its id."""

    def start(self, container: str) -> None:
        """Start a created container."""

    def run_streaming(
        self, container: str, *, timeout: float, output: Callable[[bytes], None]
    ) -> int:
        """Start a container, hand out what it writes, and return its exit code."""

    def state(self, container: str) -> ContainerState:
        """Tell how a container stands now."""

    def last_output(self, container: str, *, lines: int) -> bytes:
        """Return the end of what a container has written so far."""

    def written(self, container: str) -> Iterator[bytes]:
        """Yield what a container has written so far."""

    def exec(
        self,
        container: str,
        argv: tuple[str, ...],
        *,
        environment: Mapping[str, str] | None = ...,
        timeout: float = ...,
    ) -> tuple[int, str]:
        """Run one more program in a container; returns exit code and output."""

    def kill(self, container: str) -> None:
        """End a container at once."""

    def remove(self, container: str) -> None:
        """Remove a container."""

    def tar_stream(self, container: str, path: str) -> Iterator[bytes]:
        """Pack a file or folder of a container as a tar that comes in pieces."""

    def put_tar(self, container: str, path: str, data: bytes | IO[bytes]) -> None:
        """Unpack a tar into a container."""

    def create_network(self, name: str, labels: Mapping[str, str], *, guarded: bool = ...) -> None:
        """Make a private network."""

    def create_volume(self, name: str, labels: Mapping[str, str]) -> None:
        """Make a volume."""

    def remove_labelled(self, labels: Mapping[str, str], *, grace: float = ...) -> int:
        """Remove everything that carries all these labels."""
