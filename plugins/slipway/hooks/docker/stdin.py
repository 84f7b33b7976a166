"""What a container reads: handed over once, and kept nowhere."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from slipway.hooks.docker.errors import translated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import docker


@contextmanager
def attached(
    client: docker.APIClient, container: str, data: bytes | None
) -> Iterator[Callable[[], None]]:
    """Open a created container's standard input, for as long as the block lasts.

    :param client: of the Docker engine.
    :param container: its id.
    :param data: what it is to read; None opens nothing.
    :returns: what writes it, to be called when the container has been started.
    """
    if data is None:
        yield lambda: None
        return
    with translated("write to a container"):
        stream = client.attach_socket(container, params={"stdin": 1, "stream": 1})
    # The SDK gives a file around a socket, or the socket itself where there is TLS.
    socket = getattr(stream, "_sock", stream)

    def hand_over() -> None:
        # A program that ends without reading says why in its own words.
        with translated("write to a container"), suppress(BrokenPipeError, ConnectionResetError):
            socket.sendall(data)

    try:
        yield hand_over
    finally:
        stream.close()
        socket.close()
