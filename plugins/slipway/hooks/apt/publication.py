"""A release's packages on their way into the apt repository: fetched, compared, published."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO

from slipway.exceptions import VersionConflict
from slipway.hooks.apt.aptly import Signed
from slipway.hooks.apt.connection import AptRepository
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.tars import digest_of
from slipway.hooks.temporary_file import spool
from slipway.model.facts import (
    DebPackage,
    PackageBeside,
    PackageVariant,
    PublishedPackage,
    in_suite,
)


def kinds(deb: DebPackage) -> tuple[DebPackage | PackageVariant, ...]:
    """List the packages for machines of each kind; those that name the release come last.

    :param deb: as it was built.
    """
    return (*deb.others, deb)


def add_packages(
    kind: DebPackage | PackageVariant,
    add: Callable[[str, IO[bytes], Callable[[str], None]], Signed],
    log: Callable[[str], None],
) -> Signed:
    """Publish what is for machines of one kind.

    :param kind: the package, and those beside it.
    :param add: publishes one: its file's name, its bytes, what takes aptly's lines.
    :param log: receives aptly's lines.
    :raises VersionConflict: when the bytes are not those that were built.
    """
    # The one that needs the others comes last.
    for one in (*kind.beside, kind):
        with spool() as content:
            _fetch(one, content)
            signed = add(one.artifact.rpartition("/")[2], content, log)
    return signed


def as_published(deb: DebPackage, repository: AptRepository, key: str) -> PublishedPackage:
    """Say of a package where machines find it once it is published.

    :param deb: as it was built.
    :param repository: where it is published.
    :param key: the repository's public key.
    """
    return PublishedPackage(
        release=deb.release,
        name=deb.name,
        version=deb.version,
        architecture=deb.architecture,
        sha256=deb.sha256,
        repository_url=repository.url,
        distribution=in_suite(repository.distribution, deb.suite),
        component=repository.component,
        signing_key=key,
        beside=deb.beside,
        suite=deb.suite,
        others=deb.others,
    )


def _fetch(deb: DebPackage | PackageBeside | PackageVariant, file: IO[bytes]) -> None:
    """Fetch a package's bytes, and make sure that they are the ones that were built."""
    size = 0
    for piece in artifact_store().pieces(deb.artifact):
        size += len(piece)
        if size > deb.size:
            break
        file.write(piece)
    if size != deb.size or digest_of(file) != deb.sha256:
        msg = f"{deb.artifact} in the artifact store is not what build_deb put there"
        raise VersionConflict(msg, advice="clear the task build_deb, so that it builds it again")
