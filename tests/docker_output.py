"""What a container wrote, all of it."""

from __future__ import annotations

from typing import Any

import docker


def output_of(image: str, argv: list[str], **more: Any) -> tuple[int, bytes, bytes]:
    """Run a container to its end; returns its exit code, its output and its errors.

    The SDK's own way follows the output, whose end may not come when it is written in one go.
    """
    client: Any = docker.from_env()
    try:
        container = client.containers.create(image, argv, **more)
        try:
            container.start()
            code = container.wait()["StatusCode"]
            said, errors = (container.logs(stdout=out, stderr=not out) for out in (True, False))
            return code, said, errors
        finally:
            container.remove(force=True)
    finally:
        client.close()
