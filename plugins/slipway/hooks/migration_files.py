"""A commit's migration files, checked before any database sees them."""

from __future__ import annotations

import io
import re
import tarfile
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from slipway.exceptions import MigrationFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

_NUMBERED = re.compile(r"(\d+)_[^/]*\.sql")
# Numbers from here on are times (20240131120000), which have no gaps to speak of.
_TIMES = 10_000_000


@dataclass(frozen=True, kw_only=True)
class MigrationFiles:
    """The migrations in one directory of a commit.

    :param archive: a tar of the directory, with paths from the repository's top.
    :param directory: the directory.
    :param names: version number -> file name, ascending.
    """

    archive: bytes
    directory: str
    names: dict[int, str]

    @classmethod
    def from_archive(cls, archive: bytes, directory: str) -> MigrationFiles:
        """Read what migrations an archive holds.

        :param archive: as ``git archive`` makes it.
        :param directory: relative to the repository's top.
        :raises MigrationFailed: when there are none, when two have the same number, or when goose
            could not run one of them.
        """
        names: dict[int, str] = {}
        for name in sorted(_files(archive, directory)):
            version = _version(name, directory)
            if version in names:
                msg = f"{directory}: {names[version]} and {name} have the same version number"
                raise MigrationFailed(msg, advice="give one of them the next free number")
            names[version] = name
        if not names:
            msg = f"{directory} has no migration files"
            advice = "add 00001_something.sql, or remove `migrations` from the project file"
            raise MigrationFailed(msg, advice=advice)
        return cls(archive=archive, directory=directory, names=dict(sorted(names.items())))

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


def _files(archive: bytes, directory: str) -> Iterator[str]:
    """Yield the names of the files directly in the directory that goose would look at."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for entry in tar:
            path = PurePosixPath(entry.name)
            is_migration = path.suffix in (".sql", ".go") and not path.name.endswith("_test.go")
            if entry.isfile() and is_migration and path.parent == PurePosixPath(directory):
                yield path.name


def _version(name: str, directory: str) -> int:
    if name.endswith(".go"):
        msg = f"{directory}/{name}: migrations written in Go need a program of their own"
        raise MigrationFailed(msg, advice="write it as SQL")
    numbered = _NUMBERED.fullmatch(name)
    if numbered is None or int(numbered[1]) < 1:
        msg = f"{directory}/{name} does not begin with a version number"
        raise MigrationFailed(msg, advice="call it like 00001_something.sql")
    return int(numbered[1])
