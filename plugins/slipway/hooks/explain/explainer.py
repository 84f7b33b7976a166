"""Asks an ill machine why it is ill: through Systems Manager, or else by its console.

Systems Manager runs :mod:`slipway.hooks.explain.on_machine` there, which masks the environment's
secrets where they are known. Without its agent there is the console, which holds what the kernel,
systemd and cloud-init say, and nothing of the service's journal.

Nobody here is patient: a failed release is on its way out. Nor is a machine believed: what it sends
is bounded, and nothing but text.
"""

from __future__ import annotations

import base64
import json
import re
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from slipway.hooks.explain import on_machine
from slipway.model.cloud.failure_report import LONGEST_LINE, MOST_LINES, MachineReport
from slipway.model.cloud.health_check import HealthCheck
from slipway.model.text.inert import visible

# Seconds between two looks whether a machine has answered, and those kept for the console.
_PAUSE, _FOR_THE_CONSOLE = 0.3, 1.5
# Seconds that Systems Manager may take to reach the machine; it knows no shorter.
_DELIVERY = 30
_UNDER_WAY = frozenset({"Pending", "InProgress", "Delayed", "Cancelling"})
# Bytes that an answer unfolds to at most.
_MOST_BYTES = 400_000
# What looks like a password where nobody can tell which the secrets are.
_LOOKS_SECRET = re.compile(
    r"(?P<keep>://[^/@\s:]*:|\b\w*(?:passw(?:or)?d|secret|token|api_?key)\w*[\"']?\s*[=:]\s*[\"']?)"
    r"(?P<secret>[^\s\"'@]+)",
    re.IGNORECASE,
)
_TEXTS = ("own_answers", "listens", "status", "journal", "parameters", "cloud_init")
_AGENT = (
    "Systems Manager does not reach it ({}); with its agent on the machine and the agent's rights "
    "in the machine's role (docs/operations.md) the service's journal would stand here"
)


@dataclass(frozen=True, kw_only=True)
class CloudExplainer:
    """Asks through the cloud's API; it never raises, and ends in time.

    :param ssm: a boto3 client that does not wait long.
    :param ec2: the same.
    :param questions: that a machine asks its own service.
    :param clock: seconds, never going back.
    :param sleep: waits for so many seconds.
    """

    ssm: Any
    ec2: Any
    questions: Sequence[HealthCheck] = ()
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def explain(self, instance_id: str, address: str, *, until: float) -> MachineReport:
        """Ask one machine.

        :param instance_id: of the machine.
        :param address: under which it asks itself for its health.
        :param until: of the monotonic clock.
        """
        report = MachineReport(instance_id=instance_id, address=address)
        try:
            told = self._ask_by_ssm(instance_id, address, until - _FOR_THE_CONSOLE)
            return replace(report, source="ssm", **told)
        except _Silent as silent:
            problem = str(silent)
        try:
            console = self._console(instance_id)
        except (BotoCoreError, ClientError) as error:
            problem = f"{problem}; nor is there a console: {_error_text(error)}"
            return replace(report, problem=problem)
        if not console:
            return replace(report, problem=f"{problem}; its console is empty so far")
        return replace(report, source="console", console=console, problem=problem)

    def _ask_by_ssm(self, instance_id: str, address: str, until: float) -> dict[str, Any]:
        try:
            sent = self.ssm.send_command(
                InstanceIds=[instance_id],
                DocumentName="AWS-RunShellScript",
                Parameters={"commands": [command(address, self.questions)]},
                TimeoutSeconds=_DELIVERY,
                Comment="Slipway asks why the machine is ill",
            )
            output = self._output(sent["Command"]["CommandId"], instance_id, until)
        except (BotoCoreError, ClientError) as error:
            raise _Silent(_AGENT.format(_error_text(error))) from error
        return unpack(output)

    def _output(self, command_id: str, instance_id: str, until: float) -> str:
        while self.clock() < until:
            answer = self._invocation(command_id, instance_id)
            if answer.get("Status", "Pending") not in _UNDER_WAY:
                if answer["Status"] == "Success":
                    return str(answer.get("StandardOutputContent", ""))
                said = visible(str(answer.get("StandardErrorContent", "")), LONGEST_LINE)
                msg = f"what was to run on it ended as {answer['Status']}: {hide_passwords(said)}"
                raise _Silent(msg)
            self.sleep(_PAUSE)
        msg = "it did not answer in time through Systems Manager"
        raise _Silent(msg)

    def _invocation(self, command_id: str, instance_id: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = self.ssm.get_command_invocation(
                CommandId=command_id, InstanceId=instance_id
            )
        except ClientError as error:
            # It is not everywhere at once.
            if error.response["Error"]["Code"] != "InvocationDoesNotExist":
                raise
            return {}
        return found

    def _console(self, instance_id: str) -> tuple[str, ...]:
        try:
            answer = self.ec2.get_console_output(InstanceId=instance_id, Latest=True)
        except ClientError as error:
            # Older kinds of machine have no newer output than that of their boot.
            if error.response["Error"]["Code"] != "UnsupportedOperation":
                raise
            answer = self.ec2.get_console_output(InstanceId=instance_id)
        lines = str(answer.get("Output") or "").splitlines()[-MOST_LINES:]
        return tuple(hide_passwords(visible(_plain(line), LONGEST_LINE)) for line in lines)


class _Silent(Exception):
    """The machine itself says nothing; the message says why."""


def command(address: str, questions: Sequence[HealthCheck], *, secrets: str = "") -> str:
    """Return what a machine is to run.

    No character in it means anything to a shell, or to Systems Manager's own templates.

    :param address: the machine's.
    :param questions: that it asks its own service.
    :param secrets: the file that they are read from; empty for the one of Slipway's machines.
    """
    asked = [
        {"scheme": one.scheme.value, "port": one.port, "path": one.path}
        for one in questions
        if one.scheme.asks_for_a_path
    ]
    source = Path(on_machine.__file__).read_bytes()
    code = base64.b64encode(zlib.compress(source, 9)).decode()
    given = {"address": address, "questions": asked, "secrets": secrets}
    argument = base64.b64encode(json.dumps(given).encode())
    unfold = f"import base64,zlib;exec(zlib.decompress(base64.b64decode('{code}')))"
    return f'python3 -I -c "{unfold}" {argument.decode()}'


def unpack(output: str) -> dict[str, Any]:
    """Read what a machine sent; of what is no text of ours nothing is taken.

    :raises _Silent: when it cannot be read.
    """
    found: Any = None
    with suppress(ValueError, zlib.error, RecursionError):
        unfolding = zlib.decompressobj()
        data = unfolding.decompress(base64.b64decode(output.strip(), validate=True), _MOST_BYTES)
        found = json.loads(data)
    if not isinstance(found, dict):
        msg = "what it answered through Systems Manager cannot be read"
        raise _Silent(msg)
    return {name: tuple(_lines(found.get(name))) for name in _TEXTS}


def _lines(value: Any) -> Iterator[str]:
    for line in value[-MOST_LINES:] if isinstance(value, list) else ():
        if isinstance(line, str):
            yield visible(_plain(line), LONGEST_LINE)


def hide_passwords(text: str) -> str:
    """Hide what looks like a password."""
    return _LOOKS_SECRET.sub(lambda found: f"{found['keep']}{on_machine.MASK}", text)


def _plain(line: str) -> str:
    """Leave colours out; a tab is a few blanks."""
    return _COLOUR.sub("", line.replace("\t", "    ")).rstrip()


_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def _error_text(error: Exception) -> str:
    if isinstance(error, ClientError):
        told = error.response["Error"]
        return visible(f"{told['Code']}: {told.get('Message', '')}".rstrip(": "), LONGEST_LINE)
    return visible(str(error), LONGEST_LINE)
