"""A step's commands as one shell script, run the way Drone runs them."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

VARIABLE = "DRONE_SCRIPT"
ENTRYPOINT = ("/bin/sh", "-c")
# `eval` takes the script as it stands: a pipe into a second shell would give the commands the
# script itself as their standard input, and `echo` would interpret its backslashes.
COMMAND = (f'eval "${VARIABLE}"',)


def shell_script(commands: Sequence[str]) -> str:
    """Write a script that echoes each command and stops at the first that fails.

    :param commands: as in the pipeline file; each may have several lines.
    """
    lines = [f"unset {VARIABLE}", "set -e"]
    for command in commands:
        lines += [f"printf '+ %s\\n' {shlex.quote(command.rstrip())}", command]
    return "\n".join(lines) + "\n"
