"""Commands run where moto says that they did."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, cast
from unittest.mock import create_autospec

import boto3
import pytest
from moto import mock_aws
from moto.ssm.models import SimpleSystemManagerBackend

from include.localcloud.compute.machine import Machines
from include.localcloud.compute.run_command import correct_commands, run
from include.localcloud.state import CloudState

REGION = "eu-west-1"


@pytest.fixture
def machines(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setattr(
        SimpleSystemManagerBackend, "send_command", SimpleSystemManagerBackend.send_command
    )
    machines = create_autospec(Machines, instance=True)
    machines.run.return_value = (0, b"out", b"")
    with mock_aws():
        correct_commands(CloudState(region=REGION), machines)
        yield machines


def _client(service: str) -> Any:
    make = cast("Any", boto3.client)
    return make(service, region_name=REGION, aws_access_key_id="x", aws_secret_access_key="y")


def _instance() -> str:
    ec2 = _client("ec2")
    image = ec2.register_image(Name="image", Architecture="x86_64")["ImageId"]
    made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)
    return str(made["Instances"][0]["InstanceId"])


def _send(name: str, document: str = "AWS-RunShellScript") -> str:
    sent = _client("ssm").send_command(
        InstanceIds=[name], DocumentName=document, Parameters={"commands": ["echo", "out"]}
    )
    return str(sent["Command"]["CommandId"])


def test_a_command_is_under_way_until_it_has_ended(machines: Any) -> None:
    name = _instance()
    command, deadline = _send(name), time.monotonic() + 5
    while True:
        found = _client("ssm").get_command_invocation(CommandId=command, InstanceId=name)
        if found["Status"] != "InProgress":
            break
        assert time.monotonic() < deadline
    assert (found["Status"], found["StandardOutputContent"]) == ("Success", "out")
    asked, more = machines.run.call_args
    assert asked == (name, ["/bin/sh", "-c", "echo\nout"])
    assert more["most"] == 24_000


def test_a_machine_that_is_not_there_has_no_agent(machines: Any) -> None:
    with pytest.raises(_client("ssm").exceptions.InvalidInstanceId):
        _send("i-00000000000000000")
    name = _instance()
    _client("ec2").terminate_instances(InstanceIds=[name])
    with pytest.raises(_client("ssm").exceptions.InvalidInstanceId):
        _send(name)
    assert not machines.run.called


def test_no_other_document_runs(machines: Any) -> None:
    with pytest.raises(_client("ssm").exceptions.InvalidDocument):
        _send(_instance(), "AWS-RunRemoteScript")


@pytest.mark.parametrize(
    ("result", "status"), [((1, b"", b"no python3"), "Failed"), (RuntimeError("gone"), "Failed")]
)
def test_what_fails_is_told(machines: Any, result: Any, status: str) -> None:
    invocation: dict[str, Any] = {"InstanceId": "i-1", "Status": "InProgress"}
    if isinstance(result, Exception):
        machines.run.side_effect = result
    else:
        machines.run.return_value = result
    run(invocation, machines.run, "x")
    assert invocation["Status"] == status
    assert invocation["StandardErrorContent"]
