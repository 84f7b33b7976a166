"""A step's commands as one shell script, run the way Drone runs them."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from slipway.pipeline.substitution import Budget, expand

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VARIABLE = "DRONE_SCRIPT"
# `eval` takes the script as it stands: a pipe into a second shell would give the commands the
# script itself as their standard input, and `echo` would interpret its backslashes.
COMMAND = (f'eval "${VARIABLE}"',)
# Text that no shell takes for more than text, wherever it is pasted.
_HARMLESS = re.compile(r"[A-Za-z0-9_./:@%+=,-]*")
_OURS = re.compile(r"(CI|DRONE)(_|$)")
# What these hold is known only while the run goes on, so the shell must look.
_LATER = re.compile(r"(CI|DRONE)_(STEP|JOB|FAILED|.*_(STATUS|STARTED|FINISHED)$)")


def entrypoint(shell: str | None) -> tuple[str, ...]:
    """Return the program that reads the script.

    :param shell: the step's own choice.
    """
    return (shell or "/bin/sh", "-c")


def shell_script(commands: Sequence[str]) -> str:
    """Write a script that echoes each command and stops at the first that fails.

    :param commands: as in the pipeline file; each may have several lines.
    """
    lines = [f"unset {VARIABLE}", "set -e"]
    for command in commands:
        lines += [f"printf '+ %s\\n' {shlex.quote(command.rstrip())}", command]
    return "\n".join(lines) + "\n"


def with_variables(
    commands: Sequence[str], variables: Mapping[str, str], budget: Budget | None = None
) -> tuple[list[str], dict[str, str]]:
    """Substitute the build's variables in commands; every other ``${...}`` is the shell's.

    A value that means something to a shell (a commit message may say anything) is not pasted
    but handed over as a variable of its own, so that text never becomes a command.

    :param budget: of the file.
    :returns: the commands, and the variables that they need besides.
    :raises SubstitutionTooLong: naming the limit.
    """
    names: dict[str, str] = {}

    def lookup(name: str) -> str:
        if _LATER.match(name) or not (name in variables or _OURS.match(name)):
            raise KeyError(name)
        return variables.get(name, "")

    def replace(_: str, value: str) -> str:
        if _HARMLESS.fullmatch(value):
            return value
        # The same text is handed over once, however often it is asked for.
        name = names.setdefault(value, f"DRONE_SUBSTITUTED_{len(names) + 1}")
        return f"${{{name}}}"

    expanded = [expand(one, lookup, replace, lenient=True, budget=budget) for one in commands]
    return expanded, {name: value for value, name in names.items()}
