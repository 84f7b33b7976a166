"""What code in the words of a command is written in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property

from slipway.pipeline.commit_text.program_words import holds_value
from slipway.pipeline.commit_text.shell_model import Word


class Language(Enum):
    """What code is written in."""

    SHELL = auto()
    """A shell that finds the step's variables."""
    FAR_SHELL = auto()
    """One that does not: on another machine, in another container, of another user."""
    SED = auto()
    PROGRAM = auto()
    """Something with strings in quotes."""
    HANDED = auto()
    """Something that its program may run."""
    COMMAND = auto()
    """The value itself would be a command, or something that a shell computes."""
    FED = auto()
    """What a command says goes to a program that runs it."""
    FORMAT = auto()
    """The format of ``printf``."""
    TESTED = auto()
    """A word of ``test``."""
    UNQUOTED = auto()
    """Words that a shell makes of the value could become options."""


@dataclass(frozen=True, kw_only=True)
class Code:
    """A stretch of code.

    :param language: what reads it.
    :param program: that reads it, for a message.
    :param words: what it is put together of.
    :param strict: where words could become options: the program is known to have some that run
        what they are told, so that no value may be split.
    """

    language: Language
    program: str
    words: tuple[Word, ...]
    strict: bool = False

    @cached_property
    def text(self) -> str:
        """What the words say together."""
        between = "\n" if self.language is Language.SED else " "
        return between.join(word.text for word in self.words)


def handed(name: str, words: Sequence[Word]) -> Iterator[Code]:
    """Take each word that holds a value for something that a program may run."""
    return (
        Code(language=Language.HANDED, program=name, words=(word,))
        for word in words
        if holds_value(word)
    )


def unquoted(name: str, words: Sequence[Word], *, strict: bool = False) -> Code:
    """Take words for text, unless they could become options."""
    return Code(language=Language.UNQUOTED, program=name, words=tuple(words), strict=strict)
