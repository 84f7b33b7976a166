"""Where a value stands in a program of sed, read once from its beginning to its end."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

_PRIVATE = "\U000f0000"
_SPACE = re.compile(r"[\s;{}]*")
_ADDRESS = re.compile(r"\d+(?:~\d+)?|\$|[+~]\d+")
_BETWEEN = re.compile(r"[ \t]*[,!]?[ \t]*")
_FLAGS = re.compile(r"[gpiImMe\d]*")
_LINE = re.compile(r"(?:\\.|[^\\\n])*", re.DOTALL)
_LABEL = re.compile(r"[^;\n}]*")
_ALONE = frozenset("=dDgGhHlLnNpPqQxzFv")


class _NotSed(ValueError):
    """Something that is not known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a value is within ``/.../``.

    :param mark: the character that ends it.
    :param pattern: it is in a pattern, not in what is put in its place.
    """

    mark: str
    pattern: bool


@dataclass(kw_only=True, slots=True)
class SedProgram:
    """What was read.

    :param places: marker -> where it is; one that is anywhere else is not in it.
    :param runs: something in it runs a command.
    """

    places: dict[str, Place] = field(default_factory=dict)
    runs: bool = False


@lru_cache(maxsize=64)
def read_sed(code: str) -> SedProgram:
    """Read a program; of one that is not understood, nothing is known to be text."""
    reader = _Reader(code)
    try:
        reader.commands()
    except _NotSed:
        return SedProgram(runs=True)
    return reader.found


class _Reader:
    def __init__(self, code: str) -> None:
        self.found = SedProgram()
        self._code = code
        self._at = 0

    def commands(self) -> None:
        """Read all commands."""
        while self._at < len(self._code):
            self._skip(_SPACE)
            self._addresses()
            self._skip(_SPACE)
            if self._at < len(self._code):
                self._command(self._next())

    def _next(self) -> str:
        char = self._code[self._at : self._at + 1]
        if not char or char >= _PRIVATE:
            raise _NotSed
        self._at += 1
        return char

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._code, self._at)
        if match is None:
            return ""
        self._at = match.end()
        return match[0]

    def _addresses(self) -> None:
        while self._at < len(self._code):
            char = self._code[self._at]
            if char in "/\\":
                self._at += 1
                self._half(self._next() if char == "\\" else char, pattern=True)
                self._skip(re.compile("[IM]*"))
            elif not self._skip(_ADDRESS):
                return
            self._skip(_BETWEEN)

    def _command(self, name: str) -> None:
        if name in "sy":
            mark = self._next()
            if mark.isalnum() or mark in "\\\n ":
                raise _NotSed
            self._half(mark, pattern=True)
            self._half(mark, pattern=False)
            if "e" in self._skip(_FLAGS):
                self.found.runs = True
            if self._code.startswith("w", self._at):
                self._skip(_LINE)
        elif name == "e":
            self.found.runs = True
        elif name in "aicrRwW#":
            self._skip(_LINE)
        elif name in ":btT":
            self._skip(_LABEL)
        elif name not in _ALONE:
            raise _NotSed
        else:
            self._skip(re.compile(r"[ \t]*\d*"))

    def _half(self, mark: str, *, pattern: bool) -> None:
        """Read up to a mark that no backslash is before."""
        begin, held = self._at, []
        while True:
            char = self._code[self._at : self._at + 1]
            self._at += 1
            if not char:
                raise _NotSed
            if char == mark:
                break
            if char == "\\":
                if self._code[self._at : self._at + 1] >= _PRIVATE:
                    raise _NotSed
                self._at += 1
            elif char >= _PRIVATE:
                held.append(char)
        if pattern and self._code.rfind("[", begin, self._at) > self._code.rfind(
            "]", begin, self._at
        ):
            raise _NotSed  # the mark may be one of several characters in brackets
        self.found.places.update((one, Place(mark=mark, pattern=pattern)) for one in held)
