"""One migration file, read as goose reads it.

goose is what judges a file and runs it. This is for what has to be known beforehand: whether the
file runs in a transaction, which statements it has and on which line each begins, whether it has a
way down, and which variables it asks for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from slipway.hooks.migrations.envsub import EnvsubUnreadable, Reference, references

# What people write where a migration cannot be undone.
_NO_WAY_BACK = (
    r"irreversible|not reversible|no way back"
    r"|(?:can(?:no|')t|can not|must not|never) be "
    r"(?:undone|reversed|reverted|rolled back|removed|restored)"
)
_MARK = re.compile(r"^--\s*slipway:\s*irreversible\b", re.IGNORECASE)
_BASELINE = re.compile(r"^--\s*slipway:\s*baseline\b", re.IGNORECASE)
_IN_WORDS = re.compile(_NO_WAY_BACK, re.IGNORECASE)
_RAISES = re.compile(rf"\braise\s+(?:exception\s+)?'[^']*(?:{_NO_WAY_BACK})", re.IGNORECASE)
# goose's template has one of these in each direction.
_NOTHING = re.compile(r"select\s+(?:'[^']*'|1|null)\s*;", re.IGNORECASE)
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_LAST_WORD = re.compile(r"\s--")
# What ends the transaction that goose began.
_ENDS = re.compile(
    r"(?:commit|end|abort|prepare\s+transaction"
    r"|rollback(?!\s+(?:(?:work|transaction)\s+)?to\b))\b",
    re.IGNORECASE,
)
# What stays for the session's later statements, and so for later files.
_OWN_LIMITS = re.compile(
    r"(?:^|;)\s*set\s+(?:session\s+)?\"?(?:lock|statement)_timeout"
    r"|\bset_config\s*\(\s*'(?:lock|statement)_timeout'\s*,[^,]*,(?!\s*true\b)",
    re.IGNORECASE,
)
UP, DOWN = "up", "down"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a file.

    :param text: as goose sends it, before any substitution.
    :param line: on which it begins, from 1.
    """

    text: str
    line: int

    @property
    def plain(self) -> str:
        """The text in one line, without comments."""
        return " ".join(_COMMENT.sub(" ", self.text).split())


@dataclass(frozen=True, slots=True)
class Asked:
    """A variable that a line asks for.

    :param reference: how the line asks for it.
    :param line: from 1.
    """

    reference: Reference
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class GooseFile:
    """What one file says.

    :param name: the file's.
    :param transactional: False under ``-- +goose NO TRANSACTION``.
    :param up: its statements.
    :param down: those of the way back.
    :param irreversible: it says of itself that it cannot be undone.
    :param baseline: it stands for all files before it, which may be gone.
    :param asked: the variables of its ``ENVSUB`` parts.
    :param unreadable: line and reason where a dollar within them begins no name.
    """

    name: str
    transactional: bool = True
    up: tuple[Statement, ...] = ()
    down: tuple[Statement, ...] = ()
    irreversible: bool = False
    baseline: bool = False
    asked: tuple[Asked, ...] = ()
    unreadable: tuple[int, str] | None = None

    @property
    def has_way_down(self) -> bool:
        """Whether its way down does anything."""
        return not all(_NOTHING.fullmatch(one.plain) for one in self.down)

    def kept_before(self, count: int | None) -> bool:
        """Whether what some of its first statements did stays when a later one fails.

        :param count: how many there are before that one; None is not known.
        """
        return not self.transactional or any(_ENDS.match(one.plain) for one in self.up[:count])

    @property
    def sets_limits(self) -> bool:
        """Whether the limits for locks and statements are others behind it."""
        return any(_OWN_LIMITS.search(one.plain) for one in self.up)

    @property
    def own_end(self) -> Statement | None:
        """The statement that ends the transaction in which goose runs the file."""
        ends = (one for one in self.up if _ENDS.match(one.plain))
        return next(ends, None) if self.transactional else None

    def same_schema(self, other: GooseFile) -> bool:
        """Whether both do the same on the way up; comments and blanks make no difference."""
        return [one.plain for one in self.up] == [one.plain for one in other.up]

    @classmethod
    def parse(cls, name: str, content: bytes) -> GooseFile:
        """Read a file; what goose will refuse is left for goose to tell.

        :param name: the file's.
        :param content: its bytes.
        """
        reading = _Reading()
        for number, line in enumerate(content.decode(errors="replace").split("\n"), start=1):
            reading.take(line.removesuffix("\r"), number)
        found = cls(
            name=name,
            transactional=reading.transactional,
            up=tuple(reading.statements[UP]),
            down=tuple(reading.statements[DOWN]),
            baseline=reading.baseline,
            asked=tuple(reading.asked),
            unreadable=reading.unreadable,
        )
        in_words = reading.in_words and not found.has_way_down
        raises = any(_RAISES.search(one.text) for one in found.down)
        return replace(found, irreversible=reading.marked or in_words or raises)


@dataclass
class _Reading:
    """How far a file was read."""

    statements: dict[str, list[Statement]] = field(default_factory=lambda: {UP: [], DOWN: []})
    transactional: bool = True
    marked: bool = False
    in_words: bool = False
    baseline: bool = False
    asked: list[Asked] = field(default_factory=list)
    unreadable: tuple[int, str] | None = None
    _direction: str = UP
    _within: bool = False
    _envsub: bool = False
    _lines: list[str] = field(default_factory=list)
    _began: int = 0

    def take(self, line: str, number: int) -> None:
        """Read one line."""
        is_comment = line.strip().startswith("--")
        if is_comment and "+goose" in line:
            self._annotation(line)
            return
        if is_comment:
            self.marked |= _MARK.match(line.strip()) is not None
            self.baseline |= _BASELINE.match(line.strip()) is not None
            self.in_words |= self._direction == DOWN and _IN_WORDS.search(line) is not None
        if not self._lines:
            if is_comment or not line:
                return
            self._began = number
        if self._envsub:
            self._substitute(line, number)
        self._lines.append(line)
        if not self._within and _ends_statement(line):
            self._store()

    def _annotation(self, line: str) -> None:
        words = " ".join(line.replace("--", "").replace("+goose", "", 1).split()).upper()
        if words == "NO TRANSACTION":
            self.transactional = False
        elif words in ("ENVSUB ON", "ENVSUB OFF"):
            self._envsub = words.endswith("ON")
        elif words in ("UP", "DOWN"):
            self._store()
            self._direction = words.lower()
        elif words == "STATEMENTBEGIN":
            self._within = True
        elif words == "STATEMENTEND":
            self._within = False
            self._store()

    def _substitute(self, line: str, number: int) -> None:
        try:
            self.asked += [Asked(one, number) for one in references(line)]
        except EnvsubUnreadable as error:
            self.unreadable = self.unreadable or (number, str(error))

    def _store(self) -> None:
        text = "\n".join(self._lines).strip()
        if text:
            self.statements[self._direction].append(Statement(text, self._began))
        self._lines = []


def _ends_statement(line: str) -> bool:
    """Tell whether the last word before a comment ends with a semicolon, as goose does."""
    return _LAST_WORD.split(f" {line}", maxsplit=1)[0].rstrip().endswith(";")
