"""nfpm and lintian, in a toolbox container without a network.

The packaging file comes from the repository and is hostile: it sees the commit's files and the
toolbox, and nothing else. Its name and the version go in as arguments and environment.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from slipway.deb_version import without_epoch
from slipway.exceptions import PackageRefused
from slipway.hooks.deb_units import Units, units
from slipway.hooks.packaging_file import PackagingFile
from slipway.hooks.toolbox import Toolbox

_OUT = "/out"
# Seconds. Packing is quick; compressing a large tree takes its time.
_TIMEOUT = 600.0
# That a unit may be a link is looked at here; a link to a file of the package is as good as one.
_BUILD = """
set -e
mkdir -p /out
nfpm package --config "$1" --packager deb --target /out/ || exit 10
for deb in /out/*.deb; do
  dpkg-deb --field "$deb" Package Version Architecture > /out/control || exit 12
  dpkg-deb --contents "$deb" > /out/contents
done
cp -- "$1" /out/packaging
lintian --allow-root --fail-on error --info --suppress-tags service-file-is-not-a-file \\
  /out/*.deb > /out/lintian || failed=11
cat /out/lintian
exit ${failed:-0}
"""
_LINTIAN_FAILED, _UNREADABLE = 11, 12


@dataclass(frozen=True, kw_only=True, slots=True)
class BuiltDeb:
    """A package fresh from nfpm, with all that there is to say against it.

    :param version: the package's own: the release's, and maybe an epoch and a revision.
    :param units: the systemd units inside.
    :param packaging: nfpm's description.
    :param lintian: what lintian says, where it finds errors.
    """

    name: str
    version: str
    architecture: str
    data: bytes
    units: Units
    packaging: PackagingFile
    lintian: tuple[str, ...] = ()

    @property
    def file_name(self) -> str:
        """As in every apt repository, without the epoch."""
        return f"{self.name}_{without_epoch(self.version)}_{self.architecture}.deb"


def build_deb(
    toolbox: Toolbox, sources: bytes | IO[bytes], *, nfpm_file: str, version: str, built_at: int,
    log: Callable[[str], None],
) -> BuiltDeb:  # fmt: skip
    """Build a package, and have lintian look at it.

    :param toolbox: without a network.
    :param sources: a tar of the commit.
    :param nfpm_file: nfpm's description, from the repository's top.
    :param version: for ``${VERSION}`` in the description.
    :param built_at: seconds since 1970, for every time stamp inside: the same commit gives the
        same bytes (https://reproducible-builds.org/specs/source-date-epoch/).
    :returns: the package, which :func:`slipway.hooks.deb_checks.check` compares with the project.
    :raises PackageRefused: when nfpm refuses, with what it said.
    """
    result = toolbox.run(
        "sh", "-c", _BUILD, "build-deb", nfpm_file,
        files=sources, collect=_OUT, timeout=_TIMEOUT, log=log,
        environment={"VERSION": version, "SOURCE_DATE_EPOCH": str(built_at)},
    )  # fmt: skip
    if result.exit_code in (0, _LINTIAN_FAILED) and result.collected is not None:
        return _unpacked(
            result.collected, nfpm_file, lintian_failed=result.exit_code == _LINTIAN_FAILED
        )
    said = "\n".join(f"    {line}" for line in result.output_tail[-8:])
    if result.exit_code == _UNREADABLE:
        msg = f"the package that {nfpm_file} describes cannot be read:\n{said}"
        raise PackageRefused(msg, advice="correct that field; an epoch is a number")
    msg = f"nfpm cannot build {nfpm_file}:\n{said}"
    raise PackageRefused(msg, advice="correct the packaging file; nfpm.goreleaser.com describes it")


def _unpacked(collected: bytes, nfpm_file: str, *, lintian_failed: bool) -> BuiltDeb:
    files: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(collected)) as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is not None:
                files[member.name.rpartition("/")[2]] = content.read()
    packages = [data for name, data in files.items() if name.endswith(".deb")]
    if len(packages) != 1:
        msg = f"the packaging file built {len(packages)} packages, where one is expected"
        raise PackageRefused(msg, advice="describe one package per project")
    control = dict(line.split(": ", 1) for line in files["control"].decode().splitlines())
    return BuiltDeb(
        name=control["Package"], version=control["Version"],
        architecture=control["Architecture"], data=packages[0],
        units=units(_text(files, "contents")),
        packaging=PackagingFile(path=nfpm_file, text=_text(files, "packaging")),
        lintian=tuple(_text(files, "lintian").splitlines()) if lintian_failed else (),
    )  # fmt: skip


def _text(files: dict[str, bytes], name: str) -> str:
    return files.get(name, b"").decode(errors="replace")
