"""Which tables a migration changes in a way that only their owner may. Pure text.

What is not found here (statements that are put together at run time, say) is no finding: goose's
own word on it comes later.
"""

from __future__ import annotations

import re

_UP, _DOWN = (
    re.compile(r"^\s*--\s*\+goose\s+up\b", re.I | re.M),
    re.compile(r"^\s*--\s*\+goose\s+down\b", re.I | re.M),
)
# Comments, texts in quotes, and bodies of functions: no statement in them is the migration's own.
_ASIDE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\$(\w*)\$.*?\$\1\$", re.S)
_NAME = r'((?:"[^"]+"|\w+)(?:\s*\.\s*(?:"[^"]+"|\w+))?)'
_IF = r"(?:if\s+exists\s+)?"
_OWNERS = (
    re.compile(rf"\balter\s+table\s+{_IF}(?:only\s+)?{_NAME}", re.I),
    re.compile(rf"\bdrop\s+(?:table|view|sequence|materialized\s+view)\s+{_IF}{_NAME}", re.I),
    re.compile(
        r"\bcreate\s+(?:unique\s+)?index\b(?:(?!;|\bon\b).)*?\bon\s+(?:only\s+)?" + _NAME,
        re.I | re.S,
    ),
)


def changed_tables(migration: str) -> frozenset[str]:
    """List tables that a migration alters, drops or makes an index on, without their schema.

    :param migration: the file's text.
    """
    begin, end = _UP.search(migration), _DOWN.search(migration)
    up = migration[begin.end() if begin else 0 : end.start() if end else None]
    plain = _ASIDE.sub(" ", up)
    return frozenset(_plain(found[1]) for one in _OWNERS for found in one.finditer(plain))


def _plain(name: str) -> str:
    last = re.split(r"\s*\.\s*", name)[-1]
    return last.strip('"') if last.startswith('"') else last.lower()
