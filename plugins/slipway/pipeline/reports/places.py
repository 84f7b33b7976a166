"""Where in the sources a test failed, as far as its report says so.

Some tools write file and line beside the test; most leave them to the text of the failure, in the
form that their language has for it. A name without its folder, as Java's, is no place.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

# Where Drone puts the sources.
_WORKSPACE = "/drone/src/"
_FILE_NAMES, _LINE_NAMES = ("file", "filepath", "filename"), ("line", "lineno")
_LONGEST = 300
# What sources end with: a server's name and its port look alike.
_ENDS = (
    "py|go|rb|php|rs|[jt]sx?|[cm][jt]s|vue|java|kts?|groovy|scala|clj|cs|fs|swift|dart|exs?|erl|"
    "hs|ml|c|cc|cpp|cxx|hh?|hpp|m|pl|pm|t|lua|sh|bats|sql|feature"
)
_NAME = rf"[\w./+@-]{{1,200}}\.(?:{_ENDS})"
# `tests/test_x.py:12: ...`, `x_test.go:12:`, `(/drone/src/a.test.js:10:5)`, `x.rb:12:in ...`
_COLON = re.compile(rf"(?<![\w./+@-])(?P<path>{_NAME}):(?P<line>\d{{1,7}})\b")
# Python's own traceback.
_QUOTED = re.compile(rf'File "(?P<path>{_NAME})", line (?P<line>\d{{1,7}})')
# Whose lines are not the project's.
_FOREIGN = re.compile(r"(?:^|/)(?:site-packages|dist-packages|node_modules|vendor|\.venv)/")
_TEST = re.compile(r"(?:^|[/_.-])(?:tests?|spec)s?(?:[/_.-]|$)", re.IGNORECASE)


def place_of_failure(attributes: Mapping[str, str], text: str) -> tuple[str, int]:
    """Return file and line of a failure; an empty path where nothing says, and 0 for no line.

    :param attributes: of the ``testcase``.
    :param text: of its failure.
    """
    found = list(_in_text(text))
    told = next((path for name in _FILE_NAMES if (path := inside(attributes.get(name, "")))), "")
    if told:
        lines = [line for path, line in found if path == told]
        return told, lines[-1] if lines else _line(attributes)
    # What the test called fails further down; the test itself is what people look for.
    tests = [one for one in found if _TEST.search(one[0])]
    return (tests or found or [("", 0)])[-1]


def inside(path: str) -> str:
    """Return a path as it is from the repository's top; empty for one that leads elsewhere.

    :param path: as a report has it.
    """
    path = path.strip().replace("\\", "/").removeprefix(_WORKSPACE)
    if not path or len(path) > _LONGEST or not path.isprintable() or path.startswith("/"):
        return ""
    path = posixpath.normpath(path)
    if path in (".", "..") or path.startswith("../") or _FOREIGN.search(path):
        return ""
    return path


def _in_text(text: str) -> Iterator[tuple[str, int]]:
    places = [
        (match.start(), match)
        for pattern in (_COLON, _QUOTED)
        for match in pattern.finditer(text)
        # Java names a class's file, and no folder.
        if "/" in match["path"] or text[match.start() - 1 : match.start()] != "("
    ]
    for _, match in sorted(places, key=lambda one: one[0]):
        if path := inside(match["path"]):
            yield path, int(match["line"])


def _line(attributes: Mapping[str, str]) -> int:
    told = next((attributes[name] for name in _LINE_NAMES if name in attributes), "")
    return int(told) if told.isascii() and told.isdigit() and len(told) < 8 else 0
