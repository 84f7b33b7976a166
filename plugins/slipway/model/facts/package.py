"""The release's Debian packages, as built and as published."""

from __future__ import annotations

import dataclasses
import hashlib

from slipway.model.fact import Fact
from slipway.model.facts.release import Release


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class PackageBeside(Fact):
    """One of several packages of a repository, beside the one with the unit.

    :param name: the package's.
    :param version: the package's own.
    :param architecture: as Debian calls it.
    :param sha256: of its content, as hex.
    :param artifact: its key below the artifact root.
    :param size: in bytes.
    :param installed: the one with the unit depends on it.
    """

    name: str
    version: str
    architecture: str
    sha256: str
    artifact: str
    size: int
    installed: bool = False


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class PackageVariant(Fact):
    """The package with the unit once more, for machines of another kind.

    :param suite: the operating system's, ``trixie``; empty where it is the same for all.
    :param architecture: as Debian calls it.
    :param version: the package's own.
    :param sha256: of its content, as hex.
    :param artifact: its key below the artifact root.
    :param size: in bytes.
    :param beside: other packages of the repository, for the same machines.
    """

    suite: str
    architecture: str
    version: str
    sha256: str
    size: int
    artifact: str
    beside: tuple[PackageBeside, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class DebPackage(Fact):
    """A ``.deb`` in object storage.

    :param release: project, sha and version.
    :param name: the package's.
    :param version: the package's own.
    :param architecture: as Debian calls it.
    :param sha256: of its content, as hex.
    :param artifact: its key below the artifact root.
    :param size: in bytes.
    :param reused: an earlier build of the same version was found and kept.
    :param built: the sha256 of what the pipeline built and it was made of; empty where it was made
        of the sources alone.
    :param beside: other packages of the repository; one comes after those that it depends on.
    :param suite: of the operating system that it is for; empty where it is the same for all.
    :param others: the same for machines of other kinds.
    """

    release: Release
    name: str
    version: str
    architecture: str
    sha256: str
    size: int
    artifact: str
    reused: bool = False
    built: str = ""
    beside: tuple[PackageBeside, ...] = ()
    suite: str = ""
    others: tuple[PackageVariant, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class PublishedPackage(Fact):
    """A package that ``apt-get install name=version`` finds.

    :param release: project, sha and version.
    :param name: the package's.
    :param version: the package's own.
    :param architecture: as Debian calls it.
    :param sha256: of its content, as hex.
    :param repository_url: what follows ``deb`` in an apt source.
    :param signing_key: the repository's public key, ASCII-armoured.
    :param distribution: which one of a suite is in, ``stable-trixie``, where there are several.
    :param component: of the distribution.
    :param beside: as in :class:`DebPackage`, published before it.
    :param suite: as in :class:`DebPackage`, and so are the others.
    :param others: the same for machines of other kinds.
    """

    release: Release
    name: str
    version: str
    architecture: str
    sha256: str
    repository_url: str
    distribution: str
    component: str
    signing_key: str
    beside: tuple[PackageBeside, ...] = ()
    suite: str = ""
    others: tuple[PackageVariant, ...] = ()

    @property
    def digest(self) -> str:
        """What a release stands for: the SHA-256 of its package, or of all of its packages'."""
        parts = [self.sha256, *(one.sha256 for one in self.beside)]
        for other in self.others:
            parts += [other.sha256, *(one.sha256 for one in other.beside)]
        if len(parts) == 1:
            return self.sha256
        return hashlib.sha256("\n".join(sorted(parts)).encode()).hexdigest()

    def for_machine(self, suite: str, architecture: str) -> PublishedPackage | None:
        """Return the package for machines of a kind; None where there is none.

        :param suite: as apt calls the operating system.
        :param architecture: as Debian calls it.
        """
        for one in (self, *self._others()):
            if one.suite in ("", suite) and one.architecture in ("all", architecture):
                return dataclasses.replace(one, others=())
        return None

    @property
    def kinds(self) -> str:
        """Say for which machines there are packages."""
        found = [f"{one.suite} {one.architecture}".strip() for one in (self, *self._others())]
        return ", ".join(found)

    def _others(self) -> tuple[PublishedPackage, ...]:
        base = self.distribution.removesuffix(f"-{self.suite}") if self.suite else self.distribution
        return tuple(
            dataclasses.replace(
                self,
                suite=one.suite,
                architecture=one.architecture,
                version=one.version,
                sha256=one.sha256,
                beside=one.beside,
                distribution=in_suite(base, one.suite),
            )
            for one in self.others
        )


def in_suite(distribution: str, suite: str) -> str:
    """Name the distribution of the apt repository that has the packages of a suite."""
    return f"{distribution}-{suite}" if suite else distribution
