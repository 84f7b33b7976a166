"""A step's commands as one shell script, run the way Drone runs them."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from slipway.pipeline.substitution import Budget, expand, plain_name

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


def reads_scripts(shell: str) -> bool:
    """Tell whether a program reads scripts the way a Unix shell does."""
    return not re.search(r"powershell|pwsh|cmd(\.exe)?$", shell, re.IGNORECASE)


def entrypoint(shell: str | None) -> tuple[str, ...]:
    """Return the program that reads the script.

    :param shell: the step's own choice; one that reads no such scripts is passed over.
    """
    return (shell if shell and reads_scripts(shell) else "/bin/sh", "-c")


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


class ListVariables:
    """Substitutes the build's variables in the words that a container runs.

    There may be a shell among these words (``sh -c ...``), so a value that means something to one
    is left to it: as the reference that stands there, or one to a variable of its own.

    :param variables: of the build; one that is not there is empty.
    :param budget: of the file.
    """

    def __init__(self, variables: Mapping[str, str], budget: Budget | None = None) -> None:
        self.computed: dict[str, str] = {}
        """The variables that the words need besides the build's."""
        self._variables = variables
        self._budget = budget
        self._unsafe = False
        self._left: dict[str, None] = {}

    def replaced(self, words: Sequence[str]) -> tuple[str, ...]:
        """Return the words as the container gets them.

        :raises BadSubstitution: naming the form.
        :raises SubstitutionTooLong: naming the limit.
        """
        return tuple(
            expand(word, self._lookup, self._replace, budget=self._budget) for word in words
        )

    def left(self) -> tuple[str, ...]:
        """Return the forms that were left to a shell since it was last asked."""
        forms, self._left = tuple(self._left), {}
        return forms

    def _lookup(self, name: str) -> str:
        value = self._variables.get(name, "")
        self._unsafe = self._unsafe or not _HARMLESS.fullmatch(value)
        return value

    def _replace(self, form: str, value: str) -> str:
        # What the file's author wrote within a form is theirs to say.
        unsafe, self._unsafe = self._unsafe, False
        if not unsafe or _HARMLESS.fullmatch(value):
            return value
        self._left[form] = None
        if plain_name(form):
            return form
        name = f"DRONE_SUBSTITUTED_{len(self.computed) + 1}"
        self.computed[name] = value
        return f"${{{name}}}"
