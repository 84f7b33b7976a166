"""What was looked at, line by line, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from slipway.model.text.inert import visible

WRONG, FINE, UNASKED = "wrong", "fine", "not checked"
_LONGEST = 2000


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One thing that was looked at.

    :param area: such as ``connections``, or an environment.
    :param what: the thing; empty where the words name it.
    :param state: ``fine``, ``wrong`` or ``not checked``.
    :param words: what is wrong, or what there is to say.
    :param cure: what to do about it.
    :param project: whose it is; empty for what is nobody's.
    """

    area: str
    what: str
    state: str = FINE
    words: str = ""
    cure: str = ""
    project: str = ""


def told(lines: Iterable[Line]) -> Iterator[str]:
    """Yield what a terminal shows: what is fine in a line, what is not with its cure."""
    for one in lines:
        if not one.what:
            yield from (visible(line, _LONGEST) for line in one.words.splitlines())
        else:
            where = f"{one.project} {one.area}".strip()
            head = "" if one.state == FINE else f"{one.state}: "
            words = f": {visible(one.words, _LONGEST)}" if one.words else ""
            plain = one.area in ("project files",)
            name = visible(one.what, _LONGEST)
            yield f"{name}{words}" if plain else f"{head}{visible(where)}, {name}{words}"
        if one.cure:
            yield f"  what to do: {visible(one.cure, _LONGEST)}"


def counted(lines: Iterable[Line]) -> str:
    """Return the last line: how much is what."""
    states = [one.state for one in lines]
    counts = {state: states.count(state) for state in (FINE, WRONG, UNASKED)}
    return ", ".join(
        f"{count} {state}" for state, count in counts.items() if count or state == FINE
    )
