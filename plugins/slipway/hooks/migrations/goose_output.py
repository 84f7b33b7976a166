"""What goose writes when all goes well. Pure text; pinned by tests against the real goose."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_VERSION = re.compile(r"goose: (?:.*\bversion:? )(\d+)$")
_DONE = re.compile(r"(?:OK|EMPTY)\s+(\S.*\.sql) \(")


def version_in(lines: Sequence[str]) -> int | None:
    """Find the database's version in what goose wrote last."""
    found = (_VERSION.search(line) for line in reversed(lines))
    return next((int(match[1]) for match in found if match), None)


def applied_in(lines: Sequence[str]) -> tuple[str, ...]:
    """List the files that goose ran, in its order."""
    return tuple(match[1] for line in lines if (match := _DONE.search(line)))
