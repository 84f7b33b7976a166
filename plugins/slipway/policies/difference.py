"""What a yes means: what lies between the release that serves and the one that would. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from slipway.model.board.difference import (
    ChangedCommit,
    ChangedMigration,
    ChangedPackage,
    Difference,
)
from slipway.model.facts import PublishedPackage, Release
from slipway.policies.image_inputs import changes

# What hosts and people write of the pull request that a commit came with.
_PULL_REQUEST = re.compile(
    r"\bpull request (?:'[^'\n]*' \()?#(\d{1,9})\b"
    r"|\(#(\d{1,9})\)[ \t]*$"
    r"|^See merge request \S*!(\d{1,9})$",
    re.MULTILINE | re.IGNORECASE,
)
# Inputs that are told by themselves.
_APART = frozenset({"package", "base layer"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """One of the two releases.

    :param release: project, sha and version.
    :param package: None where the catalogue does not know the release.
    :param inputs: what its image is made of, by digests; empty where nobody knows.
    :param base: id of the image's base layer; empty where nobody knows.
    """

    release: Release
    package: PublishedPackage | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    base: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class GitWord:
    """What git says of the two.

    :param gained: commits of the new release that the old one has not, the newest first.
    :param more_gained: how many others there are.
    :param lost: commits of the old release that the new one has not.
    :param more_lost: how many others there are.
    :param old_migrations: number -> migration, of the old release.
    :param new_migrations: likewise, of the new one.
    :param unknown: what could not be found out, and why.
    """

    gained: tuple[ChangedCommit, ...] = ()
    more_gained: int = 0
    lost: tuple[ChangedCommit, ...] = ()
    more_lost: int = 0
    old_migrations: Mapping[int, ChangedMigration] = field(default_factory=dict)
    new_migrations: Mapping[int, ChangedMigration] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How much is told.

    :param commits: of each kind.
    :param migrations: of each kind.
    :param statements: of each migration.
    :param others: settings, and packages.
    """

    commits: int = 20
    migrations: int = 10
    statements: int = 10
    others: int = 20


ALL = Limits(commits=10**9, migrations=10**9, statements=10**9, others=10**9)


def difference(old: Side | None, new: Side, said: GitWord) -> Difference:
    """Return what lies between two releases.

    :param old: what serves; None for nothing.
    :param new: what would.
    :param said: by git.
    """
    before, after = said.old_migrations, said.new_migrations
    known = old is not None and old.inputs and new.inputs
    unknown = list(said.unknown)
    if old is not None and not known:
        unknown.append("settings and base image: an image is not baked yet, or not on record")
    return Difference(
        old=old.release if old else None,
        new=new.release,
        gained=said.gained,
        more_gained=said.more_gained,
        lost=said.lost,
        more_lost=said.more_lost,
        migrations=tuple(after[number] for number in sorted(after.keys() - before.keys())),
        left=tuple(before[number] for number in sorted(before.keys() - after.keys())),
        altered=tuple(
            after[number].name
            for number in sorted(before.keys() & after.keys())
            if before[number].sql != after[number].sql
        ),
        settings=tuple(_settings(old, new)) if old and known else (),
        packages=tuple(_packages(old, new)),
        old_base=old.base if old else "",
        new_base=new.base,
        unknown=tuple(unknown),
    )


def pull_request_of(message: str) -> int:
    """Return the number of the pull request that a commit came with; 0 where it says none.

    :param message: the whole message; anybody may write anything there.
    """
    found = _PULL_REQUEST.search(message[:10_000])
    return int(next(number for number in found.groups() if number)) if found else 0


def lines(found: Difference, limits: Limits | None = None) -> list[str]:
    """Say what lies between, a line each; whoever shows them makes them inert.

    :param found: the difference.
    :param limits: how much is told; what is left out is counted.
    """
    most = limits or Limits()
    return [
        *_commits("brings", found.gained, found.more_gained, most),
        *_commits("loses", found.lost, found.more_lost, most),
        *_migrations("migration", found.migrations, most),
        *_migrations("stays applied, unknown to the release:", found.left, most),
        *_cut([_altered(one) for one in found.altered], most.migrations, "migration"),
        *_cut([_package(one) for one in found.packages], most.others, "package"),
        *_base(found),
        *_cut([f"image: {one}" for one in found.settings], most.others, "change of the image"),
        *(f"not known: {one}" for one in found.unknown),
    ]


def _commits(verb: str, commits: Sequence[ChangedCommit], more: int, most: Limits) -> Iterator[str]:
    count = len(commits) + more
    if not count:
        return
    yield f"{verb} {_counted(count, 'commit')}"
    for one in commits[: most.commits]:
        whose = [one.author] if one.author else []
        whose += [f"pull request #{one.pull_request}"] if one.pull_request else []
        said = f" ({', '.join(whose)})" if whose else ""
        yield f"{verb} {one.sha[:7]} {one.subject}{said}"
    left = count - min(len(commits), most.commits)
    if left:
        yield f"... and {_counted(left, 'commit')} more"


def _migrations(word: str, migrations: Sequence[ChangedMigration], most: Limits) -> Iterator[str]:
    for one in migrations[: most.migrations]:
        yield f"{word} {one.name}"
        yield from (f"{one.name}: {statement}" for statement in one.sql[: most.statements])
        if (left := len(one.sql) - most.statements) > 0:
            yield f"{one.name}: ... and {_counted(left, 'statement')} more"
    if (left := len(migrations) - most.migrations) > 0:
        yield f"... and {_counted(left, 'migration')} more"


def _settings(old: Side, new: Side) -> list[str]:
    before, after = (
        {name: value for name, value in side.inputs.items() if name not in _APART}
        for side in (old, new)
    )
    return changes(before, after)


def _packages(old: Side | None, new: Side) -> Iterator[ChangedPackage]:
    before = _versions(old.package if old else None)
    after = _versions(new.package)
    if new.package is None or (old is not None and old.package is None):
        return
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            yield ChangedPackage(name=name, old=before.get(name, ""), new=after.get(name, ""))


def _versions(package: PublishedPackage | None) -> dict[str, str]:
    if package is None:
        return {}
    beside = {one.name: one.version for one in package.beside if one.installed}
    return beside | {package.name: package.version}


def _package(one: ChangedPackage) -> str:
    if not one.old:
        return f"package {one.name} {one.new} is new"
    if not one.new:
        return f"package {one.name} {one.old} is gone"
    return f"package {one.name}: {one.old} -> {one.new}"


def _altered(name: str) -> str:
    return f"migration {name} is another file now, and is not run again"


def _base(found: Difference) -> Iterator[str]:
    if found.old_base and found.new_base and found.old_base != found.new_base:
        yield f"base image: {found.old_base} -> {found.new_base}"


def _cut(told: Iterable[str], most: int, word: str) -> list[str]:
    every = list(told)
    left = len(every) - most
    return [*every[:most], *([f"... and {_counted(left, word)} more"] if left > 0 else [])]


def _counted(count: int, word: str) -> str:
    plural = f"{word.replace('change', 'changes', 1)}" if " " in word else f"{word}s"
    return f"{count} {word if count == 1 else plural}"
