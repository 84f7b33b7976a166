from __future__ import annotations

import itertools

import pytest

from slipway.exceptions import StepTimedOut
from slipway.hooks.container_spec import ContainerSpec, Health, ImageFacts
from slipway.pipeline.readiness import Service, listening_ports, wait_until_ready
from tests.fakes.container_engine import FakeEngine, Play

HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"


def look(*ports: int) -> tuple[int, str]:
    return 0, HEADER + "".join(f" 0: 00000000:{p:04X} 00000000:0000 0A 0:0\n" for p in ports)


def wait(play: Play, image: ImageFacts, *, timeout: float = 10) -> float:
    engine = FakeEngine({"db": play})
    container = engine.create(
        ContainerSpec(
            name="db", image="i", labels={"slipway.step": "db", "slipway.kind": "service"}
        )
    )
    engine.start(container)
    ticks = itertools.count()
    return wait_until_ready(
        engine, Service(name="db", container=container, image=image), timeout=timeout,
        clock=lambda: next(ticks) / 10, sleep=lambda _: None,
    )  # fmt: skip


def facts(*ports: int, check: bool = False) -> ImageFacts:
    return ImageFacts(id="x", ports=ports, has_healthcheck=check)


def test_a_service_without_ports_is_ready_when_it_runs() -> None:
    assert wait(Play(tables=()), facts()) < 1


def test_a_health_check_is_believed_and_ports_are_not_asked() -> None:
    wait(Play(health=Health.HEALTHY, tables=()), facts(80, check=True))
    with pytest.raises(StepTimedOut, match="is not healthy after 10 s"):
        wait(Play(health=Health.UNHEALTHY, tables=(look(80),)), facts(80, check=True))


def test_a_port_that_never_opens_is_named_with_the_log() -> None:
    with pytest.raises(StepTimedOut, match="port 5432 after 10 s\n    starting"):
        wait(Play(tables=(look(22),), lines=("starting",)), facts(5432))


def test_of_several_ports_one_is_enough_once_no_other_opens() -> None:
    looks = (look(), look(4369), look(4369, 5672))
    assert wait(Play(tables=looks), facts(4369, 5671, 5672)) > 1


def test_all_ports_open_is_ready_at_once() -> None:
    assert wait(Play(tables=(look(80, 443),)), facts(80, 443)) < 1


def test_a_service_that_has_done_its_work_is_ready() -> None:
    engine = FakeEngine({"seed": Play(exit_code=0)})
    container = engine.create(ContainerSpec(name="s", image="i", labels={"slipway.step": "seed"}))
    service = Service(name="seed", container=container, image=facts(80))
    assert wait_until_ready(engine, service, timeout=1) < 1


def test_only_listening_sockets_that_others_can_reach_count() -> None:
    table = (
        HEADER
        + " 0: 00000000:1538 00000000:0000 0A 0:0\n"  # 0.0.0.0:5432 listens
        + " 1: 0100007F:0050 00000000:0000 0A 0:0\n"  # 127.0.0.1:80 listens, for itself
        + " 2: 020011AC:01BB 00000000:0000 01 0:0\n"  # 172.17.0.2:443 is connected
        + HEADER
        + " 0: 00000000000000000000000000000000:1F90 0:0 0A 0:0\n"  # [::]:8080
        + " 1: 00000000000000000000000001000000:1F91 0:0 0A 0:0\n"  # [::1]:8081
        + " 2: 0000000000000000FFFF00000100007F:1F92 0:0 0A 0:0\n"  # ::ffff:127.0.0.1
        + "nonsense\n"
    )
    assert listening_ports(table) == {5432, 8080}
