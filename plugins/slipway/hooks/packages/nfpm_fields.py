"""What the fields of nfpm's description must be for the package to be the release's, each with its
line and its right value.

nfpm packs what Debian would never install, and makes a version of its own where it is told none;
so its fields are looked at where a package cannot be read, or is not what it must be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from slipway.hooks.packages.deb_fields import NAME
from slipway.hooks.packages.packaging_file import PackagingFile

# Alone, or with what may stand around it.
_RELEASES_VERSION = re.compile(r"(?:[1-9][0-9]*:)?(?:\$\{VERSION\}|\$VERSION)(?:-[A-Za-z0-9+.~]+)?")
_EPOCH = re.compile(r"[1-9][0-9]*")
_NO_REVISION = re.compile(r"[^A-Za-z0-9+.~]+")
# nfpm puts an environment's variable there; one that it does not know is empty.
_VARIABLE = re.compile(r"\$\{?\w+\}?")
# Keys by which nfpm makes another version of the one that it is given.
_CHANGES_VERSION = ("prerelease", "version_metadata")


def version_advice(file: PackagingFile) -> list[str]:
    """Say of each field that is part of the version what it must be.

    :param file: nfpm's description.
    :returns: nothing where all may stay as they are.
    """
    return [*_version(file), *_epoch(file), *_release(file), *_changes(file)]


def name_advice(file: PackagingFile, package: str) -> list[str]:
    """Say what the name must be, where the description has another one.

    :param file: nfpm's description.
    :param package: the name in the project file.
    """
    name = file.value("name")
    if name is None or name == package or _VARIABLE.search(name):
        return []
    advice = f"write `name: {package}` ({file.place('name')})"
    if NAME.fullmatch(name):
        advice += f", or `package: {{name: {name}}}` in the project file"
    return [advice]


def _version(file: PackagingFile) -> Iterator[str]:
    version, schema = file.value("version"), file.value("version_schema")
    if version is not None and _RELEASES_VERSION.fullmatch(version):
        return
    place = file.place("version")
    if version is None:
        place = f"{place}, which has no version of its own"
    also = "" if schema == "none" else " and `version_schema: none`"
    yield f"write `version: ${{VERSION}}`{also} ({place})"


def _epoch(file: PackagingFile) -> Iterator[str]:
    epoch = file.value("epoch")
    if epoch and not _EPOCH.fullmatch(epoch):
        place = file.place("epoch")
        yield f"correct or remove `epoch` ({place}): an epoch is a number from 1 on, as `1`"


def _release(file: PackagingFile) -> Iterator[str]:
    release = _VARIABLE.sub("", file.value("release") or "")
    if not _NO_REVISION.search(release):
        return
    right = _NO_REVISION.sub(".", release).strip(".")
    write = f"write `release: {right}`" if right else "correct or remove `release`"
    yield f"{write} ({file.place('release')}): a revision has letters, digits, `+`, `.` and `~`"


def _changes(file: PackagingFile) -> Iterator[str]:
    for key in _CHANGES_VERSION:
        value = file.value(key) or ""
        if _VARIABLE.sub("", value) or "VERSION" in value:
            place = file.place(key)
            yield f"remove {key}: the release alone says what its version is ({place})"
