"""Patterns of names and refs, matched in time that grows with their length alone.

``*`` and ``?`` stay within a path's part, ``**`` does not, ``**/`` is any number of whole parts,
``[a-z]`` and ``[!a-z]`` are one character, ``{a,b}`` is either, a backslash takes a meaning away.
What is not well-formed matches itself only.

A pattern is followed in all the ways at once in which it can match so far, one bit for each of its
places, so nothing is ever tried again; braces are written out before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache

from slipway.exceptions import PipelineFileError

# Characters of a pattern, of one of a shell's, and patterns that one with braces stands for.
LONGEST, LONGEST_OF_SHELL, MOST_ALTERNATIVES = 500, 4000, 50

_PARTS = re.compile(r"\*\*/|\*\*|\*|\?|\[[!^]?[^\]]+\]|\\.|[{},]|[^*?\[\\{},]+|.", re.DOTALL)
_SHELL_PARTS = re.compile(r"\*|\?|\[!?\]?[^\]]*\]|[^*?\[]+|\[", re.DOTALL)


class PatternTooComplex(PipelineFileError):
    """A pattern is longer than is matched, or stands for more than is matched."""


class _Malformed(ValueError):
    """A pattern that can only mean itself."""


class _Kind(Enum):
    """What a place of a pattern takes."""

    ONE = auto()
    """One character of some."""
    MANY = auto()
    """Any number of them, in turn."""
    OPTION = auto()
    """Nothing; the next two places may be left out."""


@dataclass(frozen=True, slots=True)
class _Place:
    """One place of a pattern.

    :param text: what it is written as; the same text takes the same.
    :param takes: whether it takes a character.
    """

    kind: _Kind
    text: str
    takes: Callable[[str], bool]


def _anything(_: str) -> bool:
    return True


def _nothing(_: str) -> bool:
    return False


def _no_slash(character: str) -> bool:
    return character != "/"


_WILD = (_anything, _no_slash)
_ANY_PATH = _Place(_Kind.MANY, "**", _anything)
_ANY_PART = _Place(_Kind.MANY, "*", _no_slash)
_ANY_CHARACTER = _Place(_Kind.ONE, "?", _anything)
_PART_CHARACTER = _Place(_Kind.ONE, "?", _no_slash)
_SLASH = _Place(_Kind.ONE, "/", "/".__eq__)
_PARENTS = (_Place(_Kind.OPTION, "**/", _nothing), _ANY_PATH, _SLASH)


class Pattern:
    """A sequence of places.

    :param places: what it takes, in order.
    """

    def __init__(self, places: Sequence[_Place]) -> None:
        self._places = _simplified(places)
        self._many = self._bits(_Kind.MANY)
        self._options = self._bits(_Kind.OPTION)
        self._end = 1 << len(self._places)
        self._alike = self._by_text()
        self._takers: dict[str, int] = {}

    def matches(self, value: str) -> bool:
        """Tell whether the whole value matches."""
        return len(value) in self.ends(value)

    def ends(self, value: str) -> list[int]:
        """List the lengths of the value's beginnings that match, the shortest first."""
        alive, found = self._onward(1), []
        for length, character in enumerate(value):
            if alive & self._end:
                found.append(length)
            moving = alive & self._taking(character)
            alive = self._onward((moving & self._many) | ((moving & ~self._many) << 1))
            if not alive:
                return found
        return [*found, len(value)] if alive & self._end else found

    def _taking(self, character: str) -> int:
        """Return which places take a character."""
        if character not in self._takers:
            taking = 0
            for place, bits in self._alike:
                if place.takes(character):
                    taking |= bits
            self._takers[character] = taking
        return self._takers[character]

    def _by_text(self) -> list[tuple[_Place, int]]:
        """Return each kind of place once, with the bits of all that are alike."""
        alike: dict[tuple[str, bool], tuple[_Place, list[int]]] = {}
        for at, place in enumerate(self._places):
            # `?` and `*` may be what they are in a pattern, or themselves.
            key = (place.text, place.takes in _WILD)
            alike.setdefault(key, (place, []))[1].append(at)
        return [(place, _bits(numbers)) for place, numbers in alike.values()]

    def _onward(self, alive: int) -> int:
        """Add the places that are reached without a character."""
        while True:
            options = alive & self._options
            more = alive | ((alive & self._many) << 1) | (options << 1) | (options << len(_PARENTS))
            if more == alive:
                return alive
            alive = more

    def _bits(self, kind: _Kind) -> int:
        return _bits([at for at, place in enumerate(self._places) if place.kind is kind])


def _bits(places: Sequence[int]) -> int:
    """Return a number with the bits of some places, in one go."""
    data = bytearray(places[-1] // 8 + 1 if places else 0)
    for at in places:
        data[at // 8] |= 1 << at % 8
    return int.from_bytes(data, "little")


@lru_cache(maxsize=4096)
def matches(pattern: str, value: str) -> bool:
    """Tell whether a value matches a pattern as a whole.

    :raises PatternTooComplex: naming the limit.
    """
    return any(one.matches(value) for one in compiled(pattern))


@lru_cache(maxsize=512)
def compiled(pattern: str) -> tuple[Pattern, ...]:
    """Read a pattern, its braces written out.

    :raises PatternTooComplex: naming the limit.
    """
    if len(pattern) > LONGEST:
        msg = f"the pattern {pattern[:40]}... has {len(pattern)} characters; {LONGEST} is the limit"
        raise PatternTooComplex(msg)
    try:
        return tuple(Pattern(places) for places in _written_out(pattern))
    except _Malformed:
        return (Pattern(list(_characters(pattern))),)


def shell_pattern(text: str, *, backwards: bool = False) -> Pattern:
    """Read a shell's pattern, whose wildcards know no parts of paths.

    :param text: the pattern.
    :param backwards: for a value that is turned round.
    :raises PatternTooComplex: naming the limit.
    """
    if len(text) > LONGEST_OF_SHELL:
        limit = f"{LONGEST_OF_SHELL} is the limit"
        msg = f"the pattern {text[:40]}... has {len(text)} characters; {limit}"
        raise PatternTooComplex(msg)
    places = [place for part in _SHELL_PARTS.findall(text) for place in _shell_places(part)]
    return Pattern(places[::-1] if backwards else places)


def _written_out(pattern: str) -> list[list[_Place]]:
    """Return the sequences that a pattern stands for."""
    done: list[list[_Place]] = [[]]
    open_braces: list[tuple[list[list[_Place]], list[list[_Place]]]] = []
    for part in _PARTS.findall(pattern):
        if part == "{":
            open_braces.append((done, []))
            done = [[]]
        elif part == "," and open_braces:
            open_braces[-1][1].extend(done)
            done = [[]]
        elif part == "}" and open_braces:
            before, others = open_braces.pop()
            done = _checked(pattern, [[*one, *other] for one in before for other in others + done])
        else:
            places = list(_glob_places(part))
            for sequence in done:
                sequence += places
    if open_braces:
        raise _Malformed(pattern)
    return done


def _checked(pattern: str, sequences: list[list[_Place]]) -> list[list[_Place]]:
    if len(sequences) > MOST_ALTERNATIVES:
        msg = f"the pattern {pattern[:40]} stands for more than {MOST_ALTERNATIVES} others"
        raise PatternTooComplex(msg, advice="write several patterns, or use `*`")
    return sequences


def _glob_places(part: str) -> Iterator[_Place]:
    if part == "**/":
        yield from _PARENTS
    elif part == "**":
        yield _ANY_PATH
    elif part == "*":
        yield _ANY_PART
    elif part == "?":
        yield _PART_CHARACTER
    elif len(part) > 2 and part[0] == "[":
        inner = part[1:-1].replace("\\", "\\\\")
        yield _one_of(f"[^{inner[1:]}]" if inner[0] in "!^" else f"[{inner}]")
    else:
        yield from _characters(part[1] if part[0] == "\\" and len(part) == 2 else part)


def _shell_places(part: str) -> Iterator[_Place]:
    if part == "*":
        yield _ANY_PATH
    elif part == "?":
        yield _ANY_CHARACTER
    elif len(part) > 2 and part[0] == "[":
        inner = part[1:-1].replace("\\", "\\\\")
        inner = re.sub(r"([\[\]&~|^])", r"\\\1", inner.removeprefix("!"))
        try:
            yield _one_of(f"[^{inner}]" if part[1] == "!" else f"[{inner}]")
        except _Malformed:
            yield _Place(_Kind.ONE, part, _nothing)
    else:
        yield from _characters(part)


def _characters(text: str) -> Iterator[_Place]:
    return (_Place(_Kind.ONE, one, one.__eq__) for one in text)


def _one_of(expression: str) -> _Place:
    """Return a place for one character of a set.

    :param expression: a regular expression for that character.
    """
    try:
        pattern = re.compile(expression, re.DOTALL)
    except re.error as error:
        raise _Malformed(expression) from error
    return _Place(_Kind.ONE, expression, lambda character: pattern.match(character) is not None)


def _simplified(places: Sequence[_Place]) -> list[_Place]:
    """Take out repetitions that mean nothing: few places are reached without a character then."""
    out: list[_Place] = []
    for place in places:
        if place.kind is _Kind.MANY and out and out[-1].kind is _Kind.MANY:
            # Both in a row are the wider of the two.
            out[-1] = _ANY_PATH if _ANY_PATH in (place, out[-1]) else _ANY_PART
        elif place is _SLASH and tuple(out[-5:]) == (*_PARENTS, *_PARENTS[:2]):
            del out[-2:]
        else:
            out.append(place)
    return out
