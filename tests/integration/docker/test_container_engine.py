"""The engine's contract, against real Docker."""

from __future__ import annotations

import io
import tarfile
import threading
import time
import uuid
from typing import TYPE_CHECKING

import docker
import pytest

from slipway.exceptions import ContainerEngineError, ImageUnavailable, StepTimedOut
from slipway.hooks.docker.engine import ContainerEngine
from slipway.hooks.tools.toolbox import Toolbox
from slipway.model.container import (
    CannotStart,
    ContainerSpec,
    Limits,
    NoSuchThing,
    PullPolicy,
    Security,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
from contextlib import suppress
from unittest import mock

from slipway.hooks.tars import pack

pytestmark = pytest.mark.integration
IMAGE = "slipway/debian:12"


@pytest.fixture
def engine() -> Iterator[ContainerEngine]:
    installation = f"test-{uuid.uuid4().hex[:8]}"
    engine = ContainerEngine(docker.APIClient(timeout=60), installation=installation)
    yield engine
    engine.remove_labelled({})


def shell(engine: ContainerEngine, script: str, **spec: object) -> ContainerSpec:
    return ContainerSpec(
        name=f"slipway-{engine.installation}",
        image=IMAGE,
        entrypoint=("/bin/sh", "-c"),
        argv=(script,),
        **spec,  # type: ignore[arg-type]
    )


def tar(**files: str) -> bytes:
    return pack({name: content.encode() for name, content in files.items()})


def names(packed: bytes | None) -> list[str]:
    assert packed is not None
    return tarfile.open(fileobj=io.BytesIO(packed)).getnames()


def test_a_tool_from_nothing_to_nothing(engine: ContainerEngine) -> None:
    lines: list[str] = []
    spec = shell(
        engine,
        "cat /a/b/in; echo err >&2; echo $SECRET > /a/b/out; exit 7",
        environment={"SECRET": "s"},
    )
    result = engine.run_tool(
        spec,
        files=tar(**{"in": "hello\n"}),
        files_at="/a/b",
        collect="/a/b",
        timeout=30,
        log=lines.append,
    )
    assert result.exit_code == 7
    assert sorted(lines) == ["err", "hello"]
    assert sorted(result.output_tail) == ["err", "hello"]
    assert sorted(names(result.collected)) == ["b", "b/in", "b/out"]
    assert engine.remove_labelled({}) == 0


def test_what_containers_run_on_is_told_as_debian_calls_it(engine: ContainerEngine) -> None:
    lines: list[str] = []
    asked = shell(engine, "dpkg --print-architecture")
    engine.run_tool(asked, timeout=60, log=lines.append)
    assert lines == [engine.architecture]


def test_lines_come_while_the_tool_runs(engine: ContainerEngine) -> None:
    at: list[float] = []
    spec = shell(engine, "echo one; sleep 1; echo two")
    engine.run_tool(spec, timeout=30, log=lambda _: at.append(time.monotonic()))
    assert at[1] - at[0] > 0.7


def test_a_tool_that_takes_too_long_is_asked_to_end_and_removed(engine: ContainerEngine) -> None:
    lines: list[str] = []
    spec = shell(engine, "trap 'echo cleaning; exit 0' TERM; while :; do sleep 0.1; done")
    with pytest.raises(StepTimedOut):
        engine.run_tool(spec, timeout=1, log=lines.append)
    assert engine.remove_labelled({}) == 0


def test_a_leftover_of_the_same_name_is_replaced(engine: ContainerEngine) -> None:
    old = engine.create(shell(engine, "sleep 60"))
    engine.start(old)
    new = engine.create(shell(engine, "true"))
    with pytest.raises(NoSuchThing):
        engine.state(old)
    assert engine.run_to_end(new, timeout=30, log=print) == 0
    assert engine.state(new).exit_code == 0


def test_a_caller_that_is_interrupted_leaves_nothing(engine: ContainerEngine) -> None:
    class Interrupted(BaseException):
        pass

    with (
        mock.patch.object(docker.APIClient, "wait", autospec=True, side_effect=Interrupted),
        pytest.raises(Interrupted),
    ):
        engine.run_tool(shell(engine, "sleep 60"), timeout=30, log=print, grace=0)
    assert engine.remove_labelled({}) == 0


def test_removing_ends_what_others_wait_for(engine: ContainerEngine) -> None:
    container = engine.create(shell(engine, "sleep 60", labels={"slipway.run": "1"}))
    threading.Timer(0.7, engine.remove_labelled, [{"slipway.run": "1"}]).start()
    began = time.monotonic()
    with suppress(ContainerEngineError):
        assert engine.run_to_end(container, timeout=30, log=print) == 137
    assert time.monotonic() - began < 10


def test_only_what_carries_all_labels_and_is_ours_is_removed(engine: ContainerEngine) -> None:
    name = f"slipway-{engine.installation}"
    other = ContainerEngine(docker.APIClient(), installation=f"{engine.installation}-other")
    engine.create_network(f"{name}-a", {"slipway.run": "1", "slipway.task": "t"})
    engine.create_network(f"{name}-b", {"slipway.run": "1", "slipway.task": "u"})
    engine.create_volume(f"{name}-v", {"slipway.run": "1", "slipway.task": "t"})
    other.create_network(f"{name}-c", {"slipway.run": "1", "slipway.task": "t"})
    try:
        assert engine.remove_labelled({"slipway.run": "1", "slipway.task": "t"}) == 2
        assert engine.remove_labelled({"slipway.run": "1"}) == 1
    finally:
        assert other.remove_labelled({}) == 1


def test_a_volume_removed_too_early_leaves_nothing(engine: ContainerEngine) -> None:
    volume = f"slipway-{engine.installation}-v"
    engine.create_volume(volume, {"slipway.run": "1"})
    assert engine.remove_labelled({"slipway.run": "1"}) == 1
    labels = {"slipway.run": "1"}
    engine.create(shell(engine, "true", volumes={volume: "/data"}, labels=labels))
    # Docker made the volume again, with the container.
    assert engine.remove_labelled(labels) == 2
    assert not docker.APIClient().volumes(filters={"name": volume})["Volumes"]


def test_an_image_that_does_not_exist_is_named(engine: ContainerEngine) -> None:
    with pytest.raises(ImageUnavailable, match=r"127\.0\.0\.1:1/no/such:tag.*refused"):
        engine.ensure_image("127.0.0.1:1/no/such:tag")
    with pytest.raises(ImageUnavailable, match="may not be pulled"):
        engine.ensure_image("no/such:tag", pull=PullPolicy.NEVER)


def test_an_image_tells_its_ports_and_health_check(engine: ContainerEngine) -> None:
    facts = engine.ensure_image("slipway/postgres:15")
    assert facts.ports == (5432,)
    assert facts.id.startswith("sha256:")
    assert engine.ensure_image(IMAGE).ports == ()


def test_a_program_that_is_not_there(engine: ContainerEngine) -> None:
    name = f"slipway-{engine.installation}"
    container = engine.create(ContainerSpec(name=name, image=IMAGE, entrypoint=("/no/such",)))
    with pytest.raises(CannotStart, match="/no/such"):
        engine.start(container)


def test_programs_inside_a_running_container(engine: ContainerEngine) -> None:
    container = engine.create(shell(engine, "sleep 60"))
    engine.start(container)
    code, output = engine.exec(container, ("sh", "-c", "echo $A; exit 4"), environment={"A": "b"})
    assert (code, output) == (4, "b\n")
    assert engine.exec(container, ("/no/such",))[0] in (126, 127)
    with pytest.raises(StepTimedOut):
        engine.exec(container, ("sleep", "30"), timeout=1)


def test_limits_and_rights_hold(engine: ContainerEngine) -> None:
    lines: list[str] = []
    spec = shell(
        engine,
        "grep -E 'CapBnd|NoNewPrivs' /proc/self/status; cat /sys/fs/cgroup/pids/pids.max "
        "/sys/fs/cgroup/pids.max /sys/fs/cgroup/memory/memory.limit_in_bytes "
        "/sys/fs/cgroup/memory.max 2>/dev/null; true",
        limits=Limits(memory=64 << 20, cpus=0.5, pids=50),
        security=Security(drop=("ALL",), add=("CHOWN",), no_new_privileges=True),
    )
    engine.run_tool(spec, timeout=30, log=lines.append)
    assert lines[0].split() == ["CapBnd:", "0000000000000001"]
    assert lines[1].split() == ["NoNewPrivs:", "1"]
    assert lines[2:] == ["50", str(64 << 20)]


def test_the_toolbox(engine: ContainerEngine) -> None:
    lines: list[str] = []
    box = Toolbox(engine=engine, name=f"slipway-{engine.installation}")
    result = box.run("goose", "-version", timeout=60, log=lines.append)
    assert result.exit_code == 0
    assert "goose version" in lines[0]
