"""nfpm, dpkg-deb and lintian, in a toolbox container without a network.

The packaging file comes from the repository and is hostile: it sees the commit's files and the
toolbox, and nothing else. Its name and the version go in as arguments and environment.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from slipway.deb_version import without_epoch
from slipway.exceptions import PackageRefused
from slipway.hooks.container_spec import ToolResult
from slipway.hooks.deb_units import Units, units
from slipway.hooks.packaging_file import PackagingFile
from slipway.hooks.tars import digest_of
from slipway.hooks.toolbox import Toolbox
from slipway.inert import visible

_OUT = "/out"
# Seconds. Packing is quick; compressing a large tree takes its time.
_TIMEOUT = 600.0
# Bytes of a package, and of what the tools say of it.
_MOST, _MOST_TEXT = 3 << 29, 64 << 20
# That a unit may be a link is looked at here; a link to a file of the package is as good as one.
_PACK = """
set -e
mkdir -p /out
nfpm package --config "$1" --packager deb --target /out/ || exit 10
cp -- "$1" /out/packaging
"""
_TAKE = """
set -e
mkdir -p /out
find . -type f -name '*.deb' -exec cp -- {} /out/ \\;
ls /out/*.deb > /dev/null 2>&1 || exit 13
if find . -type f -name '*.deb' -printf '%f\\n' | sort | uniq -d | grep -q .; then exit 14; fi
"""
_LOOK = f"""
if find /out -name '*.deb' -size +{_MOST >> 20}M | grep -q .; then exit 15; fi
for deb in /out/*.deb; do
  dpkg-deb --field "$deb" Package Version Architecture > /out/control || exit 12
  dpkg-deb --contents "$deb" > /out/contents
done
lintian --allow-root --fail-on error --info --suppress-tags service-file-is-not-a-file \\
  /out/*.deb > /out/lintian || failed=11
cat /out/lintian
exit ${{failed:-0}}
"""
_LINTIAN_FAILED, _UNREADABLE, _NOTHING, _TWICE, _LARGE = 11, 12, 13, 14, 15


@dataclass(frozen=True, kw_only=True, slots=True)
class BuiltDeb:
    """A package fresh from nfpm, with all that there is to say against it.

    :param version: the package's own: the release's, and maybe an epoch and a revision.
    :param content: a file, for as long as the one is open that it was collected into.
    :param size: in bytes.
    :param units: the systemd units inside.
    :param packaging: nfpm's description; where the pipeline built the package, only where it was.
    :param ready: the pipeline built it, and not nfpm.
    :param lintian: what lintian says, where it finds errors.
    """

    name: str
    version: str
    architecture: str
    content: IO[bytes]
    size: int
    sha256: str
    units: Units
    packaging: PackagingFile
    lintian: tuple[str, ...] = ()
    ready: bool = False

    @property
    def file_name(self) -> str:
        """As in every apt repository, without the epoch."""
        return f"{self.name}_{without_epoch(self.version)}_{self.architecture}.deb"


def build_deb(
    toolbox: Toolbox, sources: bytes | IO[bytes], *, nfpm_file: str, version: str, built_at: int,
    into: IO[bytes], log: Callable[[str], None],
) -> BuiltDeb:  # fmt: skip
    """Build a package, and have lintian look at it.

    :param toolbox: without a network.
    :param sources: a tar of the commit.
    :param nfpm_file: nfpm's description, from the repository's top.
    :param version: for ``${VERSION}`` in the description.
    :param built_at: seconds since 1970, for every time stamp inside: the same commit gives the
        same bytes (https://reproducible-builds.org/specs/source-date-epoch/).
    :param into: an empty file, which holds the package as long as anybody reads it.
    :returns: the package, which :func:`slipway.hooks.deb_checks.check` compares with the project.
    :raises PackageRefused: when nfpm refuses, with what it said.
    """
    result = toolbox.run(
        "sh", "-c", _PACK + _LOOK, "build-deb", nfpm_file,
        files=sources, collect=_OUT, collect_into=into, timeout=_TIMEOUT, log=log,
        environment={"VERSION": version, "SOURCE_DATE_EPOCH": str(built_at)},
    )  # fmt: skip
    if result.exit_code in (0, _LINTIAN_FAILED):
        return _unpacked(into, nfpm_file, lintian_failed=result.exit_code == _LINTIAN_FAILED)
    _refuse_large(result, nfpm_file)
    said = "\n".join(f"    {line}" for line in result.output_tail[-8:])
    if result.exit_code == _UNREADABLE:
        msg = f"the package that {nfpm_file} describes cannot be read:\n{said}"
        raise PackageRefused(msg, advice="correct that field; an epoch is a number")
    msg = f"nfpm cannot build {nfpm_file}:\n{said}"
    raise PackageRefused(msg, advice="correct the packaging file; nfpm.goreleaser.com describes it")


def ready_deb(
    toolbox: Toolbox, built: IO[bytes], *, pattern: str, into: IO[bytes],
    log: Callable[[str], None],
) -> BuiltDeb:  # fmt: skip
    """Look at a package that the commit's own pipeline has built, as at one of nfpm's.

    :param toolbox: without a network.
    :param built: a tar with what the pipeline built.
    :param pattern: under which it was, from the workspace's top.
    :param into: as for :func:`build_deb`.
    :returns: as :func:`build_deb`.
    :raises PackageRefused: when there is no package, or more than one.
    """
    result = toolbox.run(
        "sh", "-c", _TAKE + _LOOK, "ready-deb",
        files=built, collect=_OUT, collect_into=into, timeout=_TIMEOUT, log=log,
    )  # fmt: skip
    if result.exit_code in (0, _LINTIAN_FAILED):
        failed = result.exit_code == _LINTIAN_FAILED
        return _unpacked(into, pattern, lintian_failed=failed, ready=True)
    _refuse_large(result, pattern)
    if result.exit_code == _NOTHING:
        msg = f"what the pipeline built under {pattern} has no file that ends in .deb"
        raise PackageRefused(msg, advice="correct `package: {debs: ...}`, or the step that builds")
    if result.exit_code == _TWICE:
        msg = f"what the pipeline built under {pattern} has several packages of one file name"
        raise PackageRefused(msg, advice="let `package: {debs: ...}` match the one that ships")
    said = "\n".join(f"    {line}" for line in result.output_tail[-8:])
    msg = f"what the pipeline built under {pattern} cannot be read as a package:\n{said}"
    raise PackageRefused(msg, advice="look at it with `dpkg-deb --info` in the step that builds it")


def _refuse_large(result: ToolResult, file: str) -> None:
    if result.exit_code == _LARGE:
        msg = f"the package of {file} is larger than {_MOST >> 20} MiB"
        raise PackageRefused(msg, advice="keep large files somewhere else")


def _unpacked(
    collected: IO[bytes], nfpm_file: str, *, lintian_failed: bool, ready: bool = False
) -> BuiltDeb:
    files: dict[str, bytes] = {}
    packages: dict[str, IO[bytes]] = {}
    collected.seek(0)
    with tarfile.open(fileobj=collected, mode="r:") as archive:
        for member in archive:
            name, content = member.name.rpartition("/")[2], archive.extractfile(member)
            if content is not None and name.endswith(".deb"):
                packages[name] = content
            elif content is not None:
                files[name] = content.read(_MOST_TEXT)
    if len(packages) != 1:
        names = visible(", ".join(sorted(packages)), 200)
        msg = f"{nfpm_file} is {len(packages)} packages, where one is expected: {names}"
        advice = "describe one package per project"
        if ready:
            advice = "let `package: {debs: ...}` match the one that ships, as dist/NAME_*.deb does"
        raise PackageRefused(msg, advice=advice)
    fields = re.findall(r"(?m)^(\S+): (.*)$", _text(files, "control"))
    control = {name: value for name, value in reversed(fields)}
    content = next(iter(packages.values()))
    return BuiltDeb(
        name=control.get("Package", ""), version=control.get("Version", ""),
        architecture=control.get("Architecture", ""), content=content,
        size=content.seek(0, io.SEEK_END), sha256=digest_of(content), ready=ready,
        units=units(_text(files, "contents")),
        packaging=PackagingFile(path=nfpm_file, text=_text(files, "packaging")),
        lintian=tuple(_text(files, "lintian").splitlines()) if lintian_failed else (),
    )  # fmt: skip


def _text(files: dict[str, bytes], name: str) -> str:
    return files.get(name, b"").decode(errors="replace")
