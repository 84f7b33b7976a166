"""How an ill machine is asked: through Systems Manager, or else by its console."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from slipway.hooks.explain.explainer import CloudExplainer, hide_passwords, unpack

ID, COMMAND = "i-0123456789abcdef0", "11111111-2222-3333-4444-555555555555"


def packed(told: Any) -> str:
    return base64.b64encode(zlib.compress(json.dumps(told).encode())).decode()


class World:
    """Two scripted clients, and a clock that goes on while somebody sleeps."""

    def __init__(self) -> None:
        make: Any = boto3.client
        keys = {"aws_access_key_id": "x", "aws_secret_access_key": "y"}
        self.clients = {
            name: make(name, region_name="eu-west-1", **keys) for name in ("ssm", "ec2")
        }
        self.scripts = {name: Stubber(client) for name, client in self.clients.items()}
        for script in self.scripts.values():
            script.activate()
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def sent(self) -> None:
        asked = {
            "InstanceIds": [ID],
            "DocumentName": "AWS-RunShellScript",
            "Parameters": ANY,
            "TimeoutSeconds": 30,
            "Comment": ANY,
        }
        self.scripts["ssm"].add_response("send_command", {"Command": {"CommandId": COMMAND}}, asked)

    def unmanaged(self) -> None:
        self.scripts["ssm"].add_client_error(
            "send_command", "InvalidInstanceId", "Instances not in a valid state for account"
        )

    def invocation(self, status: str, **more: str) -> None:
        self.scripts["ssm"].add_response(
            "get_command_invocation",
            {"Status": status, **more},
            {"CommandId": COMMAND, "InstanceId": ID},
        )

    def console(self, text: str) -> None:
        output = base64.b64encode(text.encode()).decode()
        self.scripts["ec2"].add_response(
            "get_console_output",
            {"InstanceId": ID, "Output": output},
            {"InstanceId": ID, "Latest": True},
        )

    def explain(self) -> Any:
        explainer = CloudExplainer(
            ssm=self.clients["ssm"],
            ec2=self.clients["ec2"],
            clock=lambda: self.now,
            sleep=self.sleep,
        )
        report = explainer.explain(ID, "10.0.0.5", until=8.0)
        for script in self.scripts.values():
            script.assert_no_pending_responses()
        return report


@pytest.fixture
def world() -> World:
    return World()


def test_a_machine_with_the_agent_speaks_for_itself(world: World) -> None:
    world.sent()
    world.scripts["ssm"].add_client_error("get_command_invocation", "InvocationDoesNotExist")
    world.invocation("InProgress")
    told = {"journal": ["KeyError: 'DATABASE_URL'"], "listens": ["0.0.0.0:9999 (python3)"]}
    world.invocation("Success", StandardOutputContent=packed(told))
    report = world.explain()
    assert (report.source, report.problem) == ("ssm", "")
    assert report.journal == ("KeyError: 'DATABASE_URL'",)
    assert report.listens == ("0.0.0.0:9999 (python3)",)
    assert report.status == ()


def test_without_the_agent_there_is_the_console(world: World) -> None:
    world.unmanaged()
    world.console("[ 1.0] Kernel panic - not syncing\nsecond line")
    report = world.explain()
    assert report.source == "console"
    assert report.console == ("[ 1.0] Kernel panic - not syncing", "second line")
    assert "agent's rights" in report.problem


def test_older_machines_have_an_older_console(world: World) -> None:
    world.unmanaged()
    world.scripts["ec2"].add_client_error("get_console_output", "UnsupportedOperation")
    world.scripts["ec2"].add_response(
        "get_console_output", {"Output": base64.b64encode(b"boot").decode()}, {"InstanceId": ID}
    )
    assert world.explain().console == ("boot",)


def _never(world: World) -> None:
    for _ in range(40):
        world.invocation("InProgress")


def _fails(world: World) -> None:
    world.invocation("Failed", StandardErrorContent="python3: not found")


def _babbles(world: World) -> None:
    world.invocation("Success", StandardOutputContent="<html>")


def _bomb(world: World) -> None:
    folded = zlib.compress(b'{"journal": ["' + b"a" * 10_000_000 + b'"]}')
    world.invocation("Success", StandardOutputContent=base64.b64encode(folded).decode())


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (_fails, "ended as Failed: python3: not found"),
        (_babbles, "cannot be read"),
        (_bomb, "cannot be read"),
    ],
)
def test_a_machine_that_answers_badly(
    world: World, how: Callable[[World], None], said: str
) -> None:
    world.sent()
    how(world)
    world.console("")
    report = world.explain()
    assert said in report.problem
    assert "empty so far" in report.problem


def test_a_machine_that_never_answers_is_left_in_time_for_its_console(world: World) -> None:
    world.sent()
    for _ in range(22):
        world.invocation("InProgress")
    world.console("it boots and boots")
    report = world.explain()
    assert "in time" in report.problem
    assert report.console == ("it boots and boots",)
    assert world.now < 8.0


def test_a_role_that_may_do_neither_is_told_so(world: World) -> None:
    world.scripts["ssm"].add_client_error("send_command", "AccessDeniedException", "no ssm")
    world.scripts["ec2"].add_client_error("get_console_output", "UnauthorizedOperation", "no ec2")
    report = world.explain()
    assert report.source == ""
    assert "AccessDeniedException: no ssm" in report.problem
    assert "UnauthorizedOperation: no ec2" in report.problem


def test_what_machines_say_is_text_and_nothing_else() -> None:
    told = {
        "journal": ["\x1b[31mred\x1b[0m", "a\x1b]0;title\x07", "\u202eevil", "a\tb", "x" * 9999, 7],
        "listens": "0.0.0.0:80",
        "unknown": ["x"],
    }
    read = unpack(packed(told))
    assert read["journal"][:4] == ("red", "a<U+001B>]0;title<U+0007>", "<U+202E>evil", "a    b")
    assert len(read["journal"][4]) < 600
    assert read["listens"] == ()
    assert "unknown" not in read


def test_there_is_no_end_of_lines_to_be_had() -> None:
    assert len(unpack(packed({"journal": ["x"] * 20_000}))["journal"]) == 100


@pytest.mark.parametrize(
    ("line", "right"),
    [
        ("postgres://shop:hunter2@db/shop", "postgres://shop:******@db/shop"),
        ("DB_PASSWORD=hunter2 in env", "DB_PASSWORD=****** in env"),
        ('{"api_key": "abc-def"}', '{"api_key": "******"}'),
        ("the password is wrong", "the password is wrong"),
    ],
)
def test_on_a_console_what_looks_like_a_password_is_hidden(line: str, right: str) -> None:
    assert hide_passwords(line) == right
