"""nfpm, dpkg-deb and lintian, in a toolbox container without a network.

The packaging file comes from the repository and is hostile: it sees the commit's files and the
toolbox, and nothing else. Its name and the version go in as arguments and environment.
"""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from slipway.exceptions import PackageRefused, ToolFailed
from slipway.hooks.packages.deb_units import Units, units
from slipway.hooks.packages.nfpm_fields import name_advice, version_advice
from slipway.hooks.packages.packaging_file import PackagingFile
from slipway.hooks.tars import digest_of
from slipway.hooks.tools.toolbox import Toolbox
from slipway.model.container import ToolResult
from slipway.model.deb_version import without_epoch

_OUT = "/out"
# Seconds. Packing is quick; compressing a large tree takes its time.
TIMEOUT = 600.0
# Bytes of a package, and of what the tools say of it.
_MOST, _MOST_TEXT = 3 << 29, 64 << 20
# That a unit may be a link is looked at here; a link to a file of the package is as good as one.
_PACK = """
set -e
mkdir -p /out
if [ -f "$2" ]; then cp -- "$2" /out/packaging; fi
nfpm package --config "$2" --packager deb --target /out/ || exit 10
"""
LOOK = f"""
named=
if find /out -name '*.deb' -size +{_MOST >> 20}M | grep -q .; then exit 15; fi
for deb in /out/*.deb; do
  dpkg-deb --field "$deb" Package Version Architecture Pre-Depends Depends \\
    > "$deb.control" || exit 12
  dpkg-deb --contents "$deb" > "$deb.contents"
  # dpkg-deb says a name in small letters, apt and lintian as it is written.
  dpkg-deb --info "$deb" control | sed -n 's/^package:[[:space:]]*//Ip' > "$deb.name"
  if [ "$(cat "$deb.name")" = "$1" ]; then named=yes; fi
  # Whoever reads a package reads plain files; of any other kind each makes something else.
  if dpkg-deb --ctrl-tarfile "$deb" | tar -tvf - | grep -qv '^[-d]'; then exit 17; fi
done
# What lintian has against a package of another name helps nobody.
if [ -n "$1" ] && [ -z "$named" ]; then exit 18; fi
lintian --allow-root --fail-on error --info --suppress-tags service-file-is-not-a-file \\
  /out/*.deb > /out/lintian 2> /out/warnings || failed=$?
cat /out/warnings /out/lintian
# A package that it finds odd it does not read, and finds nothing in.
if grep -qi skipping /out/warnings; then exit 16; fi
if [ "${{failed:-0}}" -gt 125 ]; then exit "$failed"; fi
exit ${{failed:+11}}
"""
_LINTIAN_FAILED, _UNREADABLE, _LARGE, _LINTIAN_SKIPPED, _ODD = 11, 12, 15, 16, 17
# A signal, the kernel's for want of memory among them, or a program that is not there.
_ENDED = 126
OTHER_NAME = 18
"""What a look ends with where no package has the name that it was given; lintian was not asked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BuiltDeb:
    """A package fresh from nfpm, with all that there is to say against it.

    :param name: the package's.
    :param version: the package's own: the release's, and maybe an epoch and a revision.
    :param architecture: as Debian calls it.
    :param content: a file, for as long as the one is open that it was collected into.
    :param size: in bytes.
    :param sha256: of its content, as hex.
    :param units: the systemd units inside.
    :param packaging: nfpm's description; where the pipeline built the package, only where it was.
    :param ready: the pipeline built it, and not nfpm.
    :param depends: what it depends on, as it is written.
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
    depends: str = ""

    @property
    def file_name(self) -> str:
        """As in every apt repository, without the epoch."""
        return f"{self.name}_{without_epoch(self.version)}_{self.architecture}.deb"


# What nfpm says of a file that the description names and that is neither in git nor built.
_NOT_THERE = re.compile(r"[Mm]atching \"([^\"\n]{1,300})\":? file does not exist")


def build_deb(
    toolbox: Toolbox,
    sources: bytes | IO[bytes],
    *,
    nfpm_file: str,
    version: str,
    built_at: int,
    into: IO[bytes],
    log: Callable[[str], None],
    package: str = "",
    architecture: str = "amd64",
) -> BuiltDeb:
    """Build a package, and have lintian look at it.

    :param toolbox: without a network.
    :param sources: a tar of the commit.
    :param nfpm_file: nfpm's description, from the repository's top.
    :param version: for ``${VERSION}`` in the description.
    :param built_at: seconds since 1970, for every time stamp inside: the same commit gives the
        same bytes (https://reproducible-builds.org/specs/source-date-epoch/).
    :param into: an empty file, which holds the package as long as anybody reads it.
    :param log: receives every line.
    :param package: the name that it must have; lintian is asked about no other.
    :param architecture: of the machines that it is for, for ``${ARCH}`` in the description.
    :returns: the package, which
        :func:`slipway.hooks.packages.deb_checks.check` compares with the project.
    :raises PackageRefused: when nfpm refuses, with what it said.
    """
    result = toolbox.run(
        "sh",
        "-c",
        _PACK + LOOK,
        "build-deb",
        package,
        nfpm_file,
        files=sources,
        collect=_OUT,
        collect_into=into,
        timeout=TIMEOUT,
        log=log,
        environment=_environment(version, architecture, built_at),
    )
    if result.exit_code in (0, _LINTIAN_FAILED, OTHER_NAME):
        failed = result.exit_code == _LINTIAN_FAILED
        debs = read_debs(into, nfpm_file, lintian_failed=failed)
        if len(debs) != 1:
            msg = f"the packaging file built {len(debs)} packages, where one is expected"
            raise PackageRefused(msg, advice="describe one package per project")
        return debs[0]
    refuse_unread(result.exit_code, nfpm_file)
    raise _not_built(result, _packaging(into, nfpm_file), package)


def _environment(version: str, architecture: str, built_at: int) -> dict[str, str]:
    return {"VERSION": version, "ARCH": architecture, "SOURCE_DATE_EPOCH": str(built_at)}


def _not_built(result: ToolResult, file: PackagingFile, package: str) -> PackageRefused:
    """Say why there is no package that anybody could read, and which fields are to blame."""
    said = "\n".join(f"    {line}" for line in result.output_tail[-8:])
    names = name_advice(file, package) if package else []
    advice = "; ".join([*names, *version_advice(file)] if file.is_read else [])
    if result.exit_code == _UNREADABLE:
        msg = f"the package that {file.path} describes cannot be read:\n{said}"
        return PackageRefused(msg, advice=advice or "correct the field that it names")
    msg = f"nfpm cannot build {file.path}:\n{said}"
    if missing := _NOT_THERE.search(said):
        path = missing[1].removeprefix("./")
        general = (
            f"if a step makes {path}, name it under `package: {{built: [...]}}` in the project "
            "file; otherwise commit it, or correct its `src`"
        )
    else:
        general = "correct the packaging file; nfpm.goreleaser.com describes it"
    return PackageRefused(msg, advice="; ".join(one for one in (advice, general) if one))


def _packaging(collected: IO[bytes], path: str) -> PackagingFile:
    """Return nfpm's description, as far as there is one."""
    collected.seek(0)
    text = b""
    with suppress(tarfile.TarError), tarfile.open(fileobj=collected, mode="r:") as archive:
        for member in archive:
            content = archive.extractfile(member)
            if content is not None and member.name.rpartition("/")[2] == "packaging":
                text = content.read(_MOST_TEXT)
    return PackagingFile(path=path, text=text.decode(errors="replace"))


def refuse_unread(exit_code: int, file: str) -> None:
    """Say so where a package is too large, or such that lintian does not read it.

    :raises PackageRefused: in that case.
    :raises ToolFailed: where somebody ended the tools: that says nothing of the package.
    """
    if exit_code >= _ENDED:
        msg = f"whoever looked at the package of {file} was ended (exit code {exit_code})"
        raise ToolFailed(msg, advice="the task tries again; has the worker memory for it?")
    if exit_code == _ODD:
        msg = f"the control files of {file} hold what is no plain file, so nobody knows its name"
        raise PackageRefused(msg, advice="build it with dpkg-deb, or a tool that uses it")
    if exit_code == _LINTIAN_SKIPPED:
        msg = f"lintian does not read the package of {file}, as the log says"
        raise PackageRefused(
            msg, advice="correct the fields of its control file, as Debian has them"
        )
    if exit_code == _LARGE:
        msg = f"the package of {file} is larger than {_MOST >> 20} MiB"
        raise PackageRefused(msg, advice="keep large files somewhere else")


def read_debs(
    collected: IO[bytes], packaging: str, *, lintian_failed: bool, ready: bool = False
) -> list[BuiltDeb]:
    """Read what a look at packages left, by the names of their files.

    :param collected: a tar.
    :param packaging: nfpm's description, or where the pipeline built them.
    :param lintian_failed: lintian ended with an error.
    :param ready: the pipeline built them.
    """
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
    lintian = tuple(_text(files, "lintian").splitlines()) if lintian_failed else ()
    file = PackagingFile(path=packaging, text=_text(files, "packaging"))
    return [
        _deb(content, files, name, packaging=file, lintian=lintian, ready=ready)
        for name, content in sorted(packages.items())
    ]


def _deb(
    content: IO[bytes],
    files: dict[str, bytes],
    name: str,
    *,
    packaging: PackagingFile,
    lintian: tuple[str, ...],
    ready: bool,
) -> BuiltDeb:
    # A folded field goes on in lines that begin with a blank.
    fields = re.findall(r"(?m)^(\S+): (.*(?:\n[ \t].*)*)", _text(files, f"{name}.control"))
    control = {name: value for name, value in reversed(fields)}
    as_written, plain = _text(files, f"{name}.name").strip(), control.get("Package", "")
    return BuiltDeb(
        name=as_written if as_written.lower() == plain else plain,
        version=control.get("Version", ""),
        architecture=control.get("Architecture", ""),
        content=content,
        size=content.seek(0, io.SEEK_END),
        sha256=digest_of(content),
        ready=ready,
        units=units(_text(files, f"{name}.contents")),
        packaging=packaging,
        lintian=lintian,
        depends=", ".join(control.get(one, "") for one in ("Pre-Depends", "Depends")),
    )


def _text(files: dict[str, bytes], name: str) -> str:
    return files.get(name, b"").decode(errors="replace")
