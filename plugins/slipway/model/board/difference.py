"""What lies between two releases of a project. All of it is a stranger's text."""

from __future__ import annotations

from dataclasses import dataclass

from slipway.model.fact import Fact
from slipway.model.facts.release import Release


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangedCommit(Fact):
    """One commit.

    :param sha: in full.
    :param subject: the first line of its message.
    :param author: the author's name, as git records it.
    :param pull_request: its number, where the message says so; 0 otherwise.
    """

    sha: str
    subject: str
    author: str = ""
    pull_request: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangedMigration(Fact):
    """One migration file.

    :param number: its version number.
    :param name: the file's.
    :param sql: its statements, each in one line, without comments.
    """

    number: int
    name: str
    sql: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangedPackage(Fact):
    """A Debian package; a version is empty where it is not installed."""

    name: str
    old: str = ""
    new: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference(Fact):
    """What would change if one release took another's place.

    :param old: what serves; None for nothing.
    :param new: what would.
    :param gained: commits that come, the newest first.
    :param more_gained: how many others come.
    :param lost: commits that go: all of them on the way back.
    :param more_lost: how many others go.
    :param migrations: that the new release has and the old one has not.
    :param left: that the old release has and the new one has not: a schema does not go back.
    :param altered: names of migrations that are another file now; goose runs none of them again.
    :param settings: what differs in what the images are made of, a line each.
    :param packages: Debian packages of the project's own.
    :param old_base: id of the old image's base layer; empty where nobody knows.
    :param new_base: likewise.
    :param unknown: what could not be found out, and why.
    """

    new: Release
    old: Release | None = None
    gained: tuple[ChangedCommit, ...] = ()
    more_gained: int = 0
    lost: tuple[ChangedCommit, ...] = ()
    more_lost: int = 0
    migrations: tuple[ChangedMigration, ...] = ()
    left: tuple[ChangedMigration, ...] = ()
    altered: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    packages: tuple[ChangedPackage, ...] = ()
    old_base: str = ""
    new_base: str = ""
    unknown: tuple[str, ...] = ()

    @property
    def is_way_back(self) -> bool:
        """Commits go, and none comes."""
        return bool(self.lost) and not self.gained
