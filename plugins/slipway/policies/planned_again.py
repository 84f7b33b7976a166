"""What a plan that was made again says otherwise than the one that people know. Pure.

A fleet that scales with its traffic has another size each hour, a table that is written to as well,
and an image may have been baked meanwhile that was still to be: none of it makes another deployment
of it. Everything else does.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

_NUMBER = re.compile(r"^\d+\. ")
# What is tidied away, or kept warm, of a group; and what makes it one that serves, or that comes.
_TIDIES = re.compile(r"(?:delete(?: the launch template)?|keep warm) (\S+?),? ")
_TAKES_PART = re.compile(r"(?:launch|attach|detach|note as live|take out of standby) (\S+?),? ")
_SIZE = re.compile(r" \(\d+ machines, \d+ to \d+\)")
# Of a step why it is one, which may be a size.
_WHY = re.compile(r", because .*$", re.DOTALL)
# Of an image its name, which says what it is made of.
_IMAGE = re.compile(r"^image: (?:uses|bakes) (\S+) .*$", re.DOTALL)
_WARNING, _UNKNOWN = "warning: ", "not known: "
# What is told of an image as soon as there is one, in place of `slipway.policies.difference`'s word
# that there is none: its name says the same beforehand.
_NOT_BAKED = f"{_UNKNOWN}settings and base image: "
_OF_AN_IMAGE = re.compile(r"^(?:base image: |image: |\.\.\. and \d+ changes? of the image more$)")
_SCHEMA = "schema: "
_BY_HAND = "changed by hand in "
# Of what `slipway.tasks.board.by_hand` says: how large somebody made the group that serves, since
# the next one is as large as that is at its moment; and what machines are made of that are there
# just now, since they come and go.
_PASSING = re.compile(
    rf"^{_BY_HAND}\S+(?: since [\d: -]+ UTC)?: (?:(?:desired|min|max): |[a-z ]+ of i-)"
)
_NO_LOOK = f"{_UNKNOWN}what was changed by hand: "
# How large a table is, as `slipway.tasks.proof.table_sizes` says it: it grows by the hour.
_TABLE = re.compile(r" \((?:\d+ bytes|[\d.e+]+ [kMGT]B)(?:, about [\d,]+ rows)?\)")
# Of a line that was too long, what `visible` says in place of the rest, and half a size before it.
_CUT = re.compile(r"(?: \((?:\d[^();]{0,40})?)? \.\.\. and \d+ characters more$")


def departures(approved: Iterable[str], now: Iterable[str]) -> list[str]:
    """Return what no longer holds, a line each: ``- `` for what was said, ``+ `` for what is now.

    A warning that is there no more is none, nor is that something was not known before, or was
    changed by hand and has been put right.

    :param approved: the lines of the plan that people know.
    :param now: those of the plan that was made just now.
    :returns: nothing where it is the same deployment.
    """
    known, fresh = list(approved), list(now)
    parts = {part[1] for one in (*known, *fresh) if (part := _step(_TAKES_PART, one))}
    after = [one for one in _without_news(known, fresh) if not _is_aside(one, parts)]
    before = [one for one in known if not (_is_over(one, after) or _is_aside(one, parts))]
    old, new = _evened(list(map(_said, before)), list(map(_said, after)))
    found: list[str] = []
    matcher = difflib.SequenceMatcher(a=old, b=new, autojunk=False)
    for kind, begin, end, first, last in matcher.get_opcodes():
        if kind != "equal":
            found += [f"- {one}" for one in before[begin:end]]
            found += [f"+ {one}" for one in after[first:last]]
    return found


def _step(kind: re.Pattern[str], line: str) -> re.Match[str] | None:
    number = _NUMBER.match(line)
    return kind.match(line, number.end()) if number else None


def _is_aside(line: str, parts: set[str]) -> bool:
    """Tell whether a line makes no other deployment of it, by itself.

    A size that somebody set does not, nor a step that only tidies up a group that neither serves
    nor comes.
    """
    found = _step(_TIDIES, line)
    by_hand = _PASSING.match(line) or line.startswith(_NO_LOOK)
    return bool(by_hand) or (found is not None and found[1] not in parts)


def _is_over(line: str, now: list[str]) -> bool:
    return line.startswith((_WARNING, _UNKNOWN, _BY_HAND)) and line not in now


def _without_news(approved: list[str], now: list[str]) -> list[str]:
    """Leave out what can be said of an image by now, where it had still to be baked."""
    if not any(one.startswith(_NOT_BAKED) and one not in now for one in approved):
        return now
    return [
        one for one in now if one in approved or _IMAGE.match(one) or not _OF_AN_IMAGE.match(one)
    ]


def _said(line: str) -> str:
    """Return what a line says of a deployment, without what may differ from hour to hour."""
    if _NUMBER.match(line):
        return _WHY.sub("", _SIZE.sub("", _NUMBER.sub("", line)))
    if line.startswith(_SCHEMA):
        return _TABLE.sub("", line)
    return _IMAGE.sub(r"image: \1", line)


def _evened(old: list[str], new: list[str]) -> tuple[list[str], list[str]]:
    """Cut two long lines on a database at the same place: sizes in front move where each ends."""
    found = [[n for n, one in enumerate(side) if one.startswith(_SCHEMA)] for side in (old, new)]
    if len(found[0]) == len(found[1]) == 1:
        (first,), (second,) = found
        lines = [_CUT.sub("", one).rstrip() for one in (old[first], new[second])]
        if lines != [old[first], new[second]]:
            old[first], new[second] = (one[: min(map(len, lines))] for one in lines)
    return old, new
