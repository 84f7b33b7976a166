"""What a container writes and leaves, as streams: for those who must look before it is cut."""

from __future__ import annotations

from functools import partial
from typing import IO, TYPE_CHECKING

from slipway.hooks.docker import archive
from slipway.hooks.docker import follow as container_follow
from slipway.hooks.docker import output as container_output
from slipway.hooks.docker import stdin as container_stdin
from slipway.hooks.docker.errors import translated
from slipway.model.text.log_lines import LineCutter, blocks, split_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import docker


class ContainerStreams:
    """Part of :class:`slipway.hooks.docker.engine.ContainerEngine`, whose contract it keeps."""

    _client: docker.APIClient

    def run_streaming(
        self, container: str, *, timeout: float, output: Callable[[bytes], None]
    ) -> int:
        """Start a created container, hand out what it writes, and wait for its end.

        All of it has been handed out when this returns.

        :param container: its id.
        :param timeout: seconds; the container goes on when they are over.
        :param output: called from another thread, with bytes that are cut anywhere.
        :returns: the exit code.
        :raises StepTimedOut: when it is still running after ``timeout``.
        :raises OutputLost: when some of what it wrote cannot be read.
        """
        return container_output.run(
            self._client,
            container,
            partial(container_follow.start, self._client, container),
            timeout=timeout,
            output=output,
        )

    def run_to_end(
        self,
        container: str,
        *,
        timeout: float,
        log: Callable[[str], None],
        stdin: bytes | None = None,
        together: int = 1,
    ) -> int:
        """Start a created container, hand out its lines as they come, and wait for its end.

        Every line has been handed out when this returns.

        :param container: its id.
        :param timeout: seconds; the container goes on when they are over.
        :param log: called from another thread, one line at a time.
        :param stdin: what it reads, where its spec says that somebody writes.
        :param together: so many lines may come at once, with line breaks between them, where the
            container writes them at once.
        :returns: the exit code.
        :raises StepTimedOut: when it is still running after ``timeout``.
        :raises OutputLost: when some of what it wrote cannot be read.
        """

        def log_each(lines: list[str]) -> None:
            for block in blocks(lines, together):
                log(block)

        def start() -> None:
            container_follow.start(self._client, container)
            hand_over()

        cutter = LineCutter(log_each)
        with container_stdin.attached(self._client, container, stdin) as hand_over:
            try:
                return container_output.run(
                    self._client, container, start, timeout=timeout, output=cutter.feed
                )
            finally:
                cutter.close()

    def logs(self, container: str, *, follow: bool = True) -> Iterator[str]:
        """Yield what a container writes, both streams, line by line and as it comes.

        Ends when the container does. Bytes that are not UTF-8 are replaced; a line longer than
        64 KiB comes in pieces. What is written in a burst at its end may not come where this
        follows it: ``run_to_end`` misses nothing.

        :param container: its id.
        :param follow: False yields what there is now, all of it.
        """
        yield from split_lines(self.written(container, follow=follow))

    def written(self, container: str, *, follow: bool = False) -> Iterator[bytes]:
        """Yield what a container has written so far, both streams, cut anywhere.

        :param container: its id.
        :param follow: go on with what it writes, as it comes.
        """
        with translated("read a container's log"):
            yield from self._client.logs(container, stream=True, follow=follow)

    def last_output(self, container: str, *, lines: int) -> bytes:
        """Return the end of what a container has written so far, both streams.

        :param container: its id.
        :param lines: about how many; a long one counts as several.
        """
        return container_follow.last_output(self._client, container, lines)

    def get_tar(self, container: str, path: str, *, limit: int = 1 << 30) -> bytes:
        """Pack a file or folder of a container, started or not, as a tar.

        :param container: its id.
        :param path: absolute.
        :param limit: bytes; more than that is refused.
        :raises NoSuchThing: when the path is not there.
        """
        return archive.get(self._client, container, path, limit)

    def save_tar(self, container: str, path: str, file: IO[bytes], *, limit: int = 2 << 30) -> None:
        """Pack a file or folder of a container as a tar, into a file.

        :param container: its id.
        :param path: absolute.
        :param file: empty; it is at its beginning afterwards.
        :param limit: bytes; more than that is refused.
        :raises NoSuchThing: when the path is not there.
        """
        archive.save(self._client, container, path, file, limit)

    def tar_stream(self, container: str, path: str) -> Iterator[bytes]:
        """Pack a file or folder of a container, started or not, as a tar that comes in pieces.

        :raises NoSuchThing: when the path is not there.
        """
        return archive.stream(self._client, container, path)
