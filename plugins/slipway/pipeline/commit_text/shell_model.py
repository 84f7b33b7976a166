"""What is read in a shell's text: commands, their words, and the places of values in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypeAlias

# What stands for text that only the shell will know.
UNKNOWN = "\N{OBJECT REPLACEMENT CHARACTER}"
# Words after which a command begins.
OPENERS = frozenset({"then", "else", "elif", "do", "!", "time", "coproc"})
# Words that begin several commands, and those that end them.
COMPOUNDS = {
    "{": "}",
    "if": "fi",
    "while": "done",
    "until": "done",
    "for": "done",
    "select": "done",
    "case": "esac",
}
CLOSERS = frozenset(COMPOUNDS.values())


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

    :param marker: the character that holds a value's place.
    :param at: in the text.
    :param quote: in what it stands.
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
    :param inner: of those in commands and in ``${...}`` whose output is part of the word.
    """

    text: str = ""
    spots: list[Spot] = field(default_factory=list)
    inner: list[Spot] = field(default_factory=list)


@dataclass(kw_only=True)
class HereDocument(Word):
    """A here-document.

    :param name: the line that ends it.
    :param delimiter: the place of the word that says so.
    :param raw: nothing in it is expanded.
    :param tabs: those at the beginning of lines are taken away.
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
    """A simple command, or several in brackets, a loop, a branch.

    :param at: where it begins.
    :param end: where it ends.
    :param first: the number of the first pipeline that was read within it.
    :param group: it consists of the commands within it.
    :param function: whose body it is.
    :param words: without assignments before it and redirections.
    :param assigned: the assignments before it.
    :param fed: here-documents and here-strings that are its standard input.
    :param files: those that it reads as files, and outputs of commands.
    :param sinks: pipelines that read what it writes, ``>(...)``.
    :param inner: every pipeline within it.
    """

    at: int = 0
    end: int = 0
    first: int = 0
    group: bool = False
    function: str = ""
    words: list[Word] = field(default_factory=list)
    assigned: list[Word] = field(default_factory=list)
    fed: list[Word] = field(default_factory=list)
    files: list[Word] = field(default_factory=list)
    sinks: list[list[Command]] = field(default_factory=list)
    inner: list[list[Command]] = field(default_factory=list)

    def told(self) -> Iterator[Word]:
        """Yield what it may write out: its words, and what is fed to it."""
        yield from self.words
        yield from self.fed
        yield from self.files

    def parts(self) -> Iterator[Command]:
        """Yield every command within it."""
        for pipeline in self.inner:
            yield from pipeline


Pipeline: TypeAlias = list[Command]


@dataclass(kw_only=True)
class ShellText:
    """What was read.

    :param pipelines: every one, those within others too.
    :param spots: every marker's.
    :param documents: every here-document.
    :param breaks: places of the line ends that end a command.
    :param computed: names in arithmetic, and those whose value names another variable.
    :param arithmetic: where such things stand.
    """

    pipelines: list[Pipeline] = field(default_factory=list)
    spots: list[Spot] = field(default_factory=list)
    documents: list[HereDocument] = field(default_factory=list)
    breaks: set[int] = field(default_factory=set)
    computed: set[str] = field(default_factory=set)
    arithmetic: list[int] = field(default_factory=list)
