"""What a pipeline built, taken out of its workspace as one tar.

The workspace is a repository's, and hostile: links that lead out of it, devices, names that are
none, terabytes of zeros. What is taken is written anew, entry by entry, and holds names, modes,
content and links inside the tree: the same files give the same bytes, whoever built them when.
"""

from __future__ import annotations

import hashlib
import io
import posixpath
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

from slipway.exceptions import BuiltFilesRefused, ContainerEngineError
from slipway.pipeline.built.paths import BuiltPath, Cover, is_below, leads_inside, parents
from slipway.pipeline.reports.report_files import Budget, Chunks, TooMuch, printable

if TYPE_CHECKING:
    from typing_extensions import Buffer

MOST_SIZE = 1 << 30
"""Bytes of all the files that are taken."""
MOST_FILES = 100_000
"""Files, links and folders that are taken."""
# Bytes that are read, and entries that are looked at, to find those that match.
_MOST_READ, _MOST_SEEN = 8 << 30, 500_000
# Characters of a path and of all paths together, which are kept in memory.
_LONGEST, _ALL_NAMES = 1024, 32 << 20
_MOST_COMPLAINTS = 20
_MODE = 0o7777
# Bytes that are read at once.
_PIECE = 1 << 20

# Packs a path of the workspace as a tar; what is not there raises NoSuchThing.
Read = Callable[[str], Iterator[bytes]]
Found = tuple[str, tarfile.TarInfo, IO[bytes] | None]


def entries(read: Read, root: str, budget: Budget) -> Iterator[Found]:
    """Yield what is at a path of the workspace and below it, each folder before what is in it.

    :param read: reads a path of the workspace as a tar, piece by piece.
    :param root: the path; empty is the workspace.
    :param budget: for what is read.
    :returns: path from the workspace's top, what it is, and a file's content.
    :raises NoSuchThing: when there is nothing.
    :raises TooMuch: when there is more than may be read.
    :raises ContainerEngineError: when what comes is no tar: somebody still writes there.
    """
    above = posixpath.dirname(root)
    try:
        file = io.BufferedReader(Chunks(read(root), budget), _PIECE)
        with tarfile.open(fileobj=file, mode="r|", bufsize=_PIECE) as archive:
            for member in archive:
                cast("Any", archive).members.clear()  # each is remembered, for nobody
                below = member.name.partition("/")[2] if not root else member.name
                path = posixpath.join(above, below)
                yield path, member, archive.extractfile(member) if member.isreg() else None
    except tarfile.TarError as error:
        msg = f"{root or 'the workspace'} could not be read ({error}): did it change meanwhile?"
        raise ContainerEngineError(msg) from error


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """What was taken.

    :param sha256: of the tar.
    :param size: bytes of the tar.
    :param files: how many, without folders.
    """

    sha256: str
    size: int
    files: int


class _Waiting(NamedTuple):
    """A name whose content is another one's.

    :param path: the name.
    :param folders: that it is in, and their modes.
    """

    path: str
    folders: dict[str, int]


class BuiltTree:
    """A tar of what is taken.

    :param file: empty, open for writing.
    :param built_at: seconds since 1970, the time of every entry.
    """

    def __init__(self, file: IO[bytes], *, built_at: int) -> None:
        self._out = _Digested(file)
        self._tar = tarfile.open(  # noqa: SIM115 - finished by `summary`
            fileobj=cast("IO[bytes]", self._out), mode="w", format=tarfile.PAX_FORMAT
        )
        cast("Any", self._tar).copybufsize = _PIECE
        self._built_at = built_at
        self._folders: dict[str, int] = {}
        self._written: set[str] = set()
        self._files: set[str] = set()
        self._names = self._size = 0
        self._again: dict[str, list[_Waiting]] = {}
        self.complaints: list[str] = []

    def summary(self) -> Summary:
        """Finish the tar.

        :returns: what it holds.
        """
        self._tar.close()
        return Summary(
            sha256=self._out.digest.hexdigest(), size=self._out.size, files=len(self._files)
        )

    def take(self, read: Read, root: str, paths: tuple[BuiltPath, ...]) -> set[BuiltPath]:
        """Take what matches, at one place of the workspace and below it.

        :param read: reads a path of the workspace as a tar, piece by piece.
        :param root: the place; empty is the workspace.
        :param paths: of which any may match.
        :returns: those that did match a file.
        :raises BuiltFilesRefused: when it is more than is taken, or names are none.
        :raises NoSuchThing: when nothing is there.
        """
        found: set[BuiltPath] = set()
        cover = Cover(paths)
        below = f"what lies below {root or 'the workspace'}"
        try:
            found_there = entries(read, root, Budget(_MOST_READ, what=below))
            for seen, (path, member, content) in enumerate(found_there):
                if seen == _MOST_SEEN:
                    msg = f"there are more than {_MOST_SEEN} files below {root or 'the workspace'}"
                    raise TooMuch(msg)
                matching = cover.matching(path, is_folder=member.isdir())
                self._look(path, member, content, matching, root)
                if not member.isdir():
                    found |= matching
            self._take_again(entries(read, root, Budget(_MOST_READ, what=below)))
        except TooMuch as error:
            msg = f"{error}, which is more than is looked through"
            raise BuiltFilesRefused(msg, advice="name narrower paths under `package`") from error
        return found

    def enter(self, path: str, mode: int) -> None:
        """Note a folder that is above what will be taken."""
        self._folders[path] = mode

    # One entry

    def _look(
        self,
        path: str,
        member: tarfile.TarInfo,
        content: IO[bytes] | None,
        matching: set[BuiltPath],
        root: str,
    ) -> None:
        if member.isdir():
            self._folders = {one: m for one, m in self._folders.items() if is_below(path, one)}
            self._folders[path] = member.mode
        if not matching or path in self._written or not path or is_below(path, ".git"):
            return
        if reason := self._why_not(path, member):
            self._complain(f"{printable(path)} {reason}")
        elif member.islnk():
            self._take_hard_link(path, member, root)
        else:
            self._write(path, member, content)

    def _why_not(self, path: str, member: tarfile.TarInfo) -> str:
        if not path.isprintable() or any(part in ("", ".", "..") for part in path.split("/")):
            return "has a name that is not UTF-8, or not text"
        if len(path) > _LONGEST:
            return f"has a path of more than {_LONGEST} characters"
        if member.islnk() and not leads_inside("", member.linkname):
            return f"is a hard link to {printable(member.linkname)}, out of the workspace"
        if member.issym() and not leads_inside(path, member.linkname):
            where = printable(member.linkname)
            return f"is a link to {where}, which leads out of the workspace; write it relative"
        if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
            return "is a device or a pipe"
        if any(folder in self._files for folder in parents(path)):
            return "was changed while it was taken"
        return ""

    def _take_hard_link(self, path: str, member: tarfile.TarInfo, root: str) -> None:
        target = posixpath.join(
            posixpath.dirname(root), member.linkname if root else member.linkname.partition("/")[2]
        )
        if target in self._files:
            member.linkname = target
            self._write(path, member, None)
        else:  # its other name was not taken, so its content is
            folders = {one: self._folders[one] for one in parents(path) if one in self._folders}
            self._again.setdefault(target, []).append(_Waiting(path, folders))

    def _take_again(self, found: Iterator[Found]) -> None:
        """Take those whose content came under a name that is not taken.

        However many they are, the engine is asked once.

        :param found: all that is there, once more.
        """
        again, self._again = self._again, {}
        if not again:
            return
        for path, member, content in found:
            if member.isreg():
                self._write_all(again.pop(path, []), member, content)
            if not again:
                break
        cast("Any", found).close()
        for waiting in again.values():
            for one in waiting:
                self._complain(f"{printable(one.path)} was changed while it was taken")

    def _write_all(
        self, waiting: list[_Waiting], member: tarfile.TarInfo, content: IO[bytes] | None
    ) -> None:
        """Write a content under the first of some names, and the others as its links."""
        for one in waiting:
            self._folders = one.folders
            self._write(one.path, member, content)
            member.type, member.linkname = tarfile.LNKTYPE, waiting[0].path

    def _write(self, path: str, member: tarfile.TarInfo, content: IO[bytes] | None) -> None:
        for folder in parents(path):
            if folder not in self._written:
                self._add(folder, tarfile.DIRTYPE, self._folders.get(folder, 0o755))
        size = member.size if member.isreg() else 0
        self._size += size
        if self._size > MOST_SIZE:
            msg = f"what the pipeline built is larger than {MOST_SIZE >> 20} MiB (at {path})"
            raise BuiltFilesRefused(msg, advice="take less of it: name narrower paths")
        kind = tarfile.REGTYPE if member.isreg() else member.type
        link = member.linkname if member.issym() or member.islnk() else ""
        self._add(path, kind, member.mode, link=link, size=size, content=content)
        if not member.isdir():
            self._files.add(path)

    def _add(
        self,
        path: str,
        kind: bytes,
        mode: int,
        *,
        link: str = "",
        size: int = 0,
        content: IO[bytes] | None = None,
    ) -> None:
        self._names += len(path) + len(link)
        if len(self._written) >= MOST_FILES or self._names > _ALL_NAMES:
            msg = f"the pipeline built more than {MOST_FILES} files"
            if self._names > _ALL_NAMES:
                msg = f"the paths of what the pipeline built come to more than {_ALL_NAMES >> 20} M"
            raise BuiltFilesRefused(msg, advice="name narrower paths, or pack them into one file")
        entry = tarfile.TarInfo(path)
        entry.type, entry.mode, entry.linkname, entry.size = kind, mode & _MODE, link, size
        entry.mtime, entry.uname, entry.gname = self._built_at, "root", "root"
        self._tar.addfile(entry, content)
        cast("Any", self._tar).members.clear()
        self._written.add(path)

    def _complain(self, text: str) -> None:
        if len(self.complaints) < _MOST_COMPLAINTS:
            self.complaints.append(text)


class _Digested(io.RawIOBase):
    """A file that is written to, its bytes counted and digested on the way."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file
        self.digest = hashlib.sha256()
        self.size = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.size

    def write(self, data: Buffer) -> int:
        written = self._file.write(data)
        self.digest.update(data)
        self.size += written
        return written
