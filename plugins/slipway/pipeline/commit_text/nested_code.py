"""Which words of a command are code: of a shell again, or of a program with a language of its own.

What a program does with its other words is not known here, nor needed: they are text. The lists are
of what pipelines use; a word of a program that is in none of them is text, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import islice

from slipway.pipeline.commit_text import programs
from slipway.pipeline.commit_text.program_words import (
    after_option,
    assigns,
    is_option,
    operand_code,
    program_name,
)
from slipway.pipeline.commit_text.shell_model import UNKNOWN, Command, Pipeline, Word


class Language(Enum):
    """What code is written in."""

    SHELL = auto()
    """A shell that finds the step's variables."""
    FAR_SHELL = auto()
    """One that does not: on another machine, in another container, of another user."""
    SED = auto()
    PROGRAM = auto()
    """Something with strings in quotes."""
    WORDS = auto()
    """Something that may run whatever is more than words."""
    COMMAND = auto()
    """The value itself would be a command, or something that a shell computes."""
    FED = auto()
    """What a command says goes to a program that runs it."""
    UNQUOTED = auto()
    """Words that a shell makes of the value could become options that run something."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """A stretch of code.

    :param program: that reads it, for a message.
    :param words: what it is put together of.
    """

    language: Language
    program: str
    words: tuple[Word, ...]


def code_in(pipeline: Pipeline, before: Sequence[Word] = ()) -> Iterator[Code]:
    """Yield the code in the commands of a pipeline.

    :param before: words of the commands that a group, whose end the first command is, consists of.
    """
    for number, command in enumerate(pipeline):
        yield from _code_of(command)
        reader = _fed_reader(command.words) or _pasting(command.words)
        if number and reader:
            upstream = [*before] if pipeline[0].group else []
            for one in pipeline[:number]:
                upstream += [*one.words, *one.fed]
            language = Language.PROGRAM if reader[0] is Language.PROGRAM else Language.FED
            yield Code(language=language, program=reader[1], words=tuple(upstream))


def _code_of(command: Command) -> Iterator[Code]:
    yield from arguments(command.words)
    if command.fed and (reader := _fed_reader(command.words)):
        language, program = reader
        for word in command.fed:
            yield Code(language=language, program=program, words=(word,))


def arguments(words: Sequence[Word]) -> Iterator[Code]:
    """Yield the code among the words of a command: program and arguments."""
    if not words:
        return
    name = program_name(words[0])
    yield Code(language=Language.COMMAND, program="the shell", words=(words[0],))
    shell = Language.FAR_SHELL if name in programs.FAR else Language.SHELL
    yield from _of_program(name, words[1:], shell)
    if name in _RUN_OTHERS:
        yield Code(language=Language.UNQUOTED, program=name, words=tuple(words[1:]))
    if name in programs.WRAPPERS | programs.FAR:
        yield from _wrapped(name, words)


def _wrapped(name: str, words: Sequence[Word]) -> Iterator[Code]:
    """Yield the code of the programs that another one runs."""
    shell = Language.FAR_SHELL if name in programs.FAR else Language.SHELL
    if name not in programs.LATE:
        command = _wrapped_command(name, words[1:])
        yield Code(language=Language.COMMAND, program=name, words=tuple(command))
    for number, word in enumerate(words[1:], 2):
        inner = program_name(word)
        if inner in programs.FAR:
            shell = Language.FAR_SHELL
        yield from _of_program(inner, words[number:], shell)


def _wrapped_command(name: str, words: Sequence[Word]) -> Sequence[Word]:
    """Return the word that names the program which another one runs, if there is any."""
    with_word, skipped = programs.TAKES.get(name, ("", 0))
    rest = list(words)
    while rest and (is_option(rest[0]) or assigns(rest[0])):
        del rest[: 2 if len(rest[0].text) == 2 and rest[0].text[1] in with_word else 1]
    return rest[skipped : skipped + 1]


def _of_program(name: str, words: Sequence[Word], shell: Language) -> Iterator[Code]:
    """Yield the code that a program takes among its words.

    :param shell: what a shell that runs here is.
    """
    if name in programs.SHELLS or (name == UNKNOWN and after_option(words, "c", ())):
        for word in _script_of(words):
            yield Code(language=shell, program=name.replace(UNKNOWN, "a shell"), words=(word,))
    elif name in programs.OPTIONS:
        letters = programs.OPTIONS[name]
        most = 1 if letters == "c" else None
        for word in islice(after_option(words, letters, programs.LONG_OPTIONS), most):
            yield Code(language=Language.PROGRAM, program=name, words=(word,))
    elif name in programs.OPERANDS:
        language = Language.SED if name == "sed" else Language.PROGRAM
        for word in operand_code(name, words):
            yield Code(language=language, program=name, words=(word,))
    elif name in _SPECIAL:
        yield from _SPECIAL[name](name, words, shell)


def _script_of(words: Sequence[Word]) -> Sequence[Word]:
    """Return the script among a shell's words; what follows it are the script's arguments."""
    after = list(words)
    while after and not (is_option(after[0]) and re.fullmatch(r"-\w*c\w*", after[0].text)):
        del after[0]
    after = after[1:]
    while after and after[0].text[:1] in ("-", "+"):
        del after[: 2 if after[0].text in ("-o", "+o", "-O", "+O") else 1]
    return after[:1]


# Programs with ways of their own


def _eval(name: str, words: Sequence[Word], shell: Language) -> Iterator[Code]:
    yield Code(language=shell, program=name, words=tuple(words))


def _first(name: str, words: Sequence[Word], shell: Language) -> Iterator[Code]:
    yield Code(language=shell, program=name, words=tuple(words[:1]))


def _after_c(name: str, words: Sequence[Word], shell: Language) -> Iterator[Code]:
    for word in after_option(words, "c", ("--command",)):
        yield Code(language=shell, program=name, words=(word,))


def _ssh(name: str, words: Sequence[Word], _: Language) -> Iterator[Code]:
    rest = list(words)
    while rest and is_option(rest[0]):
        takes_word = len(rest[0].text) == 2 and rest[0].text[1] in programs.SSH_WORDS
        del rest[: 2 if takes_word else 1]
    yield Code(language=Language.FAR_SHELL, program=name, words=tuple(rest[1:]))


def _make(name: str, words: Sequence[Word], _: Language) -> Iterator[Code]:
    for word in words:
        if "=" in word.text or word.text.startswith("--eval"):
            yield Code(language=Language.WORDS, program=name, words=(word,))


def _declares(name: str, words: Sequence[Word], _: Language) -> Iterator[Code]:
    named = tuple(word for word in words if not assigns(word))
    yield Code(language=Language.COMMAND, program=name, words=named)


def _compares(name: str, words: Sequence[Word], _: Language) -> Iterator[Code]:
    computed = programs.ARITHMETIC if name == "[[" else {"-v"}
    if any(word.text in computed for word in words):
        yield Code(language=Language.COMMAND, program=name, words=tuple(words))


def _all(name: str, words: Sequence[Word], _: Language) -> Iterator[Code]:
    yield Code(language=Language.COMMAND, program=name, words=tuple(words))


_SPECIAL = {
    "eval": _eval, "watch": _eval, "parallel": _all, "trap": _first, "su": _after_c,
    "runuser": _after_c, "script": _after_c, "flock": _after_c, "ssh": _ssh, "make": _make,
    "gmake": _make, "declare": _declares, "typeset": _declares, "export": _declares,
    "local": _declares, "readonly": _declares, "unset": _all, "read": _all, "let": _all,
    "alias": _all, "[[": _compares, "[": _compares, "test": _compares,
}  # fmt: skip


# Programs that take no options behind the script that they read.
READ_SCRIPTS = frozenset({*programs.SHELLS, *programs.OPTIONS, "awk", "jq", "yq"})
_OF_COMMANDS = frozenset({Language.COMMAND, Language.UNQUOTED})
_RUN_OTHERS = frozenset(
    {
        *programs.SHELLS,
        *programs.WRAPPERS,
        *programs.FAR,
        *programs.OPTIONS,
        *programs.OPERANDS,
        *programs.BY_OPTION,
        "make",
        "gmake",
    }
)


# Words


def _fed_reader(words: Sequence[Word]) -> tuple[Language, str] | None:
    """Tell what a command makes of what is fed to it; None where it is text."""
    far = False
    for number, word in enumerate(words):
        name, rest = program_name(word), words[number + 1 :]
        if name in programs.FED:
            return Language.PROGRAM, name
        if name in programs.SCHEDULERS:
            return Language.FAR_SHELL, name
        if name in (".", "source"):
            return Language.SHELL, name
        if name in programs.SHELLS and _reads_input(rest, "c"):
            return (Language.FAR_SHELL if far else Language.SHELL), name
        if name in programs.OPTIONS and _reads_input(rest, programs.OPTIONS[name]):
            return Language.PROGRAM, name
        if name in ("ssh", "docker", "podman") and _takes_commands(name, rest):
            return (Language.FAR_SHELL if name == "ssh" else Language.PROGRAM), name
        if number == 0 and name not in programs.WRAPPERS | programs.FAR:
            return None
        far = far or name in programs.FAR
    return None


def _pasting(words: Sequence[Word]) -> tuple[Language, str] | None:
    """Tell whether a command puts what it is fed into code of another one."""
    if not words or program_name(words[0]) not in ("xargs", "parallel"):
        return None
    pastes = program_name(words[0]) == "parallel" or any(
        word.text.startswith(("-I", "-i", "--replace")) for word in words
    )
    codes = (one for one in arguments(words) if one.language not in _OF_COMMANDS)
    inner = next((one.program for one in codes), "")
    return (Language.FED, inner) if pastes and inner else None


def _takes_commands(name: str, rest: Sequence[Word]) -> bool:
    """Tell whether a login, or the recipe of an image, is fed."""
    operands = [word for word in rest if not is_option(word)]
    if name == "ssh":
        return len(operands) <= 1
    return bool(operands) and operands[0].text in ("build", "buildx") and rest[-1].text == "-"


def _reads_input(rest: Sequence[Word], options: str) -> bool:
    """Tell whether a program, given these words, reads its code from what is fed to it."""
    if any(word.text == "-s" for word in rest):
        return True
    if list(after_option(rest, options, programs.LONG_OPTIONS)):
        return False
    return all(is_option(word) for word in rest)
