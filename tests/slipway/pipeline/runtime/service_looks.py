"""A service, look by look, until it is ready."""

from __future__ import annotations

import itertools

from slipway.model.container import ContainerSpec, ImageFacts
from slipway.pipeline.runtime.readiness import Readiness, Service, wait_until_ready
from tests.fakes.container_engine import FakeEngine, Play

HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"


def look(*ports: int) -> tuple[int, str]:
    return 0, HEADER + "".join(f" 0: 00000000:{p:04X} 00000000:0000 0A 0:0\n" for p in ports)


def waited(
    play: Play, image: ImageFacts, *, timeout: float = 20, ports: tuple[int, ...] | None = None
) -> Readiness:
    engine = FakeEngine({"db": play})
    container = engine.create(
        ContainerSpec(
            name="db", image="i", labels={"slipway.step": "db", "slipway.kind": "service"}
        )
    )
    engine.start(container)
    ticks = itertools.count()
    return wait_until_ready(
        engine,
        Service(name="db", container=container, image=image, ports=ports),
        timeout=timeout,
        clock=lambda: next(ticks) / 10,
        sleep=lambda _: None,
    )


def facts(*ports: int, check: bool = False) -> ImageFacts:
    return ImageFacts(id="x", ports=ports, has_healthcheck=check)
