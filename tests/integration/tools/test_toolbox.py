"""A tool's secrets, on real Docker: only the tool sees them."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import threading
import time
import uuid
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import docker
import pytest

from slipway.exceptions import ContainerEngineError
from slipway.hooks.docker.engine import ContainerEngine
from slipway.hooks.tars import pack
from slipway.hooks.tools.toolbox import NOBODY, Toolbox

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.integration
CANARY = f"canary-{uuid.uuid4().hex}"


@pytest.fixture
def engine() -> Iterator[ContainerEngine]:
    installation = f"test-{uuid.uuid4().hex[:8]}"
    engine = ContainerEngine(docker.APIClient(timeout=60), installation=installation)
    yield engine
    assert engine.remove_labelled({}) == 0


def run(engine: ContainerEngine, script: str, **options: Any) -> list[str]:
    lines: list[str] = []
    user = options.pop("user", None)
    box = Toolbox(engine=engine, name=f"slipway-{engine.installation}", user=user)
    result = box.run("sh", "-c", script, timeout=60, log=lines.append, **options)
    assert result.exit_code == 0, lines
    return "\n".join(lines).split("\n")


@pytest.mark.parametrize("user", [None, NOBODY])
def test_secrets_arrive_whole_and_are_the_tools_alone(
    engine: ContainerEngine, user: str | None
) -> None:
    secrets = {"a": f"{CANARY}\nsecond line\n\n", "b": "x" * 100_000, "c": ""}
    script = (
        "cd /run/secrets; sha256sum a b c; stat -c '%a %s' a b c .; cat; env; "
        "grep /run/secrets /proc/mounts"
    )
    lines = run(engine, script, secrets=secrets, user=user)
    assert any(line.startswith("600 100000") for line in lines)
    assert [line for line in lines if line.startswith("700 ")]
    assert any(line.startswith("tmpfs /run/secrets tmpfs rw,nosuid,nodev,noexec") for line in lines)
    assert CANARY not in "".join(lines)
    for name, line in zip("abc", lines, strict=False):
        assert line == f"{hashlib.sha256(secrets[name].encode()).hexdigest()}  {name}"


def test_neither_inspect_nor_a_process_list_nor_a_disk_shows_a_secret(
    engine: ContainerEngine,
) -> None:
    client = docker.APIClient()
    name = f"slipway-{engine.installation}"
    seen: list[str] = []

    def look() -> None:
        for _ in range(100):
            if client.containers(filters={"name": name}):
                break
            time.sleep(0.05)
        time.sleep(0.5)
        raw = client.inspect_container(name)
        seen.extend([json.dumps(raw), str(client.diff(name)), str(client.logs(name))])
        processes = client.top(name)["Processes"]
        for pid in (row[1] for row in processes):
            seen.extend(
                Path(f"/proc/{pid}/{file}").read_text(errors="replace")
                for file in ("environ", "cmdline")
            )
        upper = (raw["GraphDriver"].get("Data") or {}).get("UpperDir", "")
        for folder, _, files in os.walk(upper):
            seen.extend(Path(folder, one).read_text(errors="replace") for one in files)
        engine.put_tar(name, "/work", pack({"seen": b""}))

    looker = threading.Thread(target=look)
    looker.start()
    script = "cp /run/secrets/key /tmp/copy; until test -e /work/seen; do sleep 0.1; done"
    run(engine, script, secrets={"key": CANARY}, environment={"PLAIN": "1"})
    looker.join()
    assert any("PLAIN=1" in text for text in seen)
    assert not any(CANARY in text for text in seen)


def test_a_tool_has_no_capabilities_and_limits(engine: ContainerEngine) -> None:
    script = "grep -E 'Cap(Eff|Bnd)|NoNewPrivs' /proc/self/status; cat /sys/fs/cgroup/pids/pids.max"
    lines = run(engine, f"{script} /sys/fs/cgroup/pids.max 2>/dev/null; true")
    assert [line.split()[1] for line in lines[:3]] == ["0" * 16, "0" * 16, "1"]
    assert lines[3] == "4096"


def test_a_tool_that_ends_without_reading_says_why_itself(engine: ContainerEngine) -> None:
    """More than a pipe holds, for a program that is not there."""
    box = Toolbox(engine=engine, name=f"slipway-{engine.installation}")
    lines: list[str] = []
    result = box.run("/no/such/tool", secrets={"a": "x" * 500_000}, timeout=60, log=lines.append)
    assert result.exit_code == 127
    assert "/no/such/tool" in "".join(lines)


def test_a_killed_tool_leaves_nothing_of_its_secrets(engine: ContainerEngine) -> None:
    client, mine = docker.APIClient(), {"label": f"slipway.installation={engine.installation}"}
    mounts: list[list[Any]] = []

    def kill() -> None:
        mounts.extend(one["Mounts"] for one in client.containers(all=True, filters=mine))
        engine.remove_labelled({})

    timer = threading.Timer(1.5, kill)
    timer.start()
    box = Toolbox(engine=engine, name=f"slipway-{engine.installation}")
    with suppress(ContainerEngineError):
        assert box.run("sleep", "60", secrets={"a": CANARY}, timeout=60, log=print).exit_code == 137
    timer.join()
    assert mounts, "the tool was not there yet"
    left = {one["Name"] for one in client.volumes()["Volumes"] or []}
    assert left.isdisjoint(one.get("Name") for one in itertools.chain(*mounts))


def test_a_burst_comes_whole_in_order_and_in_few_records(engine: ContainerEngine) -> None:
    blocks: list[str] = []
    box = Toolbox(engine=engine, name=f"slipway-{engine.installation}")
    result = box.run("seq", "100000", timeout=60, log=blocks.append)
    assert "\n".join(blocks).split("\n") == [str(number) for number in range(1, 100_001)]
    assert len(blocks) < 10_000
    assert result.output_tail == [str(number) for number in range(99_951, 100_001)]
