"""What goes wrong around a good commit: nothing lost, nothing left behind, and it can go on."""

from __future__ import annotations

import os
import shutil
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

from slipway.model.facts import Json
from slipway.operators.publish_apt import PublishAptOperator
from slipway.operators.roll_back import RollBackOperator
from slipway.operators.swap import LaunchOperator, RetireOldOperator, ShiftTrafficOperator
from slipway.sensors.fleet_healthy import FleetHealthySensor
from tests.airflow_processes import free_port
from tests.e2e.conftest import BASE_LAYERS, PORT, World
from tests.e2e.steps import bake, deb, nowhere, on_record, seed, target
from tests.fakes.git_server import Repository

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

Run = Callable[..., Any]
Head = Callable[[], Json]


def test_ansible_failing_halfway(guestbook: Repository, checkout: Head, run: Run) -> None:
    built = run(deb(checkout(), guestbook))
    package = run(PublishAptOperator(task_id="publish_apt", deb=built))
    with pytest.raises(AirflowFailException, match="Ansible failed in the task 'app : Download"):
        run(bake({**package, "version": "9.9.9"}))


@pytest.fixture
def _no_base_layer(artifacts: Path) -> None:
    """Let a bake begin with the base layer, as the first one in a cloud does."""
    shutil.rmtree(artifacts / BASE_LAYERS, ignore_errors=True)


@pytest.mark.usefixtures("_no_base_layer")
def test_a_bake_that_is_killed(checkout: Head, world: World) -> None:
    """A killed worker: the next try finds and removes what the last one left."""
    package = nowhere(checkout()["release"])
    ti: Any = SimpleNamespace(dag_id="guestbook", task_id="bake_image", run_id="killed")
    child = os.fork()
    if child == 0:
        try:
            bake(package).execute({"ti": ti})
        finally:
            os._exit(0)
    _wait_for_builder(world)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert world.leftovers()
    again = bake(package)
    with pytest.raises(AirflowFailException):
        again.execute({"ti": ti})


@pytest.mark.usefixtures("_no_base_layer")
def test_a_bake_that_is_stopped(checkout: Head, world: World) -> None:
    """Somebody marks the task as failed: Airflow calls on_kill beside the running execute."""
    ti: Any = SimpleNamespace(dag_id="guestbook", task_id="bake_image", run_id="stopped")
    operator = bake(nowhere(checkout()["release"]))
    ended: list[BaseException] = []

    def execute() -> None:
        try:
            operator.execute({"ti": ti})
        except BaseException as error:
            ended.append(error)

    task = threading.Thread(target=execute)
    task.start()
    _wait_for_builder(world)
    operator.on_kill()
    assert world.builders() == []
    task.join(60)
    assert len(ended) == 1


def test_an_app_that_never_gets_healthy(
    guestbook: Repository, checkout: Head, run: Run, world: World
) -> None:
    """The whole way of a good release, then a bad one that is removed again."""
    built = run(deb(checkout(), guestbook))
    package = run(PublishAptOperator(task_id="publish_apt", deb=built))
    on_record(package)
    good: dict[str, Any] = {"target": target(), "image": run(bake(package))}
    run(LaunchOperator(task_id="launch", **good))
    run(FleetHealthySensor(task_id="fleet_healthy", **good))
    run(ShiftTrafficOperator(task_id="shift_traffic", **good))
    run(RetireOldOperator(task_id="retire_old", **good))
    serving = world.groups()
    assert len(serving) == 1

    bad: dict[str, Any] = {"target": target(health_timeout=6.0), "image": seed(world, "6.6.6")}
    launched = run(LaunchOperator(task_id="launch", **bad))
    assert launched["previous_group"] == serving[0]
    with pytest.raises(AirflowFailException, match=r"0 of 1 machines healthy .*ConnectError"):
        run(FleetHealthySensor(task_id="fleet_healthy", **bad))
    run(RollBackOperator(task_id="roll_back", **bad))
    assert world.groups() == serving
    assert world.templates() == serving
    health = FleetHealthySensor(task_id="fleet_healthy", **good)
    run(health)
    world.client("autoscaling").delete_auto_scaling_group(
        AutoScalingGroupName=serving[0], ForceDelete=True
    )


def test_a_cloud_that_lacks_what_the_project_names(run: Run, world: World) -> None:
    image = seed(world, "7.7.7")
    for mistake, expected in (
        ({"target_group": "guestbok-dev"}, "did you mean 'guestbook-dev'"),
        ({"subnets": ("slipway-x",)}, "no subnet 'slipway-x'"),
        ({"security_groups": ("slipway-ap",)}, "did you mean 'slipway-app'"),
    ):
        operator = LaunchOperator(task_id="launch", target=target(**mistake), image=image)
        with pytest.raises(AirflowFailException, match=expected):
            run(operator)
    assert world.groups() == []


def test_an_api_that_is_away_for_thirty_seconds(
    run: Run, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection's port answers only after half a minute; the task rides it out."""
    port = free_port()
    monkeypatch.setenv(
        "AIRFLOW_CONN_AWS_AWAY",
        '{"conn_type": "aws", "login": "x", "password": "y",'
        f' "extra": {{"endpoint_url": "http://127.0.0.1:{port}"}}}}',
    )
    back = threading.Timer(30, _forward, (port,))
    back.daemon = True
    back.start()
    away = target(aws_conn_id="aws_away")
    began = time.monotonic()
    rolled = run(RollBackOperator(task_id="roll_back", target=away, image=seed(world, "8.8.8")))
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


def _wait_for_builder(world: World) -> None:
    deadline = time.monotonic() + 120
    while not any(name.startswith("i-") for name in world.builders()):
        assert time.monotonic() < deadline
        time.sleep(0.2)
