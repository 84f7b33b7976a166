"""Whether a script, or a function, may run what it is told in its arguments."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from slipway.pipeline.commit_text import programs
from slipway.pipeline.commit_text.executed_variables import is_executed
from slipway.pipeline.commit_text.program_words import (
    assigns,
    command_within,
    is_option,
    program_name,
)
from slipway.pipeline.commit_text.shell_compounds import ARRAY
from slipway.pipeline.commit_text.shell_model import UNKNOWN, Command, NotShell, ShellText
from slipway.pipeline.commit_text.shell_text import read_shell
from slipway.pipeline.commit_text.suspicion import is_suspicious

_DECLARE = frozenset({"declare", "typeset", "export", "local", "readonly"})
_OTHERS = frozenset(
    {"[[", ".", "source", "eval", "git", "find", "xargs", "su", "ssh", "watch", "trap"}
)
_KNOWN = (
    frozenset({*programs.SHELLS, *programs.INTERPRETERS, *programs.CLIENTS, *programs.OPERANDS})
    | frozenset({*programs.CONTAINERS, *programs.NEVER_TEXT, *programs.RUNNING_OPTIONS})
    | _OTHERS
)


def runs_arguments(script: str) -> bool:
    """Tell whether a script may run what it is told in its arguments."""
    try:
        found = read_shell(script, ())
    except NotShell:
        return True
    commands = [command for pipeline in found.pipelines for command in pipeline]
    risky = {name for name, hands_on in functions_of(found).items() if hands_on}
    return bool(found.arithmetic) or _may_run(commands, risky)


def functions_of(found: ShellText) -> Mapping[str, bool]:
    """Return the functions of a script, and whether each may run what it is told."""
    commands = [command for pipeline in found.pipelines for command in pipeline]
    functions = [command for command in commands if command.function]
    risky = {
        one.function
        for one in functions
        if any(one.at <= place < one.end for place in found.arithmetic)
    }
    while True:
        more = {
            one.function
            for one in functions
            if one.function not in risky and _may_run(one.parts(), risky)
        }
        if not more:
            return {one.function: one.function in risky for one in functions}
        risky |= more


def _may_run(commands: Iterable[Command], risky: Collection[str]) -> bool:
    return any(_is_risky(command, risky) for command in commands)


def _is_risky(command: Command, risky: Collection[str]) -> bool:
    """Tell whether a command may run a parameter of its script."""
    if any(is_executed(word.text) or _has_index(word.text) for word in command.assigned):
        return True
    if not command.words:
        return False
    words, texts = command.words, [word.text for word in command.words[1:]]
    name = program_name(words[0])
    if name in programs.TEXT:
        return False
    if name == ARRAY:
        return any(map(_has_index, texts))
    if name in _DECLARE:
        return any(is_option(word) or not assigns(word) for word in words[1:] if _asks(word.text))
    if name in ("printf", "[", "test"):
        return any(text in ("-v", "-R") or text.startswith("-v") for text in texts)
    if name == "git" and texts[:1] in (["commit"], ["tag"], ["push"], ["add"], ["log"]):
        return False
    return (
        UNKNOWN in name
        or name in risky
        or name in _KNOWN
        or command_within(words) is not None
        or is_suspicious(name, words[1:])
    )


def _has_index(text: str) -> bool:
    """Tell whether an index is more than what its author wrote."""
    head = text.partition("=")[0]
    return "[" in head and UNKNOWN in head


def _asks(text: str) -> bool:
    """Tell whether a word of a declaration has more in it than what its author wrote."""
    return UNKNOWN in text or bool(re.fullmatch(r"-[a-zA-Z]*[inaA][a-zA-Z]*", text))
