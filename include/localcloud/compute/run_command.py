"""Systems Manager's Run Command, where moto says that all went well and does nothing.

A command runs as root in the machine's container, as the agent would run it. Whoever may call the
API could have had it run at the machine's first boot as well; machines may not call this.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from moto.ssm.exceptions import InvalidDocument, SSMException
from moto.ssm.models import SimpleSystemManagerBackend

from include.localcloud.api.patch import correct
from include.localcloud.compute.instance_life import Life, life
from include.localcloud.compute.machine import Machines
from include.localcloud.state import CloudState

log = logging.getLogger(__name__)

_DOCUMENT, _NO_AGENT = "AWS-RunShellScript", "InvalidInstanceId"
# Characters of an output that are handed over, as in AWS; seconds for a command; and commands that
# are remembered.
_MOST, _SECONDS, _REMEMBERED = 24_000, 20, 200


def correct_commands(state: CloudState, machines: Machines) -> None:
    """Have commands run.

    :param state: says which instances run; its lock is held for each request.
    :param machines: where they run.
    """
    send = SimpleSystemManagerBackend.send_command

    def send_command(self: Any, **asked: Any) -> Any:
        if asked["document_name"] != _DOCUMENT:
            msg = f"the embedded cloud runs {_DOCUMENT} alone"
            raise InvalidDocument(msg)
        up = {one.id for one in state.instances() if life(one) is Life.RUNNING}
        names = asked["instance_ids"]
        if asked["targets"] or not names or not up.issuperset(names):
            msg = f"Instances [{', '.join(names)}] not in a valid state for account"
            raise SSMException(_NO_AGENT, msg)
        command = send(self, **asked)
        del self._commands[:-_REMEMBERED]
        script = "\n".join(asked["parameters"].get("commands", ()))
        for invocation in command.invocations:
            invocation.update(Status="InProgress", StatusDetails="InProgress", ResponseCode=-1)
            _begin(invocation, machines, script)
        return command

    correct(SimpleSystemManagerBackend, send_command=send_command)


def _begin(invocation: dict[str, Any], machines: Machines, script: str) -> None:
    threading.Thread(
        target=run, args=(invocation, machines.run, script), daemon=True, name="command"
    ).start()


def run(
    invocation: dict[str, Any], on_machine: Callable[..., tuple[int, bytes, bytes]], script: str
) -> None:
    """Run a script on a machine, and note what came of it.

    :param invocation: as moto answers it.
    :param on_machine: :meth:`Machines.run`.
    :param script: a shell script.
    """
    try:
        code, out, err = on_machine(
            invocation["InstanceId"], ["/bin/sh", "-c", script], seconds=_SECONDS, most=_MOST
        )
    except Exception as error:
        # The machine may be gone by now.
        log.warning("a command on %s failed: %s", invocation["InstanceId"], error)
        code, out, err = 1, b"", b"the machine does not answer"
    status = "Failed" if code else "Success"
    invocation.update(
        StatusDetails=status,
        ResponseCode=code,
        StandardOutputContent=out.decode("utf-8", "replace"),
        StandardErrorContent=err.decode("utf-8", "replace"),
    )
    invocation["Status"] = status  # last, for whoever reads it meanwhile
