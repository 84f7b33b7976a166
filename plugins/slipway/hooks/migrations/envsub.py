"""What ``-- +goose ENVSUB ON`` asks its environment for: names, and which of them must be there.

goose puts nothing in place of a name that is not set, so a forgotten one becomes SQL that means
something else. The grammar is that of the library which goose uses: ``$NAME``, ``${NAME}``,
``${NAME:-text}``, ``${NAME-text}``, ``${NAME?text}``, ``${NAME:1:2}``; ``$$`` and ``\\$`` are one
dollar, ``$(`` is left alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = re.compile(r"[^\W\d_]\w*")
# A dollar in front of these is text, or one escaped dollar.
_TEXT = re.compile(r"\\\\|\\\$|\$\$|\$\(")
# Names that steer goose, its driver or the program that it is, or that name the database.
_OWN = re.compile(
    r"(?:GOOSE_|PG|LD_|SSL_CERT_)\w*|GO(?:DEBUG|TRACEBACK|MAXPROCS|GC|MEMLIMIT)"
    r"|DBSTRING|NO_COLOR|PATH|HOME",
    re.IGNORECASE,
)


class EnvsubUnreadable(ValueError):
    """A line has a dollar that goose could not read; the text says where."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that a line asks for.

    :param name: the variable's.
    :param required: it has no text of its own for when it is not set.
    """

    name: str
    required: bool


def is_own(name: str) -> bool:
    """Tell whether a name is one of goose's own, or of what it runs in."""
    return _OWN.fullmatch(name) is not None


def references(line: str) -> tuple[Reference, ...]:
    """List the names that a line asks for, in order.

    :raises EnvsubUnreadable: for a dollar that begins no name.
    """
    found, _ = _expression(line, 0, nested=False)
    return tuple(found)


def _expression(line: str, at: int, *, nested: bool) -> tuple[list[Reference], int]:
    """Read up to the end of the line, or of the braces that it is within."""
    found: list[Reference] = []
    while at < len(line) and not (nested and line[at] == "}"):
        if text := _TEXT.match(line, at):
            at = text.end()
        elif line[at] == "$" and at < len(line) - 1:
            more, at = _expansion(line, at + 1)
            found += more
        else:
            at += 1
    return found, at


def _expansion(line: str, at: int) -> tuple[list[Reference], int]:
    """Read what follows a dollar."""
    braced = line[at] == "{"
    name = _NAME.match(line, at + braced)
    if name is None:
        msg = f"{line[at - 1 : at + 12].strip()!r} begins no variable's name; write $$ for a dollar"
        raise EnvsubUnreadable(msg)
    if not braced:
        return [Reference(name[0], required=True)], name.end()
    # Numbers of a part of it are passed over as text.
    within, end = _expression(line, name.end(), nested=True)
    if end == len(line):
        msg = f"{line[at - 1 : at + 24].strip()!r} lacks its closing brace on the same line"
        raise EnvsubUnreadable(msg)
    said = line[name.end() : end]
    has_text = said.startswith((":-", "-"))
    return [Reference(name[0], required=not has_text), *within], end + 1
