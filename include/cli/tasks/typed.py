"""What was typed behind ``fab``, put into the form that Invoke reads (include/cli/words.py)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fabric.main import program as fab
from invoke.tasks import Task

from include.cli import words
from include.cli.tasks.pipes import end_with_the_reader

# Tasks whose last word may be given more than once.
_SEVERAL = ("lint",)


def arrange_words(tasks: Iterable[Any], program: Any = fab) -> None:
    """Let words stand in the order in which people type them.

    :param tasks: that may be named.
    :param program: that was typed; nothing is done where it has read nothing yet.
    """
    core = getattr(program, "core", None)
    if core is None:
        return
    # Every program of a shell comes by here, before its task begins.
    end_with_the_reader()
    typed: list[str] | None = getattr(core, "unparsed", None)
    if not typed:
        return
    arranged = words.arrange(typed, {one.name: _shape(one) for one in tasks})
    typed[:] = arranged.words
    if arranged.help_for:
        program.args["help"].value = arranged.help_for


def tasks_in(names: dict[str, Any]) -> list[Any]:
    """Return the tasks among a module's names."""
    return [value for value in names.values() if isinstance(value, Task)]


def _shape(one: Any) -> words.Shape:
    # Invoke takes each word's help away when it is asked for the words.
    helps = dict(one.help)
    arguments = {str(argument.name): argument for argument in one.get_arguments()}
    one.help = helps
    return words.Shape(
        words=tuple(one.positional),
        needed=sum(arguments[name].default is None for name in one.positional),
        with_value={
            f"--{flag}" if len(flag) > 1 else f"-{flag}": name
            for name, argument in arguments.items()
            if argument.takes_value
            for flag in (*argument.names, name.replace("_", "-"))
        },
        several=one.name in _SEVERAL,
    )
