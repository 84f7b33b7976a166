"""A commit's migration files, checked before any database sees them."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from slipway.exceptions import MigrationFailed
from slipway.hooks.migrations.envsub import is_own
from slipway.hooks.migrations.goose_file import GooseFile
from slipway.hooks.tars import pack
from slipway.model.text.inert import visible

_NUMBERED = re.compile(r"([0-9]{1,19})_[^/]*\.sql")
_HIGHEST = (1 << 63) - 1
# Of others in Go, an embed.go say, goose takes no notice.
_IN_GO = re.compile(r"[0-9]+_[^/]*(?<!_test)\.go")
# Numbers from here on are times (20240131120000), which have no gaps to speak of.
_TIMES = 10_000_000
# Files that a remark names.
_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class MigrationFiles:
    """The migrations in one directory of a commit.

    :param archive: a tar of the migrations alone, with paths from the repository's top.
    :param directory: the directory.
    :param names: version number -> file name, ascending.
    :param files: version number -> what the file says.
    :param passed_over: paths of SQL files that goose does not look at, from the directory.
    """

    archive: bytes
    directory: str
    names: dict[int, str]
    files: Mapping[int, GooseFile] = field(default_factory=dict)
    passed_over: tuple[str, ...] = ()

    @classmethod
    def from_archive(cls, archive: bytes, directory: str) -> MigrationFiles:
        """Read what migrations an archive holds.

        :param archive: as ``git archive`` makes it.
        :param directory: relative to the repository's top.
        :raises MigrationFailed: when there are none, when two have the same number, or when goose
            could not run one of them.
        """
        names: dict[int, str] = {}
        files = _files(archive, directory)
        for name in sorted(files):
            version = _version(name, directory)
            if version in names:
                msg = f"{directory}: {names[version]} and {name} have the same version number"
                raise MigrationFailed(msg, advice="give one of them the next free number")
            names[version] = name
        if not names:
            msg = f"{directory} has no migration files"
            advice = "add 00001_something.sql, or remove `migrations` from the project file"
            raise MigrationFailed(msg, advice=advice)
        # Goose sees these and nothing else: no links, and no file that was not looked at.
        kept = pack({f"{directory}/{name}": files[name] for name in names.values()})
        return cls(
            archive=kept,
            directory=directory,
            names=dict(sorted(names.items())),
            files={at: GooseFile.parse(names[at], files[names[at]]) for at in sorted(names)},
            passed_over=_passed_over(archive, directory),
        )

    @property
    def highest(self) -> int:
        """The version that a database has when all are applied."""
        return max(self.names)

    @property
    def gaps(self) -> tuple[int, ...]:
        """Numbers that are left out between the first and the last; often a forgotten file."""
        numbers = [number for number in self.names if number < _TIMES]
        if len(numbers) < 2 or numbers[-1] - numbers[0] > 10 * len(numbers):
            return ()
        return tuple(n for n in range(numbers[0], numbers[-1]) if n not in self.names)

    @property
    def irreversible(self) -> dict[int, str]:
        """Number -> name of the files that say of themselves that they cannot be undone."""
        return {number: one.name for number, one in self.files.items() if one.irreversible}

    def remarks(self) -> list[str]:
        """Say what may be a slip: numbers that are left out, files that goose passes over."""
        said = []
        if self.gaps:
            said.append(f"{self.directory} lacks the numbers {self.gaps}: was a file forgotten?")
        if self.passed_over:
            which = ", ".join(self.passed_over[:_NAMED])
            more = len(self.passed_over) - _NAMED
            which += f" and {more} more" if more > 0 else ""
            said.append(f"{self.directory}: goose does not look at {which}; it takes *.sql here")
        return said

    def require_variables(self, given: Collection[str], among: Collection[int]) -> None:
        """Make sure that each variable which a file asks for is one that the project gives.

        :param given: their names.
        :param among: numbers of the files that are looked at.
        :raises MigrationFailed: naming file and line.
        """
        for one in (self.files[number] for number in among if number in self.files):
            path = f"{self.directory}/{one.name}"
            for asked in one.asked:
                name = asked.reference.name
                if name not in given and (asked.reference.required or is_own(name)):
                    place = f"{path}, line {asked.line}"
                    raise _not_given(place, name)
            if one.unreadable:
                line, why = one.unreadable
                msg = f"{path}, line {line}: {why}"
                advice = "within `-- +goose ENVSUB ON` a dollar begins a variable"
                raise MigrationFailed(msg, advice=advice)


def _not_given(place: str, name: str) -> MigrationFailed:
    if is_own(name):
        msg = f"{place}: {name} is goose's own, and no migration sees it"
        return MigrationFailed(msg, advice="call the variable something else")
    return MigrationFailed(
        f"{place}: the variable {name} is not given, and goose would put nothing in its place",
        advice=f"name it in the project file, `migrations: {{env: {{{name}: ...}}}}`, write "
        f"${{{name}:-something}} for a default, or end the part with `-- +goose ENVSUB OFF`",
    )


def _files(archive: bytes, directory: str) -> dict[str, bytes]:
    """Return the files directly in the directory that goose would look at: name -> content.

    :raises MigrationFailed: for a name that would not be told as it is, and for a link, which
        would lead out of the commit.
    """
    found: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for entry in tar:
            path = PurePosixPath(entry.name)
            is_migration = path.suffix == ".sql" or _IN_GO.fullmatch(path.name)
            if not is_migration or path.parent != PurePosixPath(directory) or entry.isdir():
                continue
            if not path.name.isprintable():
                # It would be another text in logs, in questions to a person, in goose's lines.
                msg = f"{directory} has a migration with control characters in its name: "
                advice = "name it with letters and digits"
                raise MigrationFailed(msg + ascii(path.name), advice=advice)
            content = tar.extractfile(entry) if entry.isreg() else None
            if content is None:
                msg = f"{directory}/{path.name} is a link, or something else than a file"
                raise MigrationFailed(msg, advice="commit the file itself")
            found[path.name] = content.read()
    return found


def _passed_over(archive: bytes, directory: str) -> tuple[str, ...]:
    """List SQL files in the directory, and below it, that goose would pass over."""
    top = PurePosixPath(directory)
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        paths = [PurePosixPath(entry.name) for entry in tar if entry.isfile()]
    inside = [path.relative_to(top) for path in paths if path.is_relative_to(top)]
    odd = (
        path
        for path in inside
        if path.suffix.lower() == ".sql" and (len(path.parts) > 1 or path.suffix != ".sql")
    )
    return tuple(sorted(visible(str(path)) for path in odd))


def _version(name: str, directory: str) -> int:
    if name.endswith(".go"):
        msg = f"{directory}/{name}: migrations written in Go need a program of their own"
        raise MigrationFailed(msg, advice="write it as SQL")
    numbered = _NUMBERED.fullmatch(name)
    if numbered is None or not 1 <= int(numbered[1]) <= _HIGHEST:
        msg = f"{directory}/{name} does not begin with a version number"
        raise MigrationFailed(msg, advice="call it like 00001_something.sql")
    return int(numbered[1])
