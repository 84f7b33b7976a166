"""One document of a pipeline file: plain data that remembers where each value stood."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

from slipway.pipeline.yaml.diagnostics import Path, Problem, Span

# Warnings of a document that are kept: a hostile one earns thousands.
MOST_WARNINGS = 200


class Scalar(str):
    """A scalar's text as it was written.

    :param kind: what YAML 1.1 takes it for: ``str``, ``int``, ``float``, ``bool``, ...
    """

    __slots__ = ("kind",)
    kind: str

    def __new__(cls, text: str, kind: str) -> Self:
        """Keep the kind beside the text."""
        scalar = super().__new__(cls, text)
        scalar.kind = kind
        return scalar


@dataclass(frozen=True, kw_only=True)
class Document:
    """One YAML document.

    :param file: its path, as people know it.
    :param number: counts from 1.
    :param data: dicts, lists, texts and None.
    :param lines: of the whole file.
    :param values: where each value stood.
    :param keys: where the key of each mapping entry stood.
    :param origins: after a conversion, where in the file the new form's parts came from.
    :param warnings: what Drone passes over in silence, noted while the document is read.
    """

    file: str
    number: int
    data: Any
    lines: tuple[str, ...]
    values: dict[Path, Span] = field(default_factory=dict)
    keys: dict[Path, Span] = field(default_factory=dict)
    origins: dict[Path, Path] = field(default_factory=dict)
    warnings: list[Problem] = field(default_factory=list)

    def problem(
        self, rule: str, path: Path, message: str, *, advice: str = "", at_key: bool = False
    ) -> Problem:
        """Describe a mistake at a path, or at the nearest place above that is in the file.

        :param rule: its stable name.
        :param path: keys and indices, from the document's top.
        :param message: what is wrong, for people.
        :param advice: what can be done; may be empty.
        :param at_key: point at the entry's key instead of its value.
        """
        path = self._origin(path)
        spans = self.keys if at_key else self.values
        while path not in spans and path:
            path, spans = path[:-1], self.values
        return problem_at(
            self.file,
            rule,
            message,
            spans.get(path),
            self.lines,
            document=self.number,
            advice=advice,
        )

    def warn(
        self, rule: str, path: Path, message: str, *, advice: str = "", at_key: bool = False
    ) -> None:
        """Note something that the file runs without; the arguments are those of `problem`."""
        if len(self.warnings) < MOST_WARNINGS:
            one = self.problem(rule, path, message, advice=advice, at_key=at_key)
            self.warnings.append(one)

    def _origin(self, path: Path) -> Path:
        """Find where something of a converted document stood, by the longest part that is known."""
        for cut in range(len(path), 0, -1):
            if (origin := self.origins.get(path[:cut])) is not None:
                return (*origin, *path[cut:])
        return path


def problem_at(
    file: str,
    rule: str,
    message: str,
    span: Span | None,
    lines: tuple[str, ...],
    *,
    document: int = 1,
    advice: str = "",
) -> Problem:
    """Describe a mistake at a place.

    :param file: its path, as people know it.
    :param rule: its stable name.
    :param message: what is wrong, for people.
    :param span: the place; None for the file as a whole.
    :param lines: of the whole file.
    :param document: which of the file's it is in, from 1.
    :param advice: what can be done; may be empty.
    """
    source = lines[span.line - 1] if span and span.line <= len(lines) else ""
    return Problem(
        file=file,
        rule=rule,
        message=message,
        document=document,
        span=span,
        source=source,
        advice=advice,
    )
