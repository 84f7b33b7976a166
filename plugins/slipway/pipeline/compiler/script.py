"""A step's commands as one shell script, run the way Drone runs them."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slipway.pipeline.commit_text.insertion import CommitTextInCode, Held, written, written_words
from slipway.pipeline.commit_text.nested_language import Code, Language
from slipway.pipeline.compiler.status import NAMES
from slipway.pipeline.yaml.substitution import expand, plain_name
from slipway.pipeline.yaml.values import reads_scripts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from slipway.pipeline.yaml.substitution import Budget

VARIABLE = "DRONE_SCRIPT"
# The script's shell is a child of the container's first process, which the kernel lets no signal of
# its own end: after `kill $$` the script would go on, and the step pass.
AS_A_CHILD = '"$0" -c \'{}\' "$0"; exit $?'
# `eval` takes the script as it stands: a pipe into a second shell would give the commands the
# script itself as their standard input, and `echo` would interpret its backslashes.
COMMAND = (AS_A_CHILD.format(f'eval "${VARIABLE}"'),)
# Text that no shell takes for more than text, wherever it is pasted.
_HARMLESS = re.compile(r"[A-Za-z0-9_./:@%+=,-]*")
# Private characters, one for each value that is not pasted.
_MARKERS = 0xF0000
_OURS = re.compile(r"(CI|DRONE)(_|$)")
# What these hold is known only while the run goes on, so the shell must look.
_ANYTHING = "'\"`$(%"
_LATER = re.compile(r"(CI|DRONE)_(STEP|JOB|FAILED|.*_(STATUS|STARTED|FINISHED)$)")


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
    commands: Sequence[str],
    variables: Mapping[str, str],
    budget: Budget | None = None,
    late: Callable[[str], str] | None = None,
) -> tuple[list[str], dict[str, str]]:
    """Substitute the build's variables in commands; every other ``${...}`` is the shell's.

    A value that means something to a shell (a commit message may say anything) is not pasted
    but handed over as a variable of its own, so that text never becomes a command
    (:mod:`slipway.pipeline.commit_text.insertion`).

    :param commands: the step's.
    :param variables: of the build; one that is not there is the shell's.
    :param budget: of the file.
    :param late: returns what will be replaced by a form's value when the step starts.
    :returns: the commands, and the variables that they need besides.
    :raises CommitTextInCode: when a value would be code all the same.
    :raises SubstitutionTooLong: naming the limit.
    """
    values = _Values(variables, budget, commands, late=late)
    texts = [values.command(command) for command in commands]
    if values.held:
        texts = written(texts, values.held)
    return texts, values.used(texts)


def check_executed(name: str, value: str, variables: Mapping[str, str]) -> None:
    """See that a variable that programs run has nothing but plain values of the build.

    :param name: of the variable.
    :param value: as the file has it.
    :param variables: of the build.
    :raises CommitTextInCode: naming the form.
    """
    values = _Values(variables, None, [value], later=False)
    values.words([value])
    for held in values.held.values():
        if not held.plain:
            program = f"whatever reads the variable {name}"
            raise CommitTextInCode(held, Code(language=Language.HANDED, program=program, words=()))


def program_with_variables(
    entrypoint: Sequence[str] | None,
    command: Sequence[str] | None,
    variables: Mapping[str, str],
    budget: Budget | None = None,
) -> Program:
    """Substitute the build's variables in the words that a container runs.

    No shell reads these, so a value is pasted as it is; where there is a shell among them, or
    another program that is given code, it is not (:mod:`slipway.pipeline.commit_text.insertion`).

    :param entrypoint: None is the image's own, which may do anything with its first word.
    :param command: None is the image's own.
    :param variables: of the build; one that is not there is empty.
    :param budget: of the file; without it, there is one for these words.
    :raises BadSubstitution: naming the form.
    :raises CommitTextInCode: when a value would be code.
    :raises SubstitutionTooLong: naming the limit.
    """
    values = _Values(variables, budget, [*(entrypoint or ()), *(command or ())], later=False)
    first = values.words(entrypoint or ())
    rest = values.words(command or ())
    left: tuple[str, ...] = ()
    if not first and rest:
        left = tuple(one.form for char, one in values.held.items() if char in rest[0])
        for char in [char for char in values.held if char in rest[0]]:
            rest[0] = rest[0].replace(char, values.held.pop(char).reference)
    written = written_words([*first, *rest], values.held, program=bool(first))
    return Program(
        entrypoint=written[: len(first)] or None,
        command=written[len(first) :] or None,
        computed=values.used(written),
        left=left,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """What a container runs.

    :param entrypoint: None is the image's own.
    :param command: None is the image's own.
    :param computed: the variables that it needs besides the build's.
    :param left: forms that a shell would have to replace, if the image runs one.
    """

    entrypoint: tuple[str, ...] | None
    command: tuple[str, ...] | None
    computed: dict[str, str]
    left: tuple[str, ...]


class _Values:
    """The values of the build that a step's texts ask for.

    :param texts: all of them.
    :param later: names that only the run knows are left to the shell.
    :param late: fills in their further forms.
    """

    def __init__(
        self,
        variables: Mapping[str, str],
        budget: Budget | None,
        texts: Sequence[str],
        *,
        later: bool = True,
        late: Callable[[str], str] | None = None,
    ) -> None:
        self.held: dict[str, Held] = {}
        self._computed: dict[str, str] = {}
        self._variables = variables
        self._budget = budget
        self._later = later
        self._late = late
        self._names: dict[str, str] = {}
        self._taken = {char for text in texts for char in text if char >= chr(_MARKERS)}
        # Where a here-document is, a plain value may be the line that ends it.
        self._documents = any("<<" in text for text in texts)
        self._next = _MARKERS
        self._unsafe = self._dashed = False
        self._unknown: set[str] = set()

    def command(self, command: str) -> str:
        """Return a command with markers for the build's values."""
        return expand(command, self._own, self._replace, lenient=True, budget=self._budget)

    def words(self, words: Sequence[str]) -> list[str]:
        """Return words with plain values in them, and markers for all others."""
        return [expand(word, self._any, self._replace, budget=self._budget) for word in words]

    def used(self, texts: Sequence[str]) -> dict[str, str]:
        """Return the variables that some texts refer to."""
        return {
            name: value
            for name, value in self._computed.items()
            if any(f"${{{name}}}" in text for text in texts)
        }

    def _own(self, name: str) -> str:
        if self._later and _LATER.match(name):
            self._unknown.add(name)
            return ""
        if "-" in name or not (name in self._variables or _OURS.match(name)):
            raise KeyError(name)
        return self._any(name)

    def _any(self, name: str) -> str:
        value = self._variables.get(name, "")
        self._unsafe = self._unsafe or not _is_plain(value)
        self._dashed = self._dashed or "-" in value
        return value

    def _replace(self, form: str, value: str) -> str:
        unsafe, unknown, dashed = self._unsafe, self._unknown, self._dashed
        self._unsafe, self._unknown, self._dashed = False, set(), False
        if unknown:
            return self._for_later(form, unknown)
        # What the file's author wrote within a form is theirs to say.
        own = not unsafe and not (dashed and value.startswith("-"))
        plain = own or _is_plain(value)
        if plain and not self._documents:
            return value
        # The same text is handed over once, however often it is asked for.
        name = self._names.setdefault(value, f"DRONE_SUBSTITUTED_{len(self._names) + 1}")
        self._computed[name] = value
        return self._hold(form, name, value, plain=plain)

    def _for_later(self, form: str, names: set[str]) -> str:
        """Return what stands for a form whose value only the run knows."""
        # The name of a step may hold anything.
        value = _ANYTHING if any("FAILED" in one or "NAME" in one for one in names) else None
        if plain_name(form):
            return self._hold(form, form[2:-1], value)
        if self._late is None or not names <= NAMES:
            return form
        name = self._names.setdefault(f"\0{form}", f"DRONE_SUBSTITUTED_{len(self._names) + 1}")
        self._computed[name] = self._late(form)
        return self._hold(form, name, value)

    def _hold(self, form: str, name: str, value: str | None, *, plain: bool = False) -> str:
        while (marker := chr(self._next)) in self._taken:
            self._next += 1
        self._next += 1
        self.held[marker] = Held(form=form, name=name, value=value, plain=plain)
        return marker


def _is_plain(value: str) -> bool:
    """Tell whether no shell takes a value for more than text, wherever it is pasted."""
    return _HARMLESS.fullmatch(value) is not None and not value.startswith("-")
