"""Files of a working copy that are still pointers of Git LFS."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from include.cli.local.git import local_git
from slipway.hooks.git_lfs.pointers import is_pointer
from slipway.model.git.large_files import LargeFiles
from slipway.model.text.inert import visible

_NAMED = 5
# Bytes at a file's beginning by which a pointer is told from anything else.
_ENOUGH = 1025


def pointers_of(folder: Path, names: Iterable[str]) -> list[str]:
    """Return those of a working copy's files whose content lies elsewhere.

    :param folder: the working copy.
    :param names: of its files.
    """
    found = [name for name in names if is_pointer(_beginning(folder / name))]
    if not found:
        return []
    given = "\0".join(found).encode(errors="surrogateescape")
    answer = local_git(folder, "check-attr", "--stdin", "-z", "filter", given=given).split("\0")
    marked = zip(answer[::3], answer[2::3], strict=False)  # path, attribute, value, path, ...
    return sorted(path for path, value in marked if value == "lfs")


def tell_of_pointers(pointers: list[str], wanted: LargeFiles) -> list[str]:
    """Say which files are pointers here that CI would have brought, or leaves so as well.

    :param pointers: the files.
    :param wanted: what the project wants of them.
    """
    if not pointers:
        return []
    if wanted is LargeFiles.POINTERS:
        return [f"these files stay pointers of Git LFS: {named(pointers)}"]
    return [
        f"warning: these files are only pointers of Git LFS here, and steps see those: "
        f"{named(pointers)}; CI fetches what they stand for, as `git lfs pull` does"
    ]


def named(pointers: list[str]) -> str:
    """Name the first of some pointers, and say how many more there are."""
    more = f" and {len(pointers) - _NAMED} more" if len(pointers) > _NAMED else ""
    return ", ".join(visible(one) for one in pointers[:_NAMED]) + more


def _beginning(file: Path) -> bytes:
    try:
        if file.is_symlink() or not file.is_file():
            return b""
        with file.open("rb") as content:
            return content.read(_ENOUGH)
    except OSError:
        return b""
