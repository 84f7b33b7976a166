"""Which words of a command are code: of a shell again, or of a program with a language of its own.

Of the programs that pipelines use most it is known which of their words are text. Any other may do
with its words what it likes: if something among them speaks of code, each is taken for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

from slipway.pipeline.commit_text import known_programs, programs
from slipway.pipeline.commit_text.code_of_programs import runs_input
from slipway.pipeline.commit_text.executed_variables import is_executed
from slipway.pipeline.commit_text.nested_language import Code, Language, handed, unquoted
from slipway.pipeline.commit_text.program_words import (
    after_option,
    assigns,
    command_within,
    holds_value,
    is_option,
    operand_code,
    program_name,
)
from slipway.pipeline.commit_text.shell_compounds import ARRAY
from slipway.pipeline.commit_text.shell_model import UNKNOWN, Word

_Reader: TypeAlias = Callable[[str, Sequence[Word], Language], Iterator[Code]]
# What in the code of an interpreter runs what it is told in further words.
_RUNS = re.compile(r"system|exec|popen|spawn|eval|subprocess|child_process|passthru|open|`|%x|qx")


def arguments(words: Sequence[Word], shell: Language = Language.SHELL) -> Iterator[Code]:
    """Yield the code among the words of a command: program and arguments.

    :param words: of the command, the program first.
    :param shell: what a shell that runs here is.
    """
    if not words:
        return
    yield Code(language=Language.COMMAND, program="the shell", words=(words[0],))
    name, rest = program_name(words[0]), words[1:]
    if set(words[0].text) == {UNKNOWN}:
        # It may be nothing, so that the next word is the command.
        yield from arguments(rest, shell)
    if name in programs.TEXT or not any(map(holds_value, rest)):
        return
    inner = command_within(words)
    if inner is None:
        yield from _reader_of(name)(name, rest, shell)
        return
    command, near = inner
    runs = bool(command) and program_name(command[0]) in programs.NEVER_TEXT
    for word in words[1 : len(words) - len(command)]:
        if runs or not assigns(word) or is_executed(word.text):
            yield from handed(name, (word,))
    yield from _within(command, shell if near else Language.FAR_SHELL)


def _within(words: Sequence[Word], shell: Language) -> Iterator[Code]:
    """Yield the code of a command that another program runs: that one is no shell's builtin."""
    if words and program_name(words[0]) in ("eval", "trap", *_DECLARE):
        yield from handed(words[0].text, words)
    else:
        yield from arguments(words, shell)


def _reader_of(name: str) -> _Reader:
    if name in programs.SHELLS:
        return known_programs.shell
    if name in programs.INTERPRETERS:
        return _interpreter
    if name in programs.CLIENTS:
        return _client
    if name in programs.OPERANDS:
        return _with_operand
    if name in programs.CONTAINERS:
        return known_programs.container
    if name in _SPECIAL:
        return _SPECIAL[name]
    return (
        known_programs.of_listed if name in programs.RUNNING_OPTIONS else known_programs.of_unknown
    )


def _interpreter(name: str, words: Sequence[Word], _: Language) -> Iterator[Code]:
    """Yield what a program with a language of its own takes for code."""
    letters = programs.INTERPRETERS[name]
    end = _options_end(words, letters)
    options, rest = words[:end], words[end:]
    code = list(after_option(options, letters, programs.LONG_OPTIONS))
    ends_options = name in ("python", "pypy")
    for word in code[: 1 if ends_options else None]:
        yield Code(language=Language.PROGRAM, program=name, words=(word,))
    yield from handed(name, [word for word in options if not any(word is one for one in code)])
    if ends_options and any(word.text.startswith("-m") for word in options):
        yield from handed(name, rest)
    elif code and not _RUNS.search(" ".join(word.text for word in code)):
        if not ends_options:
            yield unquoted(name, rest)
    elif code:
        yield from handed(name, rest)
    else:
        # A file with a program, or the name of a module.
        yield from handed(name, rest[:1])
        yield from known_programs.of_unknown(name, rest[1:])


def _options_end(words: Sequence[Word], letters: str) -> int:
    """Return where options with their code end, and operands begin."""
    at = 0
    while at < len(words) and is_option(words[at]) and words[at].text not in ("-", "--"):
        takes = re.fullmatch(rf"-[A-Za-z0-9]*[{letters}]", words[at].text)
        is_code = takes or words[at].text in programs.LONG_OPTIONS
        at += 2 if is_code else 1
        if takes and letters == "c":
            break
    return min(at, len(words))


def _client(name: str, words: Sequence[Word], _: Language) -> Iterator[Code]:
    """Yield the statements among the words of a database's client."""
    statements, text = programs.CLIENTS[name]
    code = list(after_option(words, statements, programs.LONG_OPTIONS))
    told = list(after_option(words, text, ("--set", "--variable", "--user", "--host")))
    if name in ("sqlite3", "duckdb"):
        code += [word for word in words if not is_option(word)]
    for word in dict.fromkeys(map(id, code)):
        found = next(one for one in code if id(one) == word)
        yield Code(language=Language.PROGRAM, program=name, words=(found,))
    known = [*code, *told]
    yield from handed(name, [word for word in words if not any(word is one for one in known)])
    yield unquoted(name, words, strict=True)


def _with_operand(name: str, words: Sequence[Word], _: Language) -> Iterator[Code]:
    """Yield the code of a program whose first operand is."""
    code = tuple(operand_code(name, words))
    if name == "sed":
        if any(map(holds_value, code)):
            yield Code(language=Language.SED, program=name, words=code)
    else:
        for word in code:
            yield Code(language=Language.PROGRAM, program=name, words=(word,))
    files = programs.OPERANDS[name][2] | _AWK_FILES if name == "awk" else programs.OPERANDS[name][2]
    yield from handed(name, list(after_option(words, "fEilW" if name == "awk" else "f", [*files])))
    rest = tuple(word for word in words if not any(word is one for one in code))
    if name == "awk" and any(runs_input(name, word.text) for word in code):
        yield from handed(name, rest)
    yield unquoted(name, rest, strict=True)


_AWK_FILES = frozenset({"--exec", "--include", "--load"})


def _find(name: str, words: Sequence[Word], shell: Language) -> Iterator[Code]:
    """Yield what ``find`` runs, and what may become something that it does."""
    own, at = list[Word](), 0
    while at < len(words):
        own.append(words[at])
        at += 1
        if own[-1].text in programs.RUNNING_OPTIONS["find"]:
            end = at
            while end < len(words) and words[end].text not in (";", "+"):
                end += 1
            yield from _within(words[at:end], shell)
            at = end
    yield from known_programs.of_listed(name, own)


def _xargs(name: str, words: Sequence[Word], shell: Language) -> Iterator[Code]:
    """Yield the code of the command that the words are handed to."""
    options, command = xargs_words(words)
    yield from handed(name, options)
    yield from _within(command, shell)


def xargs_words(words: Sequence[Word]) -> tuple[Sequence[Word], Sequence[Word]]:
    """Part the options of ``xargs`` from the command that it runs."""
    at = 0
    while at < len(words) and is_option(words[at]):
        text = words[at].text
        at += 2 if len(text) == 2 and text[1] in programs.TAKES["xargs"][0] else 1
    return words[:at], words[at:]


def _watch(name: str, words: Sequence[Word], shell: Language) -> Iterator[Code]:
    at = 0
    while at < len(words) and is_option(words[at]):
        at += 2 if words[at].text in ("-n", "--interval", "-q") else 1
    yield from handed(name, words[:at])
    yield from known_programs.evaluated(name, words[at:], shell)


def _go(name: str, words: Sequence[Word], _: Language) -> Iterator[Code]:
    """Yield what Go's tools read as flags of their own, in quotes of their own."""
    flags = [
        word
        for number, word in enumerate(words)
        if _GO_FLAGS.match(word.text) or (number and _GO_FLAGS.fullmatch(words[number - 1].text))
    ]
    for word in filter(holds_value, flags):
        yield Code(language=Language.PROGRAM, program=name, words=(word,))
    rest = [word for word in words if not any(word is one for one in flags)]
    # A word that lost its option is one of the program's own.
    yield from known_programs.of_unknown(name, rest)


_GO_FLAGS = re.compile(r"--?(?:ld|gc|asm|gccgo)flags\b")
_DECLARE = ("declare", "typeset", "export", "local", "readonly")
_SPECIAL: dict[str, _Reader] = {
    "eval": known_programs.evaluated,
    "watch": _watch,
    "trap": known_programs.trap,
    "su": known_programs.su,
    "ssh": known_programs.ssh,
    "git": known_programs.git,
    "find": _find,
    "go": _go,
    "xargs": _xargs,
    "printf": known_programs.printf,
    **dict.fromkeys(_DECLARE, known_programs.declares),
    **dict.fromkeys(("[", "[[", "test"), known_programs.tests),
    ARRAY: known_programs.elements,
    ".": known_programs.first,
    "source": known_programs.first,
}
