"""Which words of programs with ways of their own may be run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from slipway.pipeline.commit_text import programs
from slipway.pipeline.commit_text.argument_use import runs_arguments
from slipway.pipeline.commit_text.executed_variables import is_executed
from slipway.pipeline.commit_text.nested_language import Code, Language, handed, unquoted
from slipway.pipeline.commit_text.program_words import (
    after_option,
    assigns,
    holds_value,
    is_option,
    program_name,
    shell_words,
)
from slipway.pipeline.commit_text.shell_model import Word
from slipway.pipeline.commit_text.suspicion import is_suspicious


def of_unknown(name: str, words: Sequence[Word], _: Language = Language.SHELL) -> Iterator[Code]:
    """Yield what a program that is not known may run."""
    if name in programs.NEVER_TEXT or is_suspicious(name, words):
        yield from handed(name, words)
    else:
        yield unquoted(name, words)


def of_listed(name: str, words: Sequence[Word], _: Language = Language.SHELL) -> Iterator[Code]:
    """Yield what a program may run some of whose options take code, or programs."""
    runs, text = programs.RUNNING_OPTIONS[name], programs.TEXT_OPTIONS.get(name, frozenset())
    for number, word in enumerate(words):
        if not holds_value(word) or text_option(words, number, text):
            continue
        before = words[number - 1].text if number else ""
        if is_option(word) or (before.startswith("-") and _is_one_of(before, runs)):
            yield from handed(name, (word,))
    yield unquoted(name, words, strict=True)


def text_option(words: Sequence[Word], number: int, options: frozenset[str]) -> bool:
    """Tell whether a word belongs to one of some options: behind it, or with it."""
    text, before = words[number].text, words[number - 1].text if number else ""
    if before in options:
        return True
    head, equals, _ = text.partition("=")
    return (bool(equals) and head in options) or text[:2] in options


def _is_one_of(option: str, options: frozenset[str]) -> bool:
    """Tell whether an option, which may be cut short or in a cluster, is one of some."""
    if option.startswith("--"):
        return any(one.startswith(option) for one in options)
    return option in options or any(len(one) == 2 and one[1] in option[1:] for one in options)


# Shells


def shell(name: str, words: Sequence[Word], language: Language) -> Iterator[Code]:
    """Yield the script among a shell's words; what follows it are the script's arguments."""
    script, rest, _ = shell_words(words)
    known = (script, *rest)
    yield from handed(name, [word for word in words if not any(word is one for one in known)])
    if script is None:
        # The first word is a file with a script.
        for word in rest[:1]:
            yield Code(language=Language.COMMAND, program=name, words=(word,))
        yield from of_unknown(name, rest[1:])
        return
    yield Code(language=language, program=name, words=(script,))
    if language is Language.SHELL and not (rest and runs_arguments(script.text)):
        return
    yield from handed(name, rest)


def evaluated(name: str, words: Sequence[Word], language: Language) -> Iterator[Code]:
    """Take all words together for a script."""
    yield Code(language=language, program=name, words=tuple(words))


def trap(name: str, words: Sequence[Word], language: Language) -> Iterator[Code]:
    """Take the first word for a script."""
    rest = words[1:] if words[0].text == "--" else words
    yield Code(language=language, program=name, words=tuple(rest[:1]))
    yield from handed(name, [*words[: len(words) - len(rest)], *rest[1:]])


def su(name: str, words: Sequence[Word], _: Language) -> Iterator[Code]:
    """Take what follows ``-c`` for a script of another user's shell."""
    scripts = list(after_option(words, "c", ("--command",)))
    for word in scripts:
        yield Code(language=Language.FAR_SHELL, program=name, words=(word,))
    yield from handed(name, [word for word in words if not any(word is one for one in scripts)])


def ssh(name: str, words: Sequence[Word], _: Language) -> Iterator[Code]:
    """Take all words behind the host for a script of a shell there."""
    rest, host = list(words), None
    options: list[Word] = []
    while rest and (host is None or is_option(rest[0])):
        word = rest.pop(0)
        options.append(word)
        if not is_option(word):
            host = word
        elif len(word.text) == 2 and word.text[1] in programs.SSH_WORDS and rest:
            options.append(rest.pop(0))
    yield from handed(name, options)
    yield Code(language=Language.FAR_SHELL, program=name, words=tuple(rest))


# Containers


def container(name: str, words: Sequence[Word], _: Language = Language.SHELL) -> Iterator[Code]:
    """Yield what runs elsewhere; variables, labels and names of a container are text."""
    options = programs.TEXT_OPTIONS["docker"]
    rest = list[Word]()
    for number, word in enumerate(words):
        if not text_option(words, number, options):
            rest.append(word)
        elif _sets_executed(words, number):
            yield from handed(name, (word,))
    script = None
    for number, word in enumerate(rest):
        if program_name(word) in programs.SHELLS:
            script = shell_words(rest[number + 1 :])[0]
            break
    if script is not None:
        yield Code(language=Language.FAR_SHELL, program=name, words=(script,))
    others = [word for word in rest if word is not script]
    if script is None and name in ("kubectl", "oc") and rest and rest[0].text not in _RUN_PODS:
        yield from of_unknown(name, words)
    elif any(word.text in _ONLY_NAMES for word in words[:3]):
        yield unquoted(name, others, strict=True)
    else:
        yield from handed(name, others)


def _sets_executed(words: Sequence[Word], number: int) -> bool:
    """Tell whether a variable that is given to a container is one that is run, or any one."""
    text = words[number].text
    option, _, rest = text.partition("=") if text.startswith("--") else ("", "", text)
    if (option or words[number - 1].text) not in ("-e", "--env"):
        return False
    return is_executed(rest) or not programs.ASSIGNMENT.match(rest)


_RUN_PODS = frozenset({"exec", "run", "debug", "attach", "apply", "create", "replace", "patch"})
_ONLY_NAMES = frozenset({"commit", "login", "manifest", "pull", "push", "rmi", "tag"})


# Git


def git(name: str, words: Sequence[Word], _: Language) -> Iterator[Code]:
    """Yield what git may run: aliases, editors, other settings, what its commands are told."""
    at = 0
    while at < len(words) and is_option(words[at]):
        at += 2 if words[at].text in ("-C", "-c", "--git-dir", "--work-tree") else 1
    for number, word in enumerate(words[:at]):
        before = words[number - 1].text if number else ""
        if before != "-C" and not (before == "-c" and _IDENTITY.match(word.text)):
            yield from handed(name, (word,))
    command = words[at].text if at < len(words) else ""
    rest = words[at + 1 :]
    if command == "config":
        if any(_IDENTITY.match(word.text) and not word.spots for word in rest):
            yield unquoted(name, rest, strict=True)
        else:
            yield from handed(name, rest)
    elif command not in programs.GIT or any(word.text == "foreach" for word in rest[:1]):
        yield from handed(name, words[at:])
    else:
        yield from _git_words(name, command, rest)


_IDENTITY = re.compile(r"(user|author|committer)\.(name|email)\b")


def _git_words(name: str, command: str, words: Sequence[Word]) -> Iterator[Code]:
    yield from of_listed(name, words)
    if command in programs.GIT_REMOTE:
        # The first is an address, and some addresses run programs.
        text = programs.TEXT_OPTIONS[name]
        operands = [
            word
            for number, word in enumerate(words)
            if not is_option(word) and not text_option(words, number, text)
        ]
        skipped = 2 if command == "remote" else 0
        yield from handed(name, operands[: 1 + skipped])


# Builtins


def printf(name: str, words: Sequence[Word], _: Language) -> Iterator[Code]:
    """Yield what ``printf`` takes for the name of a variable; the rest is text."""
    named, rest = [], list(words)
    if rest and rest[0].text.startswith("-v"):
        named = rest[: 2 if rest[0].text == "-v" else 1]
        del rest[: len(named)]
    yield from handed(name, named)
    if rest and rest[0].text == "--":
        del rest[:1]
    if rest:
        yield Code(language=Language.FORMAT, program=name, words=(rest[0],))
        if re.search(r"%[^A-Za-z%]*n", rest[0].text):
            yield from handed(name, rest[1:])


def declares(name: str, words: Sequence[Word], _: Language) -> Iterator[Code]:
    """Yield what is computed, or names a variable."""
    odd = any(is_option(word) and re.search("[aAin]", word.text) for word in words)
    for word in filter(holds_value, words):
        value = word.text.partition("=")[2]
        named = not assigns(word) or word.text[: -len(value) or None].endswith("+=")
        if odd or named or value.startswith("(") or is_executed(word.text):
            yield Code(language=Language.COMMAND, program=name, words=(word,))
    yield unquoted(name, words)


def tests(name: str, words: Sequence[Word], _: Language) -> Iterator[Code]:
    """Yield what is computed in a comparison."""
    computed = programs.ARITHMETIC if name == "[[" else {"-v", "-R"}
    if any(word.text in computed for word in words):
        yield Code(language=Language.COMMAND, program=name, words=tuple(words))
    yield Code(language=Language.TESTED, program=name, words=tuple(words))


def elements(_: str, words: Sequence[Word], __: Language) -> Iterator[Code]:
    """Yield the indices among an array's elements."""
    for word in words:
        if word.text.startswith("["):
            yield Code(language=Language.COMMAND, program="an array", words=(word,))


def first(name: str, words: Sequence[Word], _: Language) -> Iterator[Code]:
    """Take the first word for a file with a script."""
    yield Code(language=Language.COMMAND, program=name, words=tuple(words[:1]))
    yield from of_unknown(name, words[1:])
