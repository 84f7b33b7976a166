"""What becomes of text that is fed to a command, or piped into it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from slipway.pipeline.commit_text import programs
from slipway.pipeline.commit_text.code_of_programs import runs_input
from slipway.pipeline.commit_text.nested_code import arguments, xargs_words
from slipway.pipeline.commit_text.nested_language import Code, Language
from slipway.pipeline.commit_text.program_words import (
    after_option,
    command_within,
    holds_value,
    is_option,
    operand_code,
    program_name,
    shell_words,
)
from slipway.pipeline.commit_text.shell_model import Command, Pipeline, Word

# Modules of Python whose input is text.
_MODULES = ("json.tool", "base64", "quopri")
_CODE = frozenset(
    {
        *programs.SHELLS,
        *programs.INTERPRETERS,
        *programs.CLIENTS,
        *programs.NEVER_TEXT,
        ".",
        "source",
        "ssh",
        "xargs",
        "su",
        "eval",
    }
) - {"read", "wait", "unset"}


def code_in(pipeline: Pipeline) -> Iterator[Code]:
    """Yield the code in the commands of a pipeline."""
    upstream: list[Word] = []
    for number, command in enumerate(pipeline):
        yield from arguments(command.words)
        if upstream and number:
            yield from _piped(command, upstream)
        yield from _fed(command)
        told = [word for word in _told(command) if holds_value(word)]
        upstream += told
        sink = next((one for one in command.sinks if not _all_read_text(one)), None)
        if sink is not None:
            yield Code(language=Language.FED, program=_name(sink[0]), words=tuple(upstream))


def _told(command: Command) -> Iterator[Word]:
    """Yield all that a command may write out."""
    yield from command.told()
    if command.group:
        for part in command.parts():
            yield from part.told()


def _piped(command: Command, upstream: Sequence[Word]) -> Iterator[Code]:
    if not reads_text(command):
        yield Code(language=Language.FED, program=_name(command), words=tuple(upstream))


def _fed(command: Command) -> Iterator[Code]:
    """Yield what is fed to a command as code."""
    for word in command.files:
        if holds_value(word) and not reads_text(command):
            yield Code(language=Language.FED, program=_name(command), words=(word,))
    if not any(map(holds_value, command.fed)) or reads_text(command):
        return
    language, program = _language(command)
    for word in command.fed:
        # A document alone can be read as a script.
        own = language if len(command.fed) == 1 and not command.inner else Language.FED
        yield Code(language=own, program=program, words=(word,))


def _language(command: Command) -> tuple[Language, str]:
    """Tell what a command that is no reader of text takes its input for."""
    words, near = list(command.words), True
    while words and (within := command_within(words)) is not None:
        words, near = list(within[0]), near and within[1]
    if command.group or not words:
        return Language.FED, _name(command)
    name, rest = program_name(words[0]), words[1:]
    if name in programs.SHELLS:
        script, operands, reads = shell_words(rest)
        if script is None and reads and not any(map(holds_value, operands)):
            return (Language.SHELL if near else Language.FAR_SHELL), name
    if name == "ssh" and _is_login(rest):
        return Language.FAR_SHELL, name
    if name in programs.INTERPRETERS and (not rest or rest[0].text == "-"):
        return Language.PROGRAM, name
    if name in programs.CLIENTS and not list(after_option(rest, "fcie", ("--file",))):
        return Language.PROGRAM, name
    return Language.FED, name


def _is_login(words: Sequence[Word]) -> bool:
    """Tell whether the words of ssh are options and a host, and no command."""
    operands, at = 0, 0
    while at < len(words):
        text = words[at].text
        takes = len(text) == 2 and text[0] == "-" and text[1] in programs.SSH_WORDS
        operands += not text.startswith("-")
        at += 2 if takes else 1
    return operands == 1


def reads_text(command: Command) -> bool:
    """Tell whether what is fed to a command is text to it, and to all within it."""
    if command.group:
        parts = list(command.parts())
        return bool(parts) and all(_is_reader(part) or not _can_read(part) for part in parts)
    return _is_reader(command) and not any(_runs(part) for part in command.parts())


def _all_read_text(pipeline: Pipeline) -> bool:
    return all(reads_text(command) for command in pipeline)


def _can_read(command: Command) -> bool:
    """Tell whether a command is a program at all."""
    return bool(command.words) or bool(command.fed)


def _runs(command: Command) -> bool:
    """Tell whether a command whose output is a word of another may run the other's input."""
    return bool(command.words) and program_name(command.words[0]) in _CODE


def _is_reader(command: Command) -> bool:
    words: Sequence[Word] = command.words
    if command.group or not words:
        return False
    while words and (within := command_within(words)) is not None:
        words = within[0]
    if not words:
        return False
    name, rest = program_name(words[0]), words[1:]
    if name in programs.TEXT:
        return True
    if name in programs.READERS:
        odd = programs.READERS[name]
        if name in programs.OPERANDS:
            code = "\n".join(word.text for word in operand_code(name, rest))
            if runs_input(name, code):
                return False
        return not any(word.text.partition("=")[0] in odd or word.text[:2] in odd for word in rest)
    return _reads_as_told(name, rest)


def _reads_as_told(name: str, words: Sequence[Word]) -> bool:
    """Tell whether a program's words say that its input is text."""
    texts = [word.text for word in words]
    if name == "git":
        return texts[:1] in (["commit"], ["tag"], ["notes"], ["hash-object"])
    if name == "xargs":
        _, command = xargs_words(words)
        name = program_name(command[0]) if command else "echo"
        return name in programs.TEXT
    if name in ("python", "pypy") and texts[:1] == ["-m"]:
        return texts[1:2] != [] and texts[1] in _MODULES
    if name in programs.INTERPRETERS:
        # The code is given, so the input is what it reads.
        letters = programs.INTERPRETERS[name]
        return bool(words) and is_option(words[0]) and any(after_option(words[:2], letters))
    return False


def _name(command: Command) -> str:
    if command.words:
        return program_name(command.words[0])
    return "a group of commands"
