"""What the container engine's own helpers ask of it; :class:`ContainerEngine` has it."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from slipway.model.container import ContainerSpec, ContainerState, ImageFacts


class EnginePort(Protocol):
    """An engine, as those see it that the engine itself calls; each method as it is there."""

    installation: str

    def ensure_image(self, image: str) -> ImageFacts: ...

    def create(self, spec: ContainerSpec) -> str: ...

    def start(self, container: str) -> None: ...

    def state(self, container: str) -> ContainerState: ...

    def stop(self, container: str, *, grace: float = ...) -> None: ...

    def remove(self, container: str) -> None: ...

    def logs(self, container: str, *, follow: bool = ...) -> Iterator[str]: ...

    def run_to_end(
        self,
        container: str,
        *,
        timeout: float,
        log: Callable[[str], None],
        stdin: bytes | None = ...,
        together: int = ...,
    ) -> int: ...

    def put_tar(self, container: str, path: str, data: bytes | IO[bytes]) -> None: ...

    def get_tar(self, container: str, path: str) -> bytes: ...

    def save_tar(self, container: str, path: str, file: IO[bytes]) -> None: ...
