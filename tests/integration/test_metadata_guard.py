"""Untrusted containers cannot reach the cloud's metadata service; others can."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import suppress
from fcntl import LOCK_EX, flock
from pathlib import Path
from shutil import which
from signal import SIGKILL
from subprocess import DEVNULL
from typing import TYPE_CHECKING

import docker
import pytest

from include.demo import down
from include.localcloud.engine import Engine
from include.localcloud.link_local import bridge_name, keep_from_link_local
from include.localcloud.network import free_cidr, make_network
from include.localcloud.settings import CloudSettings
from slipway.hooks.container_engine import ContainerEngine
from slipway.hooks.metadata_guard import interface_prefix
from slipway.pipeline.compiler import Build, compile_file
from slipway.pipeline.load import load
from slipway.pipeline.log_groups import LogGroups
from slipway.pipeline.runner import Runner

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not (which("ip") and which("iptables")), reason="needs iproute2, iptables"),
]
METADATA = "169.254.169.254"
SPACE = "slipway-md"
ASK = f"python3 -c \"import urllib.request as u; print(u.urlopen('http://{METADATA}', timeout=3))\""


def ip(*arguments: str) -> str:
    return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def metadata_service() -> Iterator[None]:
    """Serve HTTP at the well-known address, one hop away from this machine as in a cloud.

    There is one such address per machine, so the tests of two clones take turns; and a run that was
    killed leaves its network namespace and its route behind, which the next one removes: the lock
    ends with the process that holds it.
    """
    space, here, there = SPACE, f"{SPACE}-h", f"{SPACE}-t"
    with (Path(tempfile.gettempdir()) / f"{SPACE}.lock").open("w") as turn:
        flock(turn, LOCK_EX)
        clear(space, here)
        ip("netns", "add", space)
        try:
            ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", space)
            ip("address", "add", "10.255.255.1/30", "dev", here)
            ip("link", "set", here, "up")
            ip("route", "add", f"{METADATA}/32", "via", "10.255.255.2", "dev", here)
            inside = ("netns", "exec", space, "ip")
            ip(*inside, "address", "add", "10.255.255.2/30", "dev", there)
            ip(*inside, "link", "set", there, "up")
            ip(*inside, "link", "set", "lo", "up")
            ip(*inside, "address", "add", f"{METADATA}/32", "dev", "lo")
            ip(*inside, "route", "add", "default", "via", "10.255.255.1")
            serve = ["ip", "netns", "exec", space, sys.executable, "-m", "http.server", "80"]
            with subprocess.Popen(serve, stdout=DEVNULL, stderr=DEVNULL) as http:
                time.sleep(0.7)
                yield
                http.terminate()
        finally:
            clear(space, here)


def clear(space: str, link: str) -> None:
    """Remove the namespace, what runs in it, and the link to it with its routes, if there."""
    with suppress(subprocess.CalledProcessError):
        for pid in ip("netns", "pids", space).split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), SIGKILL)
    for leftover in (("link", "delete", link), ("netns", "delete", space)):
        with suppress(subprocess.CalledProcessError):
            ip(*leftover)


@pytest.fixture
def engine() -> Iterator[ContainerEngine]:
    installation = f"test-{uuid.uuid4().hex[:8]}"
    engine = ContainerEngine(
        docker.APIClient(timeout=60), installation=installation, metadata_guard=True
    )
    yield engine
    down.remove_from_docker(installation)


def answers(engine: ContainerEngine, *, trusted: bool) -> bool:
    text = (
        f"kind: pipeline\nsteps:\n- name: ask\n  image: slipway/python:3.11\n  commands:\n  - {ASK}"
    )
    file = load(text.encode(), file=".drone.yml", trusted=trusted)
    build = Build(id=f"slipway-{engine.installation}", labels={"slipway.run": "r"}, trusted=trusted)
    (spec,) = compile_file(file, build).pipelines
    log: list[str] = []
    result = Runner(engine, spec, output=LogGroups(log.append), timeout=60).run(None)
    assert result.steps[0].exit_code == 0 or "URLError" in "".join(log), log
    return result.steps[0].exit_code == 0


def rules() -> str:
    done = subprocess.run(["iptables", "-S", "DOCKER-USER"], capture_output=True, check=True)
    return done.stdout.decode()


@pytest.mark.usefixtures("metadata_service")
def test_only_trusted_pipelines_reach_the_metadata_service(engine: ContainerEngine) -> None:
    assert answers(engine, trusted=True)
    assert not answers(engine, trusted=False)
    # The guard puts its rule back when somebody flushes it.
    subprocess.run(["iptables", "-F", "DOCKER-USER"], check=True)
    deadline = time.monotonic() + 15
    # There may be guards of other installations, each with a rule of its own.
    own = interface_prefix(engine.installation)
    while own not in rules() and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not answers(engine, trusted=False)


def test_the_guard_stays_for_the_next_pipeline_and_goes_with_the_installation(
    engine: ContainerEngine,
) -> None:
    engine.create_network("slipway-guarded-a", {"x": "y"}, guarded=True)
    began = time.monotonic()
    engine.create_network("slipway-guarded-b", {"x": "y"}, guarded=True)
    assert time.monotonic() - began < 1
    own = interface_prefix(engine.installation)
    assert own in rules()
    down.remove_from_docker(engine.installation)
    assert own not in rules()


def test_a_deployed_application_does_not_get_the_credentials_of_the_demos_machine(
    metadata_service: None,
) -> None:
    """The VPC, without the rest of its cloud."""
    engine = Engine(installation=f"test-{uuid.uuid4().hex[:8]}")
    settings = CloudSettings(
        home=Path("/nowhere"), installation=engine.installation, port=1, cidr=free_cidr(engine),
        region="eu-west-1",
    )  # fmt: skip
    ask = ["run", "--rm", "--network", settings.network, "slipway/python:3.11", "sh", "-c", ASK]
    try:
        make_network(engine, settings)
        assert subprocess.run(["docker", *ask], check=False).returncode == 0
        keep_from_link_local(engine)
        assert subprocess.run(["docker", *ask], check=False).returncode != 0
    finally:
        engine.sweep()
    assert bridge_name(engine.installation) not in rules()
