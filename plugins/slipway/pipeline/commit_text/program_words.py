"""What the words of a command are to the program that it runs: its name, options, code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from slipway.pipeline.commit_text import programs
from slipway.pipeline.commit_text.shell_model import UNKNOWN, Word


def after_option(words: Sequence[Word], letters: str, long: Sequence[str] = ()) -> Iterator[Word]:
    """Yield the words that options of these letters and names take."""
    cluster = re.compile(rf"-[A-Za-z0-9]*[{letters}]") if letters else None
    for number, word in enumerate(words):
        text = word.text
        if text == "--":
            return
        if text.startswith(tuple(f"{name}=" for name in long)):
            yield word
        elif text in long or (cluster and cluster.fullmatch(text)):
            yield from words[number + 1 : number + 2]
        elif cluster and holds_value(word) and cluster.match(text):
            yield word


def operand_code(name: str, words: Sequence[Word]) -> Iterator[Word]:
    """Yield the words that are code for a program whose first operand is."""
    with_word, with_code, from_file = programs.OPERANDS[name]
    code = list(after_option(words, with_code, ("--expression", "--source"))) if with_code else []
    yield from code
    rest = list(words)
    while rest and is_option(rest[0]):
        text = rest[0].text
        if text in from_file:
            return
        taken = (
            3
            if text in programs.PAIRS
            else 2
            if text[1:] in (*with_word, *with_code) and text
            else 1
        )
        del rest[:taken]
    if not code:
        # These have an option, or a command of their own, that may stand before it.
        yield from rest[: 2 if name in ("jq", "yq") else 1]


def program_name(word: Word) -> str:
    """Return the name of the program that a word is; unknown where only the shell will know."""
    name = word.text.rpartition("/")[2]
    if version := programs.VERSION.match(name):
        name = version[1]
    if UNKNOWN in word.text:
        return UNKNOWN
    return programs.ALIASES.get(name, name)


def is_option(word: Word) -> bool:
    """Tell whether a word is an option."""
    return word.text.startswith("-")


def assigns(word: Word) -> bool:
    """Tell whether a word is an assignment."""
    return bool(programs.ASSIGNMENT.match(word.text))


def holds_value(word: Word) -> bool:
    """Tell whether a value is in a word, or comes into it."""
    return bool(word.spots or word.inner)


def shell_words(words: Sequence[Word]) -> tuple[Word | None, Sequence[Word], bool]:
    """Read the words of a shell.

    :returns: its script, the other words that are no options of its own, and whether it reads a
        script from its input.
    """
    rest, has_script, reads = list(words), False, False
    while rest and re.match(r"[-+]\w|--", rest[0].text) and not holds_value(rest[0]):
        text = rest.pop(0).text
        if text == "--":
            break
        short = re.fullmatch(r"[-+]\w+", text)
        has_script |= bool(short and "c" in text)
        reads |= bool(short and "s" in text)
        if (short and re.search("[oO]", text)) or text in ("--rcfile", "--init-file"):
            del rest[:1]
    if has_script:
        return (rest[0], rest[1:], False) if rest else (None, [], False)
    if rest and rest[0].text == "-":
        del rest[:1]
    return None, rest, reads or not rest


def command_within(words: Sequence[Word]) -> tuple[Sequence[Word], bool] | None:
    """Return the words of the command that a program runs, and whether it has the variables.

    :returns: None where the program is no such one.
    """
    name, rest = program_name(words[0]), list(words[1:])
    if rest and programs.LAUNCHERS.get(name) == rest[0].text:
        return rest[1:], True
    if name not in programs.WRAPPERS | programs.FAR_WRAPPERS:
        return None
    with_word, skipped = programs.TAKES.get(name, ("", 0))
    if name == "command" and rest and rest[0].text in ("-v", "-V"):
        return [], True
    while rest and (is_option(rest[0]) or assigns(rest[0])) and not holds_value(rest[0]):
        text = rest.pop(0).text
        if text == "--":
            break
        if len(text) == 2 and text[1] in with_word:
            del rest[:1]
    if name == "env":
        while rest and assigns(rest[0]):
            del rest[:1]
    rest = rest[skipped:]
    if rest and is_option(rest[0]):
        return None  # a way of its own to say what it runs
    return rest, name not in programs.FAR_WRAPPERS
