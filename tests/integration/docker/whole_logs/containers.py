"""Containers that write, and what is heard of them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import docker
import pytest

from slipway.hooks.docker.engine import ContainerEngine
from slipway.model.container import ContainerSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

IMAGE = "slipway/debian:12"


@pytest.fixture
def engine() -> Iterator[ContainerEngine]:
    installation = f"test-{uuid.uuid4().hex[:8]}"
    engine = ContainerEngine(docker.APIClient(timeout=60), installation=installation)
    yield engine
    engine.remove_labelled({})


def made(engine: ContainerEngine, script: str) -> str:
    return engine.create(
        ContainerSpec(
            name=f"slipway-{engine.installation}",
            image=IMAGE,
            entrypoint=("/bin/sh", "-c"),
            argv=(script,),
        )
    )


def output_of(
    engine: ContainerEngine,
    script: str,
    *,
    timeout: float = 60,
    use: Callable[[bytes], None] = lambda _: None,
) -> tuple[int, bytes]:
    came: list[bytes] = []

    def output(chunk: bytes) -> None:
        came.append(chunk)
        use(chunk)

    code = engine.run_streaming(made(engine, script), timeout=timeout, output=output)
    return code, b"".join(came)


def numbered(count: int) -> list[str]:
    return [f"line {number} of a verbose build tool, with text after it" for number in range(count)]


def counting(count: int) -> str:
    return f"seq -f 'line %.0f of a verbose build tool, with text after it' 0 {count - 1}"
