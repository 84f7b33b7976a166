"""Takes what one pipeline of a file built, once all of its steps have passed."""

from __future__ import annotations

import tarfile
from itertools import islice
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING

from slipway.exceptions import BuiltFilesMissing, BuiltFilesRefused, NothingRan, SlipwayError
from slipway.model.container import NoSuchThing
from slipway.model.text.nearest import nearest
from slipway.pipeline.built.paths import BuiltPath, is_below, parents, roots_of
from slipway.pipeline.built.tree import BuiltTree, Read, Summary, entries
from slipway.pipeline.reports.report_files import Budget, TooMuch, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# Bytes that are read, and entries that are looked at, to say what is there in place of a path.
_MOST_READ, _MOST_SEEN = 256 << 20, 20_000
_MOST_NAMES, _MOST_ALIKE, _MOST_EXPLAINED = 15, 2_000, 5
# How much of a name must be the same for a slip of the pen.
_LIKE = 0.7


class Taking:
    """What is wanted of one pipeline's workspace, and, afterwards, what was taken.

    :param pipeline: whose workspace it is.
    :param paths: what is wanted, as the project file has it.
    :param file: what it is written to; empty, open for reading and writing.
    :param built_at: seconds since 1970, the time of every entry.
    """

    def __init__(
        self, *, pipeline: str, paths: Sequence[str], file: IO[bytes], built_at: int
    ) -> None:
        self.pipeline = pipeline
        self.file = file
        self.taken: Summary | None = None
        self.problem: SlipwayError | None = None
        self._paths = tuple(BuiltPath(path) for path in paths)
        self._built_at = built_at

    def attempt(self, read: Read) -> None:
        """Take it, and keep what is wrong with it for whoever asks for the outcome.

        :param read: packs a path of the workspace as a tar.
        :raises ContainerEngineError: when the engine fails.
        """
        try:
            self.take(read)
        except (BuiltFilesMissing, BuiltFilesRefused) as problem:
            self.problem = problem

    def outcome(self) -> Summary:
        """Return what was taken.

        :raises BuiltFilesMissing: naming each path where nothing is, and what is there.
        :raises BuiltFilesRefused: naming what is not taken.
        :raises NothingRan: when no step of the pipeline ran and passed.
        """
        if self.problem is not None:
            raise self.problem
        if self.taken is None:
            msg = f"no step of {self.pipeline}, which builds what ships, has run and passed"
            raise NothingRan(msg, advice="look at its `trigger` and `when`")
        return self.taken

    def take(self, read: Read) -> None:
        """Take it.

        :param read: packs a path of the workspace as a tar.
        :raises BuiltFilesMissing: naming each path where nothing is, and what is there.
        :raises BuiltFilesRefused: naming what is not taken.
        :raises ContainerEngineError: when the engine fails.
        """
        tree = BuiltTree(self.file, built_at=self._built_at)
        found: set[BuiltPath] = set()
        complaints: list[str] = []
        for root in roots_of(self._paths):
            within = {path for path in self._paths if is_below(path.root, root)}
            folders = [*parents(root), *([root] if any(one.is_in(root) for one in within) else [])]
            there, link = _enter(read, folders, tree)
            if link:
                complaints.append(link)
                found |= within
            elif there:
                found |= _taken(tree, read, root, self._paths)
        complaints += tree.complaints
        if complaints:
            msg = "what the pipeline built cannot be taken:\n" + _listed(complaints)
            advice = "correct the step that makes it, or the paths under `package`"
            raise BuiltFilesRefused(msg, advice=advice)
        if missing := [path for path in self._paths if path not in found]:
            lines = [_missing(read, path) for path in missing[:_MOST_EXPLAINED]]
            lines += [f"{path.text}: nothing is there" for path in missing[_MOST_EXPLAINED:]]
            msg = f"the pipeline {self.pipeline} has not built what ships:\n" + _listed(lines)
            advice = "correct the paths under `package` in the project file, or the pipeline"
            raise BuiltFilesMissing(msg, advice=advice)
        self.taken = tree.summary()
        self.file.flush()


def _taken(tree: BuiltTree, read: Read, root: str, paths: tuple[BuiltPath, ...]) -> set[BuiltPath]:
    try:
        return tree.take(read, root, paths)
    except NoSuchThing:
        return set()


def _enter(read: Read, folders: list[str], tree: BuiltTree) -> tuple[bool, str]:
    """Walk down some folders: tell whether they are there, and which of them is a link."""
    for folder in folders:
        kind = _first(read, folder)
        if kind is not None and kind.issym():
            return False, (
                f"{folder} is a link to {printable(kind.linkname)}: name what it leads to, or link "
                "in the packaging file"
            )
        if kind is None or not kind.isdir():
            return False, ""
        tree.enter(folder, kind.mode)
    return True, ""


def _first(read: Read, path: str) -> tarfile.TarInfo | None:
    """Tell what is at a path whose folder is there."""
    try:
        return next(_looked_at(read, path))[1]
    except NoSuchThing:
        return None


def _looked_at(read: Read, path: str) -> Iterator[tuple[str, tarfile.TarInfo]]:
    """Yield what is at a path and below it, as far as somebody looks to say what is there."""
    budget = Budget(_MOST_READ, what=path)
    try:
        for name, member, _ in islice(entries(read, path, budget), _MOST_SEEN):
            yield name, member
    except TooMuch:
        return


def _missing(read: Read, path: BuiltPath) -> str:
    """Say what is there in place of a path."""
    folder, there = _deepest(read, path.root)
    names = [printable(name) for name in there]
    shown = ", ".join(names[:_MOST_NAMES]) + (", ..." if len(names) > _MOST_NAMES else "")
    where = f"in {folder} there is" if folder else "there is"
    text = f"{path.text}: nothing is there; {where} {shown or 'nothing'}"
    near = _nearest(path.pattern, _looked_at(read, ""))
    return f"{text}; did you mean {printable(near)}?" if near else text


def _deepest(read: Read, root: str) -> tuple[str, list[str]]:
    """Find the last folder on the way to a place, and what is directly in it."""
    deepest = ""
    for folder in [*parents(root), root] if root else []:
        kind = _first(read, folder)
        if kind is None or not kind.isdir():
            break
        deepest = folder
    start = len(deepest) + 1 if deepest else 0
    below = islice(_looked_at(read, deepest), 1, None)
    names = [name[start:] + "/" * member.isdir() for name, member in below]
    return deepest, [name for name in names if "/" not in name.rstrip("/")]


def _nearest(wanted: str, there: Iterator[tuple[str, tarfile.TarInfo]]) -> str:
    """Return the path that was probably meant: a file of the same name, or written alike.

    Much of a project is called after it: `packaging/shop.service` is not what `bin/shop` means.
    """
    found = {path: one for path, one in there if path and not is_below(path, ".git")}
    name = wanted.rpartition("/")[2]
    same = [path for path in found if path.rpartition("/")[2] == name]
    same = [path for path in same if not found[path].isdir()] or same
    return nearest(wanted, same or _written_alike(name, found)) or next(iter(same), "")


def _written_alike(name: str, paths: Iterable[str]) -> list[str]:
    """Return the paths of one kind of file whose names are like another's."""
    kind = PurePosixPath(name).suffix
    of_kind = (path for path in paths if PurePosixPath(path).suffix == kind)
    return [
        path
        for path in islice(of_kind, _MOST_ALIKE)
        if nearest(name, [path.rpartition("/")[2]], alike=_LIKE)
    ]


def _listed(lines: Sequence[str]) -> str:
    return "\n".join(f"    {line}" for line in lines)
