"""The packages that a commit's own pipeline has built: which of them ships, and what goes along."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import IO

from slipway.exceptions import PackageRefused
from slipway.hooks.apt.index import ANY
from slipway.hooks.packages.deb_checks import Wanted, check, check_beside
from slipway.hooks.packages.nfpm import (
    LOOK,
    OTHER_NAME,
    TIMEOUT,
    BuiltDeb,
    read_debs,
    refuse_unread,
)
from slipway.hooks.tools.toolbox import Toolbox
from slipway.model.text.inert import visible

_TAKE = """
set -e
mkdir -p /out
find . -type f -name '*.deb' -exec cp -- {} /out/ \\;
ls /out/*.deb > /dev/null 2>&1 || exit 13
if find . -type f -name '*.deb' -printf '%f\\n' | sort | uniq -d | grep -q .; then exit 14; fi
"""
_LINTIAN_FAILED, _NOTHING, _TWICE = 11, 13, 14
# The name at the beginning of each alternative of a dependency.
_DEPENDENCY = re.compile(r"(?:^|[,|])\s*([a-z0-9][a-z0-9+.-]+)")
# Packages of one repository, for machines of one kind.
_MOST = 30
_SUITES = "a package is a suite's if its Debian revision ends like 1~trixie"


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadyDebs:
    """Packages of one repository, for machines of one kind.

    :param suite: the operating system's; empty where they are the same for all.
    :param others: those for machines of other kinds.
    :param main: the one with the unit.
    :param beside: all others; one comes after those that it depends on.
    :param needed: the names of those that the main one depends on.
    """

    main: BuiltDeb
    beside: tuple[BuiltDeb, ...]
    needed: frozenset[str]
    suite: str = ""
    others: tuple[ReadyDebs, ...] = ()


def ready_debs(
    toolbox: Toolbox,
    built: IO[bytes],
    *,
    pattern: str,
    wanted: Wanted,
    into: IO[bytes],
    log: Callable[[str], None],
    suites: Sequence[str] = (),
) -> ReadyDebs:
    """Look at the packages that a pipeline has built, as at one of nfpm's.

    :param toolbox: without a network.
    :param built: a tar with what the pipeline built.
    :param pattern: under which it was, from the workspace's top.
    :param wanted: what the one with the unit must be.
    :param into: an empty file, which holds the packages as long as anybody reads them.
    :param log: receives every line.
    :param suites: for which packages differ; their revisions end with one of these.
    :raises PackageRefused: for the first thing that is not as it must be.
    """
    result = toolbox.run(
        "sh",
        "-c",
        _TAKE + LOOK,
        "ready-debs",
        wanted.package,
        files=built,
        collect="/out",
        collect_into=into,
        timeout=TIMEOUT,
        log=log,
    )
    if result.exit_code in (0, _LINTIAN_FAILED, OTHER_NAME):
        failed = result.exit_code == _LINTIAN_FAILED
        debs = read_debs(into, pattern, lintian_failed=failed, ready=True)
        first, *others = _of_each_kind(debs, pattern, wanted, suites)
        return replace(first, others=tuple(others))
    refuse_unread(result.exit_code, pattern)
    if result.exit_code == _NOTHING:
        msg = f"what the pipeline built under {pattern} has no file that ends in .deb"
        raise PackageRefused(msg, advice="correct `package: {debs: ...}`, or the step that builds")
    if result.exit_code == _TWICE:
        msg = f"what the pipeline built under {pattern} has several packages of one file name"
        raise PackageRefused(msg, advice="let `package: {debs: ...}` match those that ship")
    said = "\n".join(f"    {line}" for line in result.output_tail[-8:])
    msg = f"what the pipeline built under {pattern} cannot be read as a package:\n{said}"
    raise PackageRefused(msg, advice="look at it with `dpkg-deb --info` in the step that builds it")


def _of_each_kind(
    debs: Sequence[BuiltDeb], pattern: str, wanted: Wanted, suites: Sequence[str]
) -> list[ReadyDebs]:
    """Tell the packages for machines of each suite and architecture."""
    names = [deb.name for deb in debs]
    if not suites and len(names) == len(set(names)):
        return [_chosen({deb.name: deb for deb in debs}, len(debs), pattern, wanted)]
    known = sorted({deb.architecture for deb in debs} - {ANY}) or [ANY]
    found = []
    for suite in suites or ("",):
        for architecture in known:
            some = [
                deb
                for deb in debs
                if deb.architecture in (architecture, ANY) and _suite_of(deb, suites) in ("", suite)
            ]
            kind = f"{pattern} for {f'{suite} {architecture}'.strip()}"
            if not some:
                msg = f"{kind} is nothing; {_SUITES}"
                raise PackageRefused(msg, advice="build it, or name fewer suites in the project")
            chosen = _chosen({deb.name: deb for deb in some}, len(some), kind, wanted)
            found.append(replace(chosen, suite=suite))
    return found


def _suite_of(deb: BuiltDeb, suites: Sequence[str]) -> str:
    """Read the end of the revision: ``1.4.0-1~trixie``; empty where the package is for all."""
    revision = deb.version.rpartition("-")[2] if "-" in deb.version else ""
    ends = re.search(r"(?:^|[~+.])([a-z]+)\d*$", revision)
    return ends[1] if ends and ends[1] in suites else ""


def _chosen(debs: Mapping[str, BuiltDeb], count: int, pattern: str, wanted: Wanted) -> ReadyDebs:
    """Tell the package that ships from those that go along.

    :param count: of the files.
    """
    names = visible(", ".join(sorted(debs)), 200)
    if count > max(len(debs), 1) or count > _MOST:
        msg = f"{pattern} is {count} packages of {len(debs)} names: {names}"
        advice = (
            f"let it match one of each name, and {_MOST} at most; {_SUITES}, where the project "
        )
        raise PackageRefused(msg, advice=f"{advice}file names suites")
    main = debs.get(wanted.package)
    if main is None and count > 1:
        msg = f"{pattern} is {names}; the project file says {wanted.package!r}"
        raise PackageRefused(msg, advice="name the one with the unit in `package: {name: ...}`")
    main = main or next(iter(debs.values()))
    check(main, wanted)
    beside = [deb for deb in _in_order(debs) if deb is not main]
    for deb in beside:
        check_beside(deb, wanted)
    return ReadyDebs(main=main, beside=tuple(beside), needed=_needed(main, debs))


def _in_order(debs: Mapping[str, BuiltDeb]) -> Sequence[BuiltDeb]:
    """Put each package behind those that it depends on; in a circle none can be the first."""
    found: dict[str, BuiltDeb] = {}
    waiting = dict(sorted(debs.items()))
    while waiting:
        ready = [n for n, deb in waiting.items() if not _depends(deb, waiting) - {n}]
        for name in ready or list(waiting):
            found[name] = waiting.pop(name)
    return list(found.values())


def _needed(main: BuiltDeb, debs: Mapping[str, BuiltDeb]) -> frozenset[str]:
    needed: set[str] = set()
    waiting = [main.name]
    while waiting:
        more = _depends(debs[waiting.pop()], debs) - needed - {main.name}
        needed |= more
        waiting += more
    return frozenset(needed)


def _depends(deb: BuiltDeb, debs: Mapping[str, object]) -> set[str]:
    return {name for name in _DEPENDENCY.findall(deb.depends) if name in debs}
