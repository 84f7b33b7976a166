"""Where in a pipeline file something is wrong, and how that is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from slipway.exceptions import PipelineFileError
from slipway.model.text.inert import visible

if TYPE_CHECKING:
    from collections.abc import Sequence

Path: TypeAlias = tuple[str | int, ...]
"""The way to a value: keys and list positions from the top of its document."""

# Mistakes that are shown; nobody mends more at once.
MOST_SHOWN = 50
# Characters of a source line that are shown; a hostile line may be as long as the file.
_WIDEST = 100
# Characters of a message that are shown: a name in it may be as long, too.
_LONGEST = 600


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A stretch of one line. Lines and columns count from 1.

    :param line: of the file.
    :param column: of its first character.
    :param width: in characters, at least 1.
    """

    line: int
    column: int
    width: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One mistake in a pipeline file.

    :param file: its path, as people know it.
    :param rule: its stable name, e.g. ``unknown-key``.
    :param message: what is wrong, for people.
    :param document: which of the file's it is in, from 1.
    :param span: where it is; None where it concerns the file as a whole.
    :param source: the line of the file that the span is on.
    :param advice: what to write instead; may be empty.
    """

    file: str
    rule: str
    message: str
    document: int = 1
    span: Span | None = None
    source: str = ""
    advice: str = ""

    def __str__(self) -> str:
        """Render the mistake with the line it is on and a caret under the place."""
        told = _cut(self.message) + (f"; {_cut(self.advice)}" if self.advice else "")
        if self.span is None:
            return f"{self.file}: {told} [{self.rule}]"
        at = f"{self.file}:{self.span.line}:{self.span.column}"
        return f"{at}: {told} [{self.rule}]\n{self._excerpt(self.span)}"

    def _excerpt(self, span: Span) -> str:
        cut = max(0, span.column - 1 - _WIDEST // 2) if len(self.source) > _WIDEST else 0
        shown = self.source[cut : cut + _WIDEST].replace("\t", " ")
        shown = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in shown)
        start = span.column - 1 - cut
        carets = "^" * max(1, min(span.width, len(shown) - start))
        gutter = " " * len(str(span.line))
        return f"  {span.line} | {shown}\n  {gutter} | {' ' * start}{carets}"


def _cut(text: str) -> str:
    """Cut what a hostile file brings into a message, and show what cannot be seen."""
    cut = text[:_LONGEST]
    shown = cut if cut.isprintable() else visible(cut, _LONGEST)
    return shown if len(text) <= _LONGEST else f"{shown} ..."


def by_place(problem: Problem) -> tuple[int, int]:
    """Sort mistakes as a reader meets them."""
    return (problem.span.line, problem.span.column) if problem.span else (0, 0)


class PipelineFileInvalid(PipelineFileError):
    """A pipeline file has mistakes, all of which are listed.

    :param problems: at least one.
    :param warnings: what the file would run without: often, a misspelt key is why one is missing.
    """

    def __init__(self, problems: Sequence[Problem], warnings: Sequence[Problem] = ()) -> None:
        super().__init__("\n".join([*_shown(problems), *_shown(warnings, "warning: ")]))
        self.problems = tuple(problems)


def _shown(problems: Sequence[Problem], begin: str = "") -> list[str]:
    shown = [f"{begin}{problem}" for problem in problems[:MOST_SHOWN]]
    more = len(problems) - MOST_SHOWN
    return [*shown, f"... and {more} more"] if more > 0 else shown
