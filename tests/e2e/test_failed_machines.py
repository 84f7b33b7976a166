"""A release that fails tells why, in its service's own words, before its machines are removed."""

from __future__ import annotations

import time
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.failures import FailureReports
from slipway.model.cloud.failure_report import FailureReport
from slipway.operators.housekeeping.retire_standbys import RetireStandbysOperator
from slipway.operators.roll_back import RollBackOperator
from slipway.operators.swap import LaunchOperator
from slipway.sensors.fleet_healthy import FleetHealthySensor
from tests.e2e.conftest import World
from tests.e2e.failed_machines import ledger as ledgers
from tests.e2e.failed_machines.ledger import (
    CRASHES,
    ELSEWHERE,
    MISSES,
    SAYS_500,
    SECRET,
    Run,
    image_with,
    launch_machine,
    release_of,
)
from tests.e2e.steps import target

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300), pytest.mark.usefixtures("artifacts")]
ledger, patience = ledgers.ledger, ledgers.patience


def _fail(run: Run, world: World, ledger: str, version: str, **more: Any) -> FailureReport:
    """Bring a release that fails, and go back."""
    facts: dict[str, Any] = {
        "target": target(health_timeout=8.0, **more),
        "image": release_of(world, ledger, version),
    }
    run(LaunchOperator(task_id="launch", **facts))
    with pytest.raises(AirflowFailException, match="0 of 1 machines healthy"):
        run(FleetHealthySensor(task_id="fleet_healthy", **facts))
    run(RollBackOperator(task_id="roll_back", **facts))
    assert world.groups() == []
    [report] = FailureReports(artifact_store()).newest("guestbook", "dev")
    assert report.version == version
    assert SECRET not in str(report.to_json())
    return report


def _said(report: FailureReport) -> str:
    [machine] = report.machines
    assert machine.source == "ssm", machine.problem
    return "\n".join((*machine.journal, *machine.own_answers, *machine.status))


def test_a_release_that_crashes_at_start(run: Run, world: World, ledger: str) -> None:
    said = _said(_fail(run, world, ledger, CRASHES))
    assert "the ledger does not take the password ******" in said
    assert "failed" in said


def test_a_release_that_listens_elsewhere(
    run: Run, world: World, ledger: str, capfd: pytest.CaptureFixture[str]
) -> None:
    report = _fail(run, world, ledger, ELSEWHERE)
    [machine] = report.machines
    assert any(place.startswith("0.0.0.0:9999 ") for place in machine.listens)
    assert "ConnectError" in machine.answered
    out = capfd.readouterr()
    assert "and not on 8000" in out.out + out.err


def test_a_release_whose_health_says_500(run: Run, world: World, ledger: str) -> None:
    report = _fail(run, world, ledger, SAYS_500)
    assert report.machines[0].answered == "HTTP 500"
    assert "no table accounts; logged in with ******" in _said(report)


def test_a_release_whose_parameter_is_missing(run: Run, world: World, ledger: str) -> None:
    report = _fail(run, world, ledger, MISSES)
    assert "KeyError: 'LEDGER_URL'" in _said(report)
    assert any("slipway-secrets" in line for line in report.machines[0].parameters)


def test_one_is_kept_out_of_traffic_until_its_time_is_over(
    run: Run, world: World, ledger: str
) -> None:
    report = _fail(run, world, ledger, CRASHES, keep_failed=3600.0)
    ec2 = world.client("ec2")
    [kept] = report.ill
    assert _state(world, kept) == "running"
    balancers = world.client("elbv2")
    [group] = balancers.describe_target_groups(Names=["guestbook-dev"])["TargetGroups"]
    health = balancers.describe_target_health(TargetGroupArn=group["TargetGroupArn"])
    assert kept not in [one["Target"]["Id"] for one in health["TargetHealthDescriptions"]]
    housekeeping = RetireStandbysOperator(task_id="t", target=target())
    run(housekeeping)
    assert _state(world, kept) == "running"
    over = [{"Key": "slipway:failed-until", "Value": "1000"}]
    ec2.create_tags(Resources=[kept], Tags=over)
    run(RetireStandbysOperator(task_id="t", target=target()))
    assert _state(world, kept) in ("shutting-down", "terminated")


def _state(world: World, machine: str) -> str:
    found = world.client("ec2").describe_instances(InstanceIds=[machine])["Reservations"]
    return str(found[0]["Instances"][0]["State"]["Name"])


def test_the_console_is_the_machines_own(world: World) -> None:
    """What there is to say of a machine without the agent."""
    ec2, made = world.client("ec2"), launch_machine(world)
    assert "systemd" in _console(world, made, "systemd")
    ec2.terminate_instances(InstanceIds=[made])


def test_a_machine_that_never_boots_has_its_last_words(world: World) -> None:
    image = image_with(world, "headless", ["mv /lib/systemd/systemd /lib/systemd/elsewhere"])
    said = _console(world, launch_machine(world, image), "No such file")
    assert "cannot start /lib/systemd/systemd: No such file or directory" in said
    world.client("ec2").deregister_image(ImageId=image)


def _console(world: World, machine: str, wanted: str) -> str:
    deadline, output = time.monotonic() + 30, ""
    while wanted not in output:
        assert time.monotonic() < deadline, output
        answer = world.client("ec2").get_console_output(InstanceId=machine, Latest=True)
        output = str(answer.get("Output", ""))
        time.sleep(0.5)
    return output
