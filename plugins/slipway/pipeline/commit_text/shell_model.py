"""What is read in a shell's text: commands, their words, and the places of values in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypeAlias

# What stands for text that only the shell will know.
UNKNOWN = "\N{OBJECT REPLACEMENT CHARACTER}"


class Quote(Enum):
    """In what a marker stands."""

    BARE = auto()
    DOUBLE = auto()
    SINGLE = auto()
    ANSI = auto()
    """``$'...'``"""
    HERE = auto()
    """A here-document that is expanded."""
    RAW = auto()
    """A here-document that is not."""
    COMMENT = auto()
    ARITHMETIC = auto()
    ARGUMENT = auto()
    """A word that reaches its program without a shell."""


class NotShell(ValueError):
    """The text ends within a quote or a bracket."""


@dataclass(kw_only=True)
class Spot:
    """Where a marker stands.

    :param at: in the text.
    :param escaped: behind a backslash.
    :param backquoted: within backquotes, where backslashes are read once more.
    :param document: the here-document that it is in.
    """

    marker: str
    at: int
    quote: Quote
    escaped: bool = False
    backquoted: bool = False
    document: HereDocument | None = None


@dataclass(kw_only=True)
class Word:
    """A word of a command.

    :param text: without its quotes; markers stay.
    :param spots: of the markers in the text.
    :param inner: of those in commands whose output is part of the word.
    """

    text: str = ""
    spots: list[Spot] = field(default_factory=list)
    inner: list[Spot] = field(default_factory=list)


@dataclass(kw_only=True)
class HereDocument(Word):
    """A here-document.

    :param delimiter: the place of the word that ends it.
    :param raw: nothing in it is expanded.
    :param body: its place.
    :param end: the place of its last line's delimiter.
    """

    name: str
    delimiter: tuple[int, int]
    raw: bool
    tabs: bool
    body: tuple[int, int] = (0, 0)
    end: tuple[int, int] = (0, 0)


@dataclass(kw_only=True)
class Command:
    """A simple command.

    :param at: where it begins.
    :param words: without assignments before it and redirections.
    :param fed: here-documents and here-strings.
    :param group: it is the end of several commands, whose output is its own.
    """

    at: int = 0
    group: bool = False
    words: list[Word] = field(default_factory=list)
    fed: list[Word] = field(default_factory=list)


Pipeline: TypeAlias = list[Command]


@dataclass(kw_only=True)
class ShellText:
    """What was read.

    :param pipelines: every one, those within others too.
    :param spots: every marker's.
    """

    pipelines: list[Pipeline] = field(default_factory=list)
    spots: list[Spot] = field(default_factory=list)


def spots_of(command: Command) -> Iterator[Spot]:
    """Yield every spot in a command, and in what is fed to it."""
    for word in (*command.words, *command.fed):
        yield from word.spots
        yield from word.inner
