"""One container, from nothing to nothing."""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import IO, TYPE_CHECKING

from slipway.exceptions import ContainerEngineError
from slipway.hooks.docker import follow
from slipway.model.container import NoSuchThing, ToolResult

if TYPE_CHECKING:
    from collections.abc import Callable

    from slipway.hooks.docker.port import EnginePort
    from slipway.model.container import ContainerSpec

_TAIL_LINES = 50


def run(
    engine: EnginePort,
    spec: ContainerSpec,
    *,
    files: bytes | IO[bytes] | None,
    files_at: str,
    begun: Callable[[Callable[[bytes], None]], None] | None,
    stdin: bytes | None,
    collect: str | None,
    collect_into: IO[bytes] | None,
    timeout: float,
    log: Callable[[str], None],
    grace: float,
    together: int,
) -> ToolResult:
    """Do what :meth:`ContainerEngine.run_tool` says."""
    image = engine.ensure_image(spec.image)
    tail: deque[str] = deque(maxlen=_TAIL_LINES)
    container = engine.create(replace(spec, image=image.id, stdin=stdin is not None))
    try:
        if files is not None:
            engine.put_tar(container, files_at, files)
        if begun is not None:
            begun(partial(engine.put_tar, container, files_at))
        began = time.monotonic()
        exit_code = engine.run_to_end(
            container, timeout=timeout, log=follow.teed(log, tail), stdin=stdin, together=together
        )
        seconds = time.monotonic() - began
        collected = None
        if collect is not None:
            with suppress(NoSuchThing):
                if collect_into is None:
                    collected = engine.get_tar(container, collect)
                else:
                    engine.save_tar(container, collect, collect_into)
    except BaseException:
        with suppress(ContainerEngineError):
            engine.stop(container, grace=grace)
        raise
    finally:
        engine.remove(container)
    return ToolResult(
        exit_code=exit_code, output_tail=list(tail), collected=collected, seconds=seconds
    )
