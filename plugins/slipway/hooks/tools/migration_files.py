"""A commit's migration files, checked before any database sees them."""

from __future__ import annotations

import io
import re
import tarfile
from dataclasses import dataclass
from pathlib import PurePosixPath

from slipway.exceptions import MigrationFailed
from slipway.hooks.tools.recipes import pack

_NUMBERED = re.compile(r"([0-9]{1,18})_[^/]*\.sql")
# Numbers from here on are times (20240131120000), which have no gaps to speak of.
_TIMES = 10_000_000


@dataclass(frozen=True, kw_only=True)
class MigrationFiles:
    """The migrations in one directory of a commit.

    :param archive: a tar of the migrations alone, with paths from the repository's top.
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
        return cls(archive=kept, directory=directory, names=dict(sorted(names.items())))

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


def _files(archive: bytes, directory: str) -> dict[str, bytes]:
    """Return the files directly in the directory that goose would look at: name -> content.

    :raises MigrationFailed: for a name that would not be told as it is, and for a link, which
        would lead out of the commit.
    """
    found: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for entry in tar:
            path = PurePosixPath(entry.name)
            is_migration = path.suffix in (".sql", ".go") and not path.name.endswith("_test.go")
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


def _version(name: str, directory: str) -> int:
    if name.endswith(".go"):
        msg = f"{directory}/{name}: migrations written in Go need a program of their own"
        raise MigrationFailed(msg, advice="write it as SQL")
    numbered = _NUMBERED.fullmatch(name)
    if numbered is None or int(numbered[1]) < 1:
        msg = f"{directory}/{name} does not begin with a version number"
        raise MigrationFailed(msg, advice="call it like 00001_something.sql")
    return int(numbered[1])
