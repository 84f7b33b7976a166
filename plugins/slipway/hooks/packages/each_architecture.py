"""One packaging file, and a package for machines of each architecture that a project has."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import IO

from slipway.exceptions import PackageRefused
from slipway.hooks.apt.index import ANY
from slipway.hooks.packages.deb_checks import Wanted, check
from slipway.hooks.packages.nfpm import BuiltDeb, build_deb
from slipway.hooks.tools.toolbox import Toolbox


def build_each(
    toolbox: Toolbox,
    sources: IO[bytes],
    *,
    architectures: Sequence[str],
    nfpm_file: str,
    wanted: Wanted,
    built_at: int,
    open_file: Callable[[], AbstractContextManager[IO[bytes]]],
    log: Callable[[str], None],
) -> Iterator[BuiltDeb]:
    """Build the packages one after the other, and look at each; one for all is the only one.

    :param toolbox: without a network.
    :param sources: a tar of the commit, and of what its pipeline built.
    :param architectures: as Debian calls them; of a single one nothing is asked, since who says
        nothing of its machines may start from an image of any.
    :param nfpm_file: nfpm's description, from the repository's top.
    :param wanted: what each must be.
    :param built_at: seconds since 1970 (:func:`slipway.hooks.packages.nfpm.build_deb`).
    :param open_file: makes an empty file, which holds a package until the next one is asked for.
    :param log: receives every line.
    :raises PackageRefused: for the first that is not as it must be, naming its architecture.
    """
    for architecture in architectures:
        with open_file() as into:
            sources.seek(0)
            if len(architectures) > 1:
                log(f"for {architecture}")
            try:
                built = build_deb(
                    toolbox,
                    sources,
                    nfpm_file=nfpm_file,
                    version=wanted.version,
                    built_at=built_at,
                    into=into,
                    log=log,
                    package=wanted.package,
                    architecture=architecture,
                )
                # Before lintian's word, which would be of the programs inside.
                _check_architecture(built, architecture, architectures)
                check(built, wanted)
            except PackageRefused as error:
                raise _named(error, architecture, architectures) from error
            yield built
            if built.architecture == ANY:
                return


def _check_architecture(built: BuiltDeb, wanted: str, every: Sequence[str]) -> None:
    if len(every) < 2 or built.architecture in (wanted, ANY):
        return
    msg = f"{built.packaging.path} builds a package for {built.architecture}"
    place, machines = built.packaging.place("arch"), " and ".join(every)
    advice = f"write `arch: ${{ARCH}}` ({place}): the project's machines are {machines}"
    raise PackageRefused(msg, advice=f"{advice}, and there is a package for each")


def _named(error: PackageRefused, architecture: str, every: Sequence[str]) -> PackageRefused:
    if len(every) < 2:
        return error
    return PackageRefused(f"for {architecture}: {error.message}", advice=error.advice)
