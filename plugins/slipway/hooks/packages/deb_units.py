"""The systemd units of a package, from what ``dpkg-deb --contents`` lists."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

# Debian's /lib is a link to /usr/lib.
_FOLDER = "usr/lib/systemd/system"
_SUFFIX = ".service"
# Links that lead to links; systemd follows a few as well.
_HOPS = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Units:
    """What of a package systemd would start.

    :param names: units that are there: files, and links that lead to a file of the package.
    :param astray: links that lead nowhere in the package -> where to.
    """

    names: tuple[str, ...] = ()
    astray: Mapping[str, str] = field(default_factory=dict)

    def has(self, unit: str) -> bool:
        """Tell whether a unit can be started: by its own name, or as an instance of a template."""
        return unit in self.names or template(unit) in self.names


def template(unit: str) -> str:
    """Return the template of an instance (``app@1.service`` -> ``app@.service``), if it is one."""
    name, at, instance = unit.removesuffix(_SUFFIX).partition("@")
    return f"{name}@{_SUFFIX}" if at and instance else ""


def is_template(unit: str) -> bool:
    """Tell whether a unit is a template, which starts only as an instance of a name."""
    return unit.endswith(f"@{_SUFFIX}")


def units(contents: str) -> Units:
    """Read a package's units.

    :param contents: what ``dpkg-deb --contents`` lists.
    """
    files: dict[str, str] = dict(_files(contents))
    found = [path for path in files if _is_unit(path)]
    ends = {path: _end(path, files) for path in found}
    return Units(
        names=tuple(posixpath.basename(path) for path in found if not files.get(ends[path], "?")),
        astray={
            posixpath.basename(path): f"/{ends[path]}"
            for path in found
            if files.get(ends[path], "?")
        },
    )


def _is_unit(path: str) -> bool:
    return posixpath.dirname(path) == _FOLDER and path.endswith(_SUFFIX)


def _files(contents: str) -> Iterator[tuple[str, str]]:
    """Yield each file's path, and where it leads if it is a link."""
    for line in contents.splitlines():
        fields = line.split(maxsplit=5)
        if len(fields) < 6 or fields[0].startswith("d"):
            continue
        path, _, leads = fields[5].partition(" -> ")
        yield _merged(path), leads


def _end(path: str, files: Mapping[str, str]) -> str:
    """Follow links to what they lead to in the end, be it there or not."""
    for _ in range(_HOPS):
        leads = files.get(path)
        if not leads:
            break
        path = _merged(posixpath.join(posixpath.dirname(f"/{path}"), leads))
    return path


def _merged(path: str) -> str:
    plain = posixpath.normpath(f"/{path}").lstrip("/")
    return f"usr/{plain}" if plain.startswith("lib/") else plain
