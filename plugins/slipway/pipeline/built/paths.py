"""The paths under which a project's pipeline leaves what is to ship, and what they match.

A path is written as in ``package: {built: [bin/shop, web/dist/**]}``: from the workspace's top,
with the patterns of :mod:`slipway.pipeline.yaml.globs`. A folder stands for all that is in it.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from slipway.pipeline.yaml.globs import compiled

# What makes a part of a path a pattern.
_SPECIAL = re.compile(r"[*?\[\]{}\\]")
_ALL_BELOW = "/**"


@dataclass(frozen=True, slots=True)
class BuiltPath:
    """One path or pattern, as it is written."""

    text: str

    @property
    def pattern(self) -> str:
        """The pattern, without what says nothing: ``./``, a slash or ``**`` at the end."""
        plain = posixpath.normpath(self.text)
        return plain.removesuffix(_ALL_BELOW) or plain

    @property
    def root(self) -> str:
        """The folder or file below which everything lies that can match; empty is the top."""
        parts = self.pattern.split("/")
        plain = next((n for n, part in enumerate(parts) if _SPECIAL.search(part)), len(parts))
        return "/".join(parts[:plain])

    def is_in(self, folder: str) -> bool:
        """Tell whether it means what is in a folder, so that the folder may be no link."""
        inside = self.pattern != posixpath.normpath(self.text) or self.pattern != folder
        return bool(folder) and inside

    def takes(self, path: str) -> bool:
        """Tell whether a path, or a folder that it is in, matches.

        :param path: from the workspace's top.
        """
        if self.root == self.pattern:
            return is_below(path, self.pattern)
        if not is_below(path, self.root):
            return False
        ends = (end for one in compiled(self.pattern) for end in one.ends(path))
        return any(end and path[end : end + 1] in ("", "/") for end in ends)


def is_below(path: str, folder: str) -> bool:
    """Tell whether a path is a folder, or is in it; everything is in the one without a name."""
    return not folder or path == folder or path.startswith(f"{folder}/")


def parents(path: str) -> list[str]:
    """List the folders that a path is in, the outermost first, without the top itself."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def roots_of(paths: tuple[BuiltPath, ...]) -> list[str]:
    """List the places that have to be looked through, none of which is in another."""
    found: list[str] = []
    for root in sorted({path.root for path in paths}):
        if not any(is_below(root, other) for other in found):
            found.append(root)
    return found


class Cover:
    """What matches, one path after the other: a folder that does answers for all that is in it."""

    def __init__(self, paths: tuple[BuiltPath, ...]) -> None:
        self._paths = paths
        self._folder = ""
        self._below: set[BuiltPath] = set()

    def matching(self, path: str, *, is_folder: bool) -> set[BuiltPath]:
        """Return what of the paths takes this one.

        :param path: from the workspace's top.
        :param is_folder: and all that is in it comes next.
        """
        if not is_below(path, self._folder):
            self._below = set()
        others = (one for one in self._paths if one not in self._below)
        found = self._below | {one for one in others if one.takes(path)}
        if is_folder and found and not self._below:
            self._folder, self._below = path, found
        return found


def leads_inside(path: str, target: str) -> bool:
    """Tell whether a link stays in the workspace, wherever other links in it lead.

    So it may go up first, not above the top, and then down: after a name, which may be a link
    itself, no ``..`` says where it comes out.

    :param path: the link's own.
    :param target: as it is written.
    """
    if not target or target.startswith("/") or not target.isprintable():
        return False
    parts = [part for part in target.split("/") if part not in ("", ".")]
    up = next((n for n, part in enumerate(parts) if part != ".."), len(parts))
    return up <= path.count("/") and ".." not in parts[up:]
