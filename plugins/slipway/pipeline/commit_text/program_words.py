"""What the words of a command are to the program that it runs: its name, options, code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from slipway.pipeline.commit_text import programs
from slipway.pipeline.commit_text.shell_model import UNKNOWN, Word


def after_option(words: Sequence[Word], letters: str, long: Sequence[str]) -> Iterator[Word]:
    """Yield the words that options of these letters and names take."""
    cluster = re.compile(rf"-[A-Za-z0-9]*[{letters}]")
    for number, word in enumerate(words):
        text = word.text
        if text == "--":
            return
        if text.startswith(tuple(f"{name}=" for name in long)):
            yield word
        elif text in long or cluster.fullmatch(text):
            yield from words[number + 1 : number + 2]
        elif cluster.match(text) and word.spots:
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
    if UNKNOWN in name:
        return UNKNOWN
    return programs.ALIASES.get(name, name)


def is_option(word: Word) -> bool:
    """Tell whether a word is an option."""
    return word.text.startswith("-")


def assigns(word: Word) -> bool:
    """Tell whether a word is an assignment."""
    return bool(programs.ASSIGNMENT.match(word.text))
