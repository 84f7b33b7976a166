"""What a package's control file may say of its name, version and architecture.

The repository wrote it, and file names and keys in the artifact store are made of it. dpkg-deb
packs what dpkg would never install: an architecture ``x/../../y``, say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from slipway.exceptions import PackageRefused

# Debian's, released and of its ports; no wildcards, which only sources have.
ARCHITECTURES = (
    "all",
    "alpha",
    "amd64",
    "arm64",
    "armel",
    "armhf",
    "hppa",
    "i386",
    "ia64",
    "loong64",
    "m68k",
    "mips64el",
    "mipsel",
    "powerpc",
    "ppc64",
    "ppc64el",
    "riscv64",
    "s390x",
    "sh4",
    "sparc64",
    "x32",
)
# Debian Policy 5.6.1 and 5.6.12.
NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_VERSION = re.compile(r"([0-9]+:)?[0-9][A-Za-z0-9.+~-]*")


def checked(control: Mapping[str, str]) -> tuple[str, str, str]:
    """Return a package's name, version and architecture, each of which can be in a file's name.

    :param control: its control file, or as much of it.
    :raises PackageRefused: naming the field.
    """
    found = {name: control.get(name, "") for name in ("Package", "Version", "Architecture")}
    name, version, architecture = found.values()
    right = {
        "Package": NAME.fullmatch(name),
        "Version": _VERSION.fullmatch(version),
        "Architecture": architecture in ARCHITECTURES,
    }
    for field, value in found.items():
        if not right[field]:
            msg = f"the package's {field} is {value[:80]!r}, which is no package's"
            raise PackageRefused(msg, advice="correct it in the packaging file, as Debian has it")
    return name, version, architecture
