from __future__ import annotations

from slipway.model.container import ContainerSpec, Health, ImageFacts
from slipway.pipeline.runtime.readiness import Service, listening_ports, wait_until_ready
from tests.fakes.container_engine import FakeEngine, Play
from tests.slipway.pipeline.runtime.service_looks import HEADER, facts, look, waited


def wait(
    play: Play, image: ImageFacts, *, timeout: float = 20, ports: tuple[int, ...] | None = None
) -> float:
    end = waited(play, image, timeout=timeout, ports=ports)
    assert not end.lacking
    return end.seconds


def test_a_service_without_ports_is_ready_when_it_runs() -> None:
    assert wait(Play(tables=()), facts()) < 1


def test_a_health_check_is_believed_and_ports_are_not_asked() -> None:
    wait(Play(health=Health.HEALTHY, tables=()), facts(80, check=True))
    ill = waited(Play(health=Health.UNHEALTHY, tables=(look(80),)), facts(80, check=True))
    assert ill.lacking == "is not healthy"
    assert ill.seconds > 20


def test_a_port_that_never_opens_is_named_and_nobody_waits_for_ever() -> None:
    end = waited(Play(tables=(look(),)), facts(5432))
    assert end.lacking == "does not accept connections on port 5432"
    assert end.seconds > 20


def test_a_service_that_is_told_to_listen_elsewhere_is_waited_for_a_little() -> None:
    end = waited(Play(tables=(look(9000),)), facts(8080))
    assert end.lacking == "listens on port 9000, not on 8080"
    assert 10 <= end.seconds < 15


def test_what_listens_elsewhere_for_a_moment_is_still_waited_for() -> None:
    looks = (look(), *[look(9999)] * 20, *[look(9999, 9998)] * 20, look(9999, 9092))
    assert wait(Play(tables=looks), facts(9092)) > 4


def test_a_service_that_only_its_own_container_reaches_is_said_to() -> None:
    inside = (0, HEADER + " 0: 0100007F:1F90 00000000:0000 0A 0:0\n")
    assert waited(Play(tables=(inside,)), facts(8080)).lacking == (
        "listens on port 8080 for its own container alone"
    )


def test_dockers_resolver_is_nobodys_service() -> None:
    resolver = (0, HEADER + " 0: 0B00007F:A2C3 00000000:0000 0A 0:0\n")
    end = waited(Play(tables=(resolver,)), facts(8080))
    assert end.lacking == "does not accept connections on port 8080"


def test_a_pipeline_file_says_better_than_an_image_what_to_wait_for() -> None:
    wrong = facts(8080, check=True)
    ill = Play(health=Health.UNHEALTHY, tables=(look(), look(9000)))
    assert wait(ill, wrong, ports=(9000,)) < 2
    assert wait(Play(health=Health.UNHEALTHY, tables=()), wrong, ports=()) < 1


def test_of_several_ports_one_is_enough_once_no_other_opens() -> None:
    looks = (look(), look(4369), look(4369, 5672))
    assert wait(Play(tables=looks), facts(4369, 5671, 5672)) > 1


def test_all_ports_open_is_ready_at_once() -> None:
    assert wait(Play(tables=(look(80, 443),)), facts(80, 443)) < 1


def test_a_service_that_has_done_its_work_is_ready() -> None:
    engine = FakeEngine({"seed": Play(exit_code=0)})
    container = engine.create(ContainerSpec(name="s", image="i", labels={"slipway.step": "seed"}))
    service = Service(name="seed", container=container, image=facts(80))
    assert wait_until_ready(engine, service, timeout=1).seconds < 1


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
