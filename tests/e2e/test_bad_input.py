"""Everything that people and surroundings do wrong: a clear error, nothing lost, nothing left."""

from __future__ import annotations

import os
import signal
import socket
import socketserver
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.facts import Json, MachineImage, Release
from slipway.fleet.target import FleetTarget
from slipway.hooks.artifact_store import artifact_store
from slipway.operators.apt_publish import AptPublishOperator
from slipway.operators.checkout import CheckoutOperator
from slipway.operators.deb_build import DebBuildOperator
from slipway.operators.fleet import (
    LaunchOperator,
    RetireOldOperator,
    RollBackOperator,
    ShiftTrafficOperator,
)
from slipway.operators.goose import GooseRehearseOperator
from slipway.operators.packer_bake import PackerBakeOperator
from slipway.operators.pipeline_test import PipelineTestOperator
from slipway.sensors.fleet_healthy import FleetHealthySensor
from tests.e2e.conftest import IMAGES, PACKAGE, PORT, REGION, World
from tests.fakes.git_server import Repository

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

Run = Callable[..., Any]
Head = Callable[[], Json]


@pytest.fixture(autouse=True)
def _nothing_is_left(world: World) -> Any:
    yield
    assert world.leftovers() == []
    assert world.builders() == []


def _pipeline(checkout: Json, repository: Repository) -> PipelineTestOperator:
    return PipelineTestOperator(
        task_id="test", checkout=checkout, url=repository.url, images=IMAGES, timeout_seconds=120
    )


def _rehearsal(checkout: Json, repository: Repository) -> GooseRehearseOperator:
    return GooseRehearseOperator(
        task_id="rehearse_migrations", checkout=checkout, url=repository.url,
        directory="migrations", postgres=15,
    )  # fmt: skip


def _deb(checkout: Json, repository: Repository, **more: str) -> DebBuildOperator:
    return DebBuildOperator(
        task_id="build_deb", checkout=checkout, url=repository.url, **{**PACKAGE, **more}
    )


def _bake(package: Json) -> PackerBakeOperator:
    return PackerBakeOperator(
        task_id="bake_image", package=package, unit="guestbook.service", config={},
        aws_conn_id="aws_default", region=REGION,
    )  # fmt: skip


def test_an_unknown_ref(guestbook: Repository, run: Run) -> None:
    operator = CheckoutOperator(
        task_id="checkout", project="guestbook", url=guestbook.url, ref="mian", branch="main"
    )
    with pytest.raises(AirflowFailException, match=r"no branch, tag or commit 'mian'(?s:.*)'main'"):
        run(operator)


def test_no_pipeline_file(guestbook: Repository, checkout: Head, run: Run) -> None:
    guestbook.git("rm", "--quiet", ".drone.yml")
    guestbook.commit("no pipeline")
    with pytest.raises(AirflowFailException, match=r"\.drone\.yml"):
        run(_pipeline(checkout(), guestbook))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kind: [", r"\.drone\.yml"),
        ("kind: pipeline\ntype: docker\nname: x\nsteps:\n- name: a\n  imgae: b\n", "image"),
        ("kind: pipeline\ntype: docker\nname: x\nsteps: []\n", "steps"),
    ],
)
def test_a_malformed_pipeline_file(
    guestbook: Repository, checkout: Head, run: Run, text: str, expected: str
) -> None:
    guestbook.commit("malformed", _dot_drone_dot_yml=text)
    with pytest.raises(AirflowFailException, match=expected):
        run(_pipeline(checkout(), guestbook))


def test_a_failing_test(guestbook: Repository, checkout: Head, run: Run) -> None:
    (guestbook.path / ".drone.yml").write_text(
        "kind: pipeline\ntype: docker\nname: x\nsteps:\n- name: unit\n  image: python:3.11\n"
        "  commands: [echo about to fail, exit 3]\n"
    )
    guestbook.commit("failing")
    with pytest.raises(AirflowFailException, match=r"unit(?s:.*)3(?s:.*)about to fail"):
        run(_pipeline(checkout(), guestbook))


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("-- +goose Up\nCREATE TABEL x();\n-- +goose Down\nSELECT 1;\n", "00009_bad.sql"),
        ("-- +goose Up\nSELECT 1;\n-- +goose Down\nDROP TABLE nowhere;\n", "(?s:.*)down"),
    ],
)
def test_a_bad_migration(
    guestbook: Repository, checkout: Head, run: Run, sql: str, expected: str
) -> None:
    (guestbook.path / "migrations" / "00009_bad.sql").write_text(sql)
    guestbook.commit("bad migration")
    with pytest.raises(AirflowFailException, match=expected) as caught:
        run(_rehearsal(checkout(), guestbook))
    assert "00009_bad.sql" in str(caught.value)


@pytest.mark.parametrize("name", ["Guest_Book", "other"])
def test_a_package_name_that_is_not_ours(
    guestbook: Repository, checkout: Head, run: Run, name: str
) -> None:
    file = guestbook.path / "packaging" / "nfpm.yaml"
    file.write_text(file.read_text().replace("name: guestbook", f"name: {name}", 1))
    guestbook.commit("renamed")
    with pytest.raises(AirflowFailException):
        run(_deb(checkout(), guestbook))
    assert artifact_store().keys("deb/guestbook") == []


def test_a_version_published_with_other_content(
    guestbook: Repository, checkout: Head, run: Run, artifacts: Path
) -> None:
    deb = run(_deb(checkout(), guestbook))
    first = run(AptPublishOperator(task_id="publish_apt", deb=deb))
    # The same version from another history: what a rebuilt repository could bring.
    guestbook.git("commit", "--quiet", "--amend", "-m", "rewritten")
    (guestbook.path / "guestbook" / "welcome.txt").write_text("other content\n")
    sha = guestbook.commit("other content")
    other = {**checkout(), "release": {**deb["release"], "sha": sha}}
    operator = _deb(other, guestbook)
    with pytest.raises(AirflowFailException, match="other content"):
        run(operator)
    for key in artifact_store().keys(f"deb/guestbook/{deb['version']}"):
        (artifacts / "deb" / "guestbook" / deb["version"] / key).unlink()
    changed = run(_deb(other, guestbook))
    assert changed["sha256"] != deb["sha256"]
    with pytest.raises(AirflowFailException, match="published before with other content"):
        run(AptPublishOperator(task_id="publish_apt", deb=changed))
    assert first["version"] == deb["version"]


def test_ansible_failing_halfway(guestbook: Repository, checkout: Head, run: Run) -> None:
    deb = run(_deb(checkout(), guestbook))
    package = run(AptPublishOperator(task_id="publish_apt", deb=deb))
    with pytest.raises(AirflowFailException, match="Ansible failed in the task 'app : Install"):
        run(_bake({**package, "version": "9.9.9"}))


def test_a_bake_that_is_killed(guestbook: Repository, checkout: Head, world: World) -> None:
    """A killed worker: the next try finds and removes what the last one left."""
    package = {
        "release": checkout()["release"], "name": "guestbook", "version": "1.0.0",
        "architecture": "all", "sha256": "0" * 64, "repository_url": "http://127.0.0.1:1",
        "distribution": "stable", "component": "main", "signing_key": "none",
    }  # fmt: skip
    ti: Any = SimpleNamespace(dag_id="guestbook", task_id="bake_image", run_id="killed")
    child = os.fork()
    if child == 0:
        try:
            _bake(package).execute({"ti": ti})
        finally:
            os._exit(0)
    deadline = time.monotonic() + 120
    while not any(name.startswith("i-") for name in world.builders()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert world.leftovers()
    again = _bake(package)
    with pytest.raises(AirflowFailException):
        again.execute({"ti": ti})


def _target(**more: Any) -> Json:
    fields: dict[str, Any] = {
        "project": "guestbook", "environment": "dev", "region": REGION,
        "aws_conn_id": "aws_default", "subnets": ("slipway-a", "slipway-b"),
        "security_groups": ("slipway-app",), "instance_type": "t3.micro", "min_size": 1,
        "desired_size": 1, "max_size": 2, "health_path": "/healthz", "health_port": 8000,
        "health_timeout": 120.0, "soak": 0.0, "keep_old": 0.0, "target_group": "guestbook-dev",
    }  # fmt: skip
    return FleetTarget(**(fields | more)).to_json()


def _seed(world: World, version: str) -> Json:
    """An image without any service in it."""
    ec2 = world.client("ec2")
    names = [{"Name": "name", "Values": ["debian-12-amd64-slipway"]}]
    image = ec2.describe_images(Owners=["self"], Filters=names)["Images"][0]["ImageId"]
    return MachineImage(
        release=Release(project="guestbook", sha="0" * 40, version=version), image_id=image,
        name="seed", base_image_id=image, deb_sha256="", playbook_hash="", region=REGION,
    ).to_json()  # fmt: skip


def test_an_app_that_never_gets_healthy(
    guestbook: Repository, checkout: Head, run: Run, world: World
) -> None:
    """The whole way of a good release, then a bad one that is removed again."""
    deb = run(_deb(checkout(), guestbook))
    package = run(AptPublishOperator(task_id="publish_apt", deb=deb))
    good: dict[str, Any] = {"environment": _target(), "image": run(_bake(package))}
    run(LaunchOperator(task_id="launch", **good))
    run(FleetHealthySensor(task_id="fleet_healthy", **good))
    run(ShiftTrafficOperator(task_id="shift_traffic", **good))
    run(RetireOldOperator(task_id="retire_old", **good))
    serving = world.groups()
    assert len(serving) == 1

    bad: dict[str, Any] = {
        "environment": _target(health_timeout=6.0),
        "image": _seed(world, "6.6.6"),
    }
    launched = run(LaunchOperator(task_id="launch", **bad))
    assert launched["previous_group"] == serving[0]
    with pytest.raises(AirflowFailException, match=r"0 of 1 machines healthy .*ConnectError"):
        run(FleetHealthySensor(task_id="fleet_healthy", **bad))
    run(RollBackOperator(task_id="roll_back", **bad))
    assert world.groups() == serving
    templates = world.client("ec2").describe_launch_templates()["LaunchTemplates"]
    assert [one["LaunchTemplateName"] for one in templates] == serving
    health = FleetHealthySensor(task_id="fleet_healthy", **good)
    run(health)
    world.client("autoscaling").delete_auto_scaling_group(
        AutoScalingGroupName=serving[0], ForceDelete=True
    )


def test_a_cloud_that_lacks_what_the_project_names(run: Run, world: World) -> None:
    image = _seed(world, "7.7.7")
    for mistake, expected in (
        ({"target_group": "guestbok-dev"}, "did you mean 'guestbook-dev'"),
        ({"subnets": ("slipway-x",)}, "no subnet 'slipway-x'"),
        ({"security_groups": ("slipway-ap",)}, "did you mean 'slipway-app'"),
    ):
        operator = LaunchOperator(task_id="launch", environment=_target(**mistake), image=image)
        with pytest.raises(AirflowFailException, match=expected):
            run(operator)
    assert world.groups() == []


def test_an_api_that_is_away_for_thirty_seconds(
    run: Run, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection's port answers only after half a minute; the task rides it out."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv(
        "AIRFLOW_CONN_AWS_AWAY",
        '{"conn_type": "aws", "login": "x", "password": "y",'
        f' "extra": {{"endpoint_url": "http://127.0.0.1:{port}"}}}}',
    )
    back = threading.Timer(30, _forward, (port,))
    back.daemon = True
    back.start()
    target = _target(aws_conn_id="aws_away")
    began = time.monotonic()
    rolled = run(
        RollBackOperator(task_id="roll_back", environment=target, image=_seed(world, "8.8.8"))
    )
    assert rolled["instance_ids"] == ()
    assert time.monotonic() - began >= 25


def _forward(port: int) -> None:
    """Pass connections on to the embedded cloud."""

    class Relay(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", PORT)) as cloud:
                other = threading.Thread(target=_pump, args=(cloud, self.request), daemon=True)
                other.start()
                _pump(self.request, cloud)
                other.join(5)

    server = socketserver.ThreadingTCPServer(("127.0.0.1", port), Relay)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return
