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

from slipway.exceptions import PackageRefused
from slipway.hooks.deb_fields import checked
from slipway.hooks.toolbox import Toolbox

_OUT = "/out"
# Seconds. Packing is quick; compressing a large tree takes its time.
_TIMEOUT = 600.0
_BUILD = """
set -e
mkdir -p /out
nfpm package --config "$1" --packager deb --target /out/ || exit 10
for deb in /out/*.deb; do
  dpkg-deb --field "$deb" Package Version Architecture > /out/control
  dpkg-deb --contents "$deb" > /out/contents
done
lintian --allow-root --fail-on error /out/*.deb 2> /out/warnings || failed=11
cat /out/warnings
# A package that it finds odd it does not read, and finds nothing in.
if grep -qi skipping /out/warnings; then exit 16; fi
exit ${failed:-0}
"""
_NFPM_FAILED, _LINTIAN_FAILED, _LINTIAN_SKIPPED = 10, 11, 16


@dataclass(frozen=True, kw_only=True, slots=True)
class BuiltDeb:
    """A package fresh from nfpm.

    :param units: the systemd units inside.
    """

    name: str
    version: str
    architecture: str
    data: bytes
    units: tuple[str, ...]


def build_deb(
    toolbox: Toolbox, sources: bytes | IO[bytes], *, nfpm_file: str, version: str, built_at: int,
    log: Callable[[str], None],
) -> BuiltDeb:  # fmt: skip
    """Build a package and check it.

    :param toolbox: without a network.
    :param sources: a tar of the commit.
    :param nfpm_file: nfpm's description, from the repository's top.
    :param version: for ``${VERSION}`` in the description.
    :param built_at: seconds since 1970, for every time stamp inside: the same commit gives the
        same bytes (https://reproducible-builds.org/specs/source-date-epoch/).
    :raises PackageRefused: when nfpm or lintian refuses, with what it said.
    """
    result = toolbox.run(
        "sh", "-c", _BUILD, "build-deb", nfpm_file,
        files=sources, collect=_OUT, timeout=_TIMEOUT, log=log,
        environment={"VERSION": version, "SOURCE_DATE_EPOCH": str(built_at)},
    )  # fmt: skip
    if result.exit_code == 0 and result.collected is not None:
        return _unpacked(result.collected)
    said = "\n".join(f"    {line}" for line in result.output_tail[-8:])
    if result.exit_code == _LINTIAN_FAILED:
        msg = f"lintian finds errors in the package:\n{said}"
        raise PackageRefused(msg, advice="correct them, or override a tag with a reason")
    if result.exit_code == _LINTIAN_SKIPPED:
        msg = f"lintian does not read the package:\n{said}"
        raise PackageRefused(
            msg, advice="correct the fields of its control file, as Debian has them"
        )
    msg = f"nfpm cannot build {nfpm_file}:\n{said}"
    raise PackageRefused(msg, advice="correct the packaging file; nfpm.goreleaser.com describes it")


def _unpacked(collected: bytes) -> BuiltDeb:
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
    lines = files["control"].decode(errors="replace").splitlines()
    control = {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}
    name, version, architecture = checked(control)
    return BuiltDeb(
        name=name, version=version, architecture=architecture, data=packages[0],
        units=_units(files["contents"].decode(errors="replace")),
    )  # fmt: skip


def _units(contents: str) -> tuple[str, ...]:
    """Read the units out of ``dpkg-deb --contents``."""
    paths = (line.split()[-1] for line in contents.splitlines() if line.strip())
    return tuple(
        path.rpartition("/")[2]
        for path in paths
        if "lib/systemd/system/" in path and path.endswith(".service")
    )
