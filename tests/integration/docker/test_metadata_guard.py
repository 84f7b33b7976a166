"""Untrusted containers cannot reach the cloud's metadata service; others can."""

from __future__ import annotations

import subprocess
import sys
import time
import uuid
from pathlib import Path
from shutil import which
from subprocess import DEVNULL
from typing import TYPE_CHECKING

import docker
import pytest

from include.demo import down
from include.localcloud.compute.link_local import bridge_name, keep_from_link_local
from include.localcloud.engine import Engine
from include.localcloud.network import free_cidr, make_network
from include.localcloud.settings import CloudSettings
from slipway.hooks.docker.engine import ContainerEngine
from slipway.hooks.docker.metadata_guard import KIND, interface_prefix
from slipway.pipeline.compiler.compiler import Build, compile_file
from slipway.pipeline.load import load
from slipway.pipeline.runtime.log_groups import LogGroups
from slipway.pipeline.runtime.runner import Runner
from tests.integration.docker import fake_metadata
from tests.integration.docker.fake_metadata import HERE, METADATA, ROLES
from tests.lanes import turn

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not (which("ip") and which("iptables")), reason="needs iproute2, iptables"),
]
metadata_service = fake_metadata.metadata_service
ASK = "python3 -c \"import urllib.request as u; print(u.urlopen('http://{}', timeout=3))\""


@pytest.fixture
def engine() -> Iterator[ContainerEngine]:
    installation = f"test-{uuid.uuid4().hex[:8]}"
    engine = ContainerEngine(
        docker.APIClient(timeout=60), installation=installation, metadata_guard=True
    )
    yield engine
    down.remove_from_docker(installation)


@pytest.fixture
def roles_of_containers(metadata_service: None) -> Iterator[None]:
    """Let this machine itself answer at the other address, as the agent of ECS does."""
    rule = f"PREROUTING -d {ROLES}/32 -p tcp --dport 80 -j DNAT --to-destination {HERE}:51679"
    serve = [sys.executable, "-m", "http.server", "51679", "--bind", HERE]
    with subprocess.Popen(serve, stdout=DEVNULL, stderr=DEVNULL) as http:
        subprocess.run(["iptables", "-t", "nat", "-I", *rule.split()], check=True)
        try:
            time.sleep(0.7)
            yield
        finally:
            subprocess.run(["iptables", "-t", "nat", "-D", *rule.split()], check=True)
            http.terminate()


def answers(engine: ContainerEngine, *, trusted: bool, address: str = METADATA) -> bool:
    ask = ASK.format(address)
    text = (
        f"kind: pipeline\nsteps:\n- name: ask\n  image: slipway/python:3.11\n  commands:\n  - {ask}"
    )
    file = load(text.encode(), file=".drone.yml", trusted=trusted)
    build = Build(id=f"slipway-{engine.installation}", labels={"slipway.run": "r"}, trusted=trusted)
    (spec,) = compile_file(file, build).pipelines
    log: list[str] = []
    result = Runner(engine, spec, output=LogGroups(log.append), timeout=60).run(None)
    assert result.steps[0].exit_code == 0 or "URLError" in "".join(log), log
    return result.steps[0].exit_code == 0


def guards(engine: ContainerEngine) -> list[str]:
    """List an installation's guards, with the moment when each began."""
    mine = [f"slipway.installation={engine.installation}", f"slipway.kind={KIND}"]
    found = docker.APIClient().containers(filters={"label": mine})
    return [f"{one['Id']} {one['Created']}" for one in found]


def rules(engine: ContainerEngine) -> int:
    """Count an installation's rules: there may be guards of others, each with rules of its own."""
    done = subprocess.run(["iptables", "-S"], capture_output=True, check=True, text=True)
    return done.stdout.count(f" {interface_prefix(engine.installation)}+ ")


@pytest.mark.usefixtures("metadata_service")
def test_only_trusted_pipelines_reach_the_metadata_service(engine: ContainerEngine) -> None:
    assert answers(engine, trusted=True)
    assert not answers(engine, trusted=False)
    # The guard puts its rules back when somebody flushes it.
    subprocess.run(["iptables", "-F", "DOCKER-USER"], check=True)
    deadline = time.monotonic() + 15
    while rules(engine) < 3 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not answers(engine, trusted=False)


@pytest.mark.usefixtures("roles_of_containers")
def test_what_this_machine_answers_for_the_metadata_service_is_out_of_reach_too(
    engine: ContainerEngine,
) -> None:
    assert answers(engine, trusted=True, address=ROLES)
    assert not answers(engine, trusted=False, address=ROLES)
    subprocess.run(["iptables", "-F", "DOCKER-USER"], check=True)
    assert not answers(engine, trusted=False, address=ROLES)


def test_the_guard_stays_for_the_next_pipeline_and_goes_with_the_installation(
    engine: ContainerEngine,
) -> None:
    engine.create_network("slipway-guarded-a", {"x": "y"}, guarded=True)
    before = guards(engine)
    engine.create_network("slipway-guarded-b", {"x": "y"}, guarded=True)
    assert guards(engine) == before
    assert len(before) == 1
    assert rules(engine) == 3
    down.remove_from_docker(engine.installation)
    assert rules(engine) == 0


def test_a_deployed_application_does_not_get_the_credentials_of_the_demos_machine(
    metadata_service: None,
) -> None:
    """The VPC, without the rest of its cloud."""
    engine = Engine(installation=f"test-{uuid.uuid4().hex[:8]}")
    with turn("addresses"):
        settings = CloudSettings(
            home=Path("/nowhere"),
            installation=engine.installation,
            port=1,
            cidr=free_cidr(engine),
            region="eu-west-1",
        )
        make_network(engine, settings)
    ask = ["run", "--rm", "--network", settings.network, "slipway/python:3.11", "sh", "-c"]
    try:
        assert subprocess.run(["docker", *ask, ASK.format(METADATA)], check=False).returncode == 0
        keep_from_link_local(engine)
        assert subprocess.run(["docker", *ask, ASK.format(METADATA)], check=False).returncode != 0
    finally:
        engine.sweep()
    done = subprocess.run(["iptables", "-S"], capture_output=True, check=True, text=True)
    assert bridge_name(engine.installation) not in done.stdout
