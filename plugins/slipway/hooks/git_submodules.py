"""Submodules: the part of a commit's tree that lives in other repositories."""

from __future__ import annotations

import configparser
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol, cast
from urllib.parse import urljoin

from slipway.exceptions import RefNotFound, RepositoryRefused, RepositoryTooLarge
from slipway.hooks.git_command import GitOutputTooLarge

# Submodules of submodules, and all of a commit's together: more than anybody has on purpose.
DEEPEST = 8
MOST_SUBMODULES = 200


def submodule_urls(gitmodules: bytes, parent_url: str) -> dict[str, str]:
    """Map each submodule's path to its URL.

    :param gitmodules: the content of ``.gitmodules``.
    :param parent_url: relative URLs (``../lib.git``) are resolved against it.
    :raises RepositoryRefused: when the file cannot be read.
    """
    parser = configparser.ConfigParser(interpolation=None, strict=False, delimiters=("=",))
    try:
        # Git indents the keys, which this parser would read as continuation lines.
        lines = gitmodules.decode(errors="replace").splitlines()
        parser.read_string("\n".join(line.strip() for line in lines))
    except configparser.Error as error:
        msg = ".gitmodules cannot be read"
        raise RepositoryRefused(msg, advice=str(error)) from error
    sections = [dict(parser[name]) for name in parser.sections()]
    return {
        section["path"]: _absolute(section["url"], parent_url)
        for section in sections
        if "path" in section and "url" in section
    }


class Source(Protocol):
    """What a repository gives of a commit."""

    url: str

    @property
    def is_public(self) -> bool:
        """Whether it is read without credentials."""

    def pack(self, file: IO[bytes], sha: str, *, prefix: str, most: int) -> None:
        """Write a commit's own tree as a tar."""

    def links(self, sha: str) -> dict[str, str]:
        """Map the path of each submodule to the commit that it is pinned to."""

    def read(self, sha: str, path: str) -> bytes | None:
        """Return a file of a commit."""

    def submodule(self, url: str) -> Source:
        """Open the repository of a submodule."""


class Tree:
    """The tree of one commit with those of its submodules, packed within limits.

    A commit says what its submodules are, and theirs what theirs are; one that points at the past
    of its own repository twice doubles with every level. So what is counted is the whole.

    :param most: bytes of the whole tree, packed.
    :param folder: for files that are in between.
    """

    def __init__(self, *, most: int, folder: Path) -> None:
        self._most = self._left = most
        self._folder = folder
        self._submodules = 0

    def pack(
        self,
        file: IO[bytes],
        source: Source,
        sha: str,
        history: Callable[[tarfile.TarFile], None] | None = None,
    ) -> None:
        """Write the whole tree as a tar.

        What git writes of the commit itself comes last: it has an archive's end, and is never
        read again, so that not even a list of its files is in memory.

        :param file: empty, open for reading and writing; it is at its beginning afterwards.
        :param source: the repository.
        :param sha: the commit.
        :param history: adds what belongs to the tree besides.
        :raises RepositoryTooLarge: when it goes over a limit, which is named.
        :raises RepositoryRefused: when a submodule cannot be read.
        """
        links = source.links(sha)
        tar = tarfile.open(fileobj=file, mode="w")  # noqa: SIM115 - closing it would end the tar
        if history is not None:
            history(tar)
        if links:
            self._graft(tar, source, sha, links, prefix="", depth=1)
        self._add(file, source, sha, prefix="")
        file.seek(0)

    def _graft(
        self, tar: tarfile.TarFile, source: Source, sha: str, links: dict[str, str], *, prefix: str,
        depth: int,
    ) -> None:  # fmt: skip
        urls = submodule_urls(source.read(sha, ".gitmodules") or b"", source.url)
        if missing := sorted(links.keys() - urls.keys()):
            msg = f"commit {sha[:7]} has submodules that .gitmodules does not name: {missing}"
            raise RepositoryRefused(msg, advice="add them with `git submodule add`, or remove them")
        for path, pinned in sorted(links.items()):
            self._count(f"{prefix}{path}", depth)
            other = _opened(source, urls[path], path)
            with _of_submodule(path, other), tempfile.TemporaryFile(dir=self._folder) as part:
                inner = other.links(pinned)
                self._add(part, other, pinned, prefix=f"{prefix}{path}/")
                part.seek(0)
                _copy(part, tar)
            if inner:
                below = f"{prefix}{path}/"
                self._graft(tar, other, pinned, inner, prefix=below, depth=depth + 1)

    def _count(self, path: str, depth: int) -> None:
        if depth > DEEPEST:
            msg = f"{path} is a submodule in more than {DEEPEST} others"
            raise RepositoryTooLarge(msg, advice="include what is needed from further up")
        self._submodules += 1
        if self._submodules > MOST_SUBMODULES:
            msg = f"{path} is one submodule more than the {MOST_SUBMODULES} that a commit may have"
            advice = "does a submodule include itself? put what several need into one place"
            raise RepositoryTooLarge(msg, advice=advice)

    def _add(self, file: IO[bytes], source: Source, sha: str, *, prefix: str) -> None:
        before = file.tell()
        try:
            source.pack(file, sha, prefix=prefix, most=self._left)
        except GitOutputTooLarge as error:
            msg = f"the files of the commit come to more than {self._most >> 20} MiB"
            if prefix:
                msg += f", with the submodule {prefix.rstrip('/')}"
            raise RepositoryTooLarge(msg, advice="keep large files somewhere else") from error
        self._left -= file.tell() - before


def _opened(source: Source, url: str, path: str) -> Source:
    try:
        return source.submodule(url)
    except RepositoryRefused as error:
        msg = f"submodule {path}: {error.message}"
        raise RepositoryRefused(msg, advice=error.advice) from error


@contextmanager
def _of_submodule(path: str, source: Source) -> Iterator[None]:
    """Say in which submodule something is wrong, and how it could be read."""
    try:
        yield
    except (RefNotFound, RepositoryRefused) as error:
        advice = error.advice
        if source.is_public:
            advice = (
                "it is read without credentials; if it needs some, name its URL, or a beginning of "
                "it, and a connection under `submodules` of the project file's `repository`"
            )
        msg = f"submodule {path}: {error.message}"
        raise type(error)(msg, advice=advice) from error


def _copy(part: IO[bytes], tar: tarfile.TarFile) -> None:
    with tarfile.open(fileobj=part, mode="r|") as archive:
        for member in archive:
            tar.addfile(member, archive.extractfile(member) if member.isfile() else None)
            # Both remember each member, for a look that nobody takes.
            for one in (archive, tar):
                cast("Any", one).members.clear()


def _absolute(url: str, parent_url: str) -> str:
    if not url.startswith(("./", "../")):
        return url
    # urljoin knows only the schemes of the web; the scheme itself plays no part here.
    scheme, separator, rest = parent_url.partition("://")
    if not separator:
        msg = (
            f"submodule URL {url!r} is relative, and {parent_url!r} is not a URL it can start from"
        )
        raise RepositoryRefused(msg, advice="write the submodule's whole URL")
    return f"{scheme}{urljoin(f'http://{rest}/', url)[len('http') :]}"
