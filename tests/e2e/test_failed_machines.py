"""A release that fails tells why, in its service's own words, before its machines are removed.

One image holds a service that goes wrong in another way with each version. It is made by commands
that Systems Manager runs on a machine, which is how failed machines are asked, too.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.hooks.aws.machine_images import ImageCatalogue
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.failures import FailureReports
from slipway.model.cloud.failure_report import FailureReport
from slipway.model.facts import Json, MachineImage
from slipway.operators.housekeeping.retire_standbys import RetireStandbysOperator
from slipway.operators.roll_back import RollBackOperator
from slipway.operators.swap import LaunchOperator
from slipway.sensors.fleet_healthy import FleetHealthySensor
from slipway.tasks.images.search import known_images
from tests.cloud_process import REGION
from tests.e2e.conftest import World
from tests.e2e.steps import seed, target

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300), pytest.mark.usefixtures("artifacts")]

Run = Callable[..., Any]

# For boto3's waiters, which look every 15 seconds and give up after ten minutes.
EACH_SECOND = {"Delay": 1, "MaxAttempts": 600}
SECRET = "hunter2-of-the-ledger"
CRASHES, ELSEWHERE, SAYS_500, MISSES = "6.1.0", "6.2.0", "6.3.0", "6.4.0"
SERVICE = """
import http.server
import os

version, password = os.environ["SLIPWAY_VERSION"], os.environ["LEDGER_PASSWORD"]
if version == "6.1.0":
    raise SystemExit(f"the ledger does not take the password {password}")
if version == "6.4.0":
    print(os.environ["LEDGER_URL"])


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(500)
        self.end_headers()
        self.wfile.write(f"no table accounts; logged in with {password}".encode())


port = 9999 if version == "6.2.0" else 8000
http.server.HTTPServer(("0.0.0.0", port), Handler).serve_forever()
"""
UNIT = """
[Unit]
Requires=slipway-secrets.service
After=slipway-secrets.service

[Service]
ExecStart=/usr/bin/python3 -u /usr/local/lib/ledger.py
EnvironmentFile=/etc/slipway/instance.env
EnvironmentFile=/run/slipway/secrets.env

[Install]
WantedBy=multi-user.target
"""
SECRETS = f"""
[Service]
Type=oneshot
RemainAfterExit=yes
RuntimeDirectory=slipway
RuntimeDirectoryPreserve=yes
ExecStart=/bin/sh -c "echo 'LEDGER_PASSWORD=\\"{SECRET}\\"' > /run/slipway/secrets.env"
"""
FILES = {
    "/usr/local/lib/ledger.py": SERVICE,
    "/etc/systemd/system/ledger.service": UNIT,
    "/etc/systemd/system/ledger.service.d/50-slipway.conf": "[Unit]\n",
    "/etc/systemd/system/slipway-secrets.service": SECRETS,
}


@pytest.fixture(scope="module")
def ledger(world: World) -> Iterator[str]:
    """Make an image with the service in it."""
    writes = [
        f"mkdir -p $(dirname {path}); echo {base64.b64encode(text.encode()).decode()}"
        f" | base64 -d > {path}"
        for path, text in FILES.items()
    ]
    wanted = "/etc/systemd/system/multi-user.target.wants"
    enables = f"mkdir -p {wanted}; ln -s ../ledger.service {wanted}/ledger.service"
    image = _image_with(world, "ledger", [*writes, enables])
    yield image
    world.client("ec2").deregister_image(ImageId=image)


def _machine(world: World, image: str | None = None) -> str:
    """Launch one beside all groups."""
    ec2 = world.client("ec2")
    names = [{"Name": "name", "Values": ["debian-12-amd64-slipway"]}]
    source = ec2.describe_images(Owners=["self"], Filters=names)["Images"][0]["ImageId"]
    made = ec2.run_instances(ImageId=image or source, MinCount=1, MaxCount=1)
    return str(made["Instances"][0]["InstanceId"])


def _image_with(world: World, name: str, commands: list[str]) -> str:
    """Make an image of a machine on which commands ran."""
    ec2, made = world.client("ec2"), _machine(world)
    ec2.get_waiter("instance_running").wait(InstanceIds=[made], WaiterConfig=EACH_SECOND)
    _on_machine(world, made, ["set -e", *commands])
    image = str(ec2.create_image(InstanceId=made, Name=name)["ImageId"])
    ec2.get_waiter("image_available").wait(ImageIds=[image], WaiterConfig=EACH_SECOND)
    ec2.terminate_instances(InstanceIds=[made])
    return image


def _on_machine(world: World, machine: str, commands: list[str]) -> None:
    ssm, deadline = world.client("ssm"), time.monotonic() + 60
    sent = ssm.send_command(
        InstanceIds=[machine],
        DocumentName="AWS-RunShellScript",
        Parameters={"commands": commands},
    )["Command"]["CommandId"]
    while True:
        told = ssm.get_command_invocation(CommandId=sent, InstanceId=machine)
        if told["Status"] != "InProgress":
            break
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert told["Status"] == "Success", told["StandardErrorContent"]


def _image(world: World, ledger: str, version: str) -> Json:
    """A release of that version on record, with the service's image."""
    image = replace(MachineImage.from_json(seed(world, version)), image_id=ledger)
    catalogue = ImageCatalogue(world.client("ec2"))
    tags = {"slipway:deb-sha256": ""}
    known_images(catalogue, REGION).note(ledger, tags, image.release)
    return image.to_json()


def _fail(run: Run, world: World, ledger: str, version: str, **more: Any) -> FailureReport:
    """Bring a release that fails, and go back."""
    facts: dict[str, Any] = {
        "target": target(health_timeout=8.0, **more),
        "image": _image(world, ledger, version),
    }
    run(LaunchOperator(task_id="launch", **facts))
    began = time.monotonic()
    with pytest.raises(AirflowFailException, match="0 of 1 machines healthy"):
        run(FleetHealthySensor(task_id="fleet_healthy", **facts))
    assert time.monotonic() - began < 8.0 + 10.0
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
    ec2, made = world.client("ec2"), _machine(world)
    assert "systemd" in _console(world, made, "systemd")
    ec2.terminate_instances(InstanceIds=[made])


def test_a_machine_that_never_boots_has_its_last_words(world: World) -> None:
    image = _image_with(world, "headless", ["mv /lib/systemd/systemd /lib/systemd/elsewhere"])
    said = _console(world, _machine(world, image), "No such file")
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
