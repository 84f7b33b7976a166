"""Files of secrets, ``.env``: read as Drone's own command line and Docker Compose read them.

``NAME=value``, one after the other; ``export`` in front and a colon in place of the equals sign
are taken, and a name may have dashes, as those of secrets do. A value in quotes may have several
lines; in double quotes ``\\n`` is a line break and a backslash keeps what follows it. ``#`` begins
a comment, within a bare value only after a blank. ``$NAME`` in a bare value or in double quotes is
the value of an earlier line.

A secret that is not what its owner wrote fails far away from here, so what cannot be read for
sure is refused, with its line.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from slipway.exceptions import SlipwayError

if TYPE_CHECKING:
    from pathlib import Path

_BETWEEN = re.compile(r"(?:\s|#[^\n]*)*")
# A secret has names that no variable could have: `docker-password`.
_NAME = re.compile(r"(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*[=:][ \t]*")
_QUOTED = re.compile(r"'([^']*)'|\"((?:[^\"\\]|\\.)*)\"", re.DOTALL)
_BARE = re.compile(r"[^\r\n]*")
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*")
_REST_OF_LINE = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\r?\n|\r|$)")
_ESCAPED = re.compile(r"\\(.)|\$(\{[^}\n]*\}?|[A-Za-z0-9_]*)", re.DOTALL)
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_BREAKS = {"n": "\n", "r": "\r"}


class SecretFileInvalid(SlipwayError):
    """A file of secrets says something that cannot be read for sure."""


def read_secret_file(path: Path) -> dict[str, str]:
    """Read a file of secrets.

    :returns: name -> value; of two lines with one name, the last one counts.
    :raises SecretFileInvalid: naming the line; never what stands on it.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path} cannot be read as a file of secrets: {_reason(error)}"
        raise SecretFileInvalid(msg) from None
    return _Reader(text.replace("\r\n", "\n"), str(path)).read()


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return error.strerror or "" if isinstance(error, OSError) else "it is not UTF-8"


class _Reader:
    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file
        self._at = 0
        self._found: dict[str, str] = {}

    def read(self) -> dict[str, str]:
        while self._taken(_BETWEEN) is not None and self._at < len(self._text):
            begins = self._at
            name = self._taken(_NAME)
            if name is None:
                raise self._refused(begins, "it is no NAME=value")
            self._found[name[1]] = self._value(begins)
        return self._found

    def _value(self, begins: int) -> str:
        if self._text[self._at : self._at + 1] not in ("'", '"'):
            bare = self._taken(_BARE)
            text = _COMMENT.sub("", bare[0] if bare else "").strip()
            return self._expanded(text, begins, quoted=False)
        quoted = self._taken(_QUOTED)
        if quoted is None:
            raise self._refused(begins, "its quotes do not end")
        if self._taken(_REST_OF_LINE) is None:
            raise self._refused(begins, "something follows its quotes")
        if quoted[1] is not None:
            return quoted[1]
        return self._expanded(quoted[2], begins, quoted=True)

    def _expanded(self, text: str, begins: int, *, quoted: bool) -> str:
        """Put in earlier values, and take backslashes away within quotes."""

        def replaced(match: re.Match[str]) -> str:
            character, reference = match.groups()
            if character is not None:
                if quoted or character == "$":
                    return _BREAKS.get(character, character)
                return match[0]
            name = reference.strip("{}")
            if name in self._found and _VARIABLE.fullmatch(name):
                return self._found[name]
            # A dollar that begins no name stands for itself.
            if not reference:
                return "$"
            raise self._refused(
                begins,
                "a dollar in it stands for a variable that is not there",
                advice="put the value into single quotes, if the dollar is its own",
            )

        return _ESCAPED.sub(replaced, text)

    def _taken(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return match

    def _refused(self, at: int, why: str, *, advice: str = "") -> SecretFileInvalid:
        line = self._text.count("\n", 0, at) + 1
        advice = advice or (
            "write NAME=value, the name of letters, digits, `_`, `.` and `-`; a value of several "
            "lines in quotes"
        )
        return SecretFileInvalid(f"{self._file}:{line}: {why}", advice=advice)
