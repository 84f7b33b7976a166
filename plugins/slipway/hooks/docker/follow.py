"""Waiting for containers: their end, and programs run inside; always bounded."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import docker
import docker.errors
import requests.exceptions

from slipway.exceptions import StepTimedOut
from slipway.hooks.docker.errors import is_read_timeout, translated
from slipway.model.container import CannotStart, ContainerState, Health

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Callable, Iterable, Mapping


_EXEC_OUTPUT = 1 << 20


def start(client: docker.APIClient, container: str) -> None:
    """Start a created container.

    :raises CannotStart: when its program does not exist, or may not be run.
    """
    with translated("start a container"):
        try:
            client.start(container)
        except docker.errors.APIError as error:
            # The runtime's refusal of the program; the engine's own failures are worded otherwise.
            if "exec:" not in str(error.explanation):
                raise
            msg = f"cannot start a container: {error.explanation}"
            raise CannotStart(
                msg, advice="does the image have this program, or a shell?"
            ) from error


def state(client: docker.APIClient, container: str) -> ContainerState:
    """Tell how a container stands now."""
    with translated("inspect a container"):
        raw = client.inspect_container(container)
    now = raw["State"]
    ended = now["Status"] in ("exited", "dead")
    networks = (raw.get("NetworkSettings") or {}).get("Networks") or {}
    return ContainerState(
        running=bool(now["Running"]),
        exit_code=int(now["ExitCode"]) if ended else None,
        health=Health((now.get("Health") or {}).get("Status") or "none"),
        out_of_memory=bool(now.get("OOMKilled")),
        addresses={name: v["IPAddress"] for name, v in networks.items() if v.get("IPAddress")},
    )


def wait(client: docker.APIClient, container: str, timeout: float) -> int:
    """Wait for a container's end, and return its exit code.

    :param client: of the Docker engine.
    :param container: its id.
    :param timeout: seconds.
    :raises StepTimedOut: when it is still running then.
    """
    with translated("wait for a container"):
        try:
            # Zero would mean "for ever" to the HTTP client, which knows whole seconds.
            return int(client.wait(container, timeout=max(1, round(timeout)))["StatusCode"])
        except requests.exceptions.RequestException as error:
            if not is_read_timeout(error):
                raise
    msg = f"still running after {timeout:.0f} s"
    raise StepTimedOut(msg)


def last_output(client: docker.APIClient, container: str, lines: int) -> bytes:
    """Return the end of what a container has written so far, both streams.

    :param client: of the Docker engine.
    :param container: its id.
    :param lines: how many of them, the engine's pieces of a long line counted each.
    """
    with translated("read a container's log"):
        data: bytes = client.logs(container, stream=False, follow=False, tail=lines)
    return data


def execute(
    client: docker.APIClient,
    container: str,
    argv: tuple[str, ...],
    *,
    environment: Mapping[str, str],
    timeout: float,
) -> tuple[int, str]:
    """Run one more program in a running container.

    :returns: its exit code and what it wrote, 1 MiB at most.
    :raises StepTimedOut: when it is still running after ``timeout`` seconds.
    """
    with translated(f"run {argv[0]} in a container"):
        made = client.exec_create(container, list(argv), environment=dict(environment))
        stream = client.exec_start(made["Id"], stream=True)
        timer = threading.Timer(timeout, stream.close)
        timer.start()
        try:
            output = _bounded(stream)
        finally:
            timer.cancel()
        code = client.exec_inspect(made["Id"])["ExitCode"]
    if code is None:
        msg = f"{argv[0]} is still running after {timeout:.0f} s"
        raise StepTimedOut(msg)
    return int(code), output.decode(errors="replace")


def teed(log: Callable[[str], None], tail: deque[str]) -> Callable[[str], None]:
    """Return a function that hands lines to ``log`` and keeps each in ``tail``."""

    def hand_out(lines: str) -> None:
        tail.extend(lines.split("\n"))
        log(lines)

    return hand_out


def _bounded(stream: Iterable[bytes]) -> bytes:
    """Read a stream to its end, but keep only its first part."""
    kept = bytearray()
    for chunk in stream:
        kept += chunk[: _EXEC_OUTPUT - len(kept)]
    return bytes(kept)
