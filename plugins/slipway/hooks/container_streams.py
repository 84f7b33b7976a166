"""What a container writes and leaves, as streams: for those who must look before it is cut."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

from slipway.hooks import container_archive, container_follow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import docker


class ContainerStreams:
    """Part of :class:`slipway.hooks.container_engine.ContainerEngine`, whose contract it keeps."""

    _client: docker.APIClient

    def run_streaming(
        self, container: str, *, timeout: float, output: Callable[[bytes], None]
    ) -> int:
        """Start a created container, hand out what it writes, and wait for its end.

        All of it has been handed out when this returns.

        :param timeout: seconds; the container goes on when they are over.
        :param output: called from another thread, with bytes that are cut anywhere.
        :returns: the exit code.
        :raises StepTimedOut: when it is still running after ``timeout``.
        """
        container_follow.start(self._client, container)
        return container_follow.follow_output(
            self._client, container, timeout=timeout, output=output
        )

    def last_output(self, container: str, *, lines: int) -> bytes:
        """Return the end of what a container has written so far, both streams.

        :param lines: about how many; a long one counts as several.
        """
        return container_follow.last_output(self._client, container, lines)

    def get_tar(self, container: str, path: str, *, limit: int = 1 << 30) -> bytes:
        """Pack a file or folder of a container, started or not, as a tar.

        :param limit: bytes; more than that is refused.
        :raises NoSuchThing: when the path is not there.
        """
        return container_archive.get(self._client, container, path, limit)

    def save_tar(self, container: str, path: str, file: IO[bytes], *, limit: int = 2 << 30) -> None:
        """Pack a file or folder of a container as a tar, into a file.

        :param file: empty; it is at its beginning afterwards.
        :param limit: bytes; more than that is refused.
        :raises NoSuchThing: when the path is not there.
        """
        container_archive.save(self._client, container, path, file, limit)

    def tar_stream(self, container: str, path: str) -> Iterator[bytes]:
        """Pack a file or folder of a container, started or not, as a tar that comes in pieces.

        :raises NoSuchThing: when the path is not there.
        """
        return container_archive.stream(self._client, container, path)
