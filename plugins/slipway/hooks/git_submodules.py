"""Submodules: the part of a commit's tree that lives in other repositories."""

from __future__ import annotations

import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol, cast
from urllib.parse import urljoin

from slipway.exceptions import RefNotFound, RepositoryRefused, RepositoryTooLarge
from slipway.hooks.git_command import GitCommandFailed, GitOutputTooLarge, git

# Submodules of submodules, and all of a commit's together: more than anybody has on purpose.
DEEPEST = 8
MOST_SUBMODULES = 200
# Submodules that a .gitmodules names, of which some may be gone.
MOST_NAMED = 1000
# Bytes of a .gitmodules, and of what it comes to.
MOST_GITMODULES, _MOST_SETTINGS = 1 << 20, 4 << 20


def submodule_urls(gitmodules: bytes, parent_url: str) -> dict[str, str]:
    """Map each submodule's path to its URL.

    :param gitmodules: the content of ``.gitmodules``.
    :param parent_url: relative URLs (``../lib.git``) are resolved against it.
    :raises RepositoryRefused: when the file cannot be read.
    :raises RepositoryTooLarge: when it is over a limit, which is named.
    """
    if len(gitmodules) > MOST_GITMODULES:
        msg = f".gitmodules is larger than {MOST_GITMODULES >> 10} KiB"
        raise RepositoryTooLarge(msg, advice="name only the submodules that there are")
    sections: dict[str, dict[str, str]] = {}
    for key, value in _settings(gitmodules):
        section, _, name = key.rpartition(".")
        if name not in ("path", "url"):
            continue
        sections.setdefault(section, {})[name] = value
        if len(sections) > MOST_NAMED:
            msg = f".gitmodules names more than the {MOST_NAMED} submodules that it may"
            raise RepositoryTooLarge(msg, advice="name only the submodules that there are")
    return {
        section["path"]: _absolute(section["url"], parent_url)
        for section in sections.values()
        if "path" in section and "url" in section
    }


def _settings(gitmodules: bytes) -> Iterator[tuple[str, str]]:
    """Read the file as git does, which prints a section's whole name before each of its keys.

    :raises RepositoryRefused: when git cannot read it.
    :raises RepositoryTooLarge: when its names come to too much.
    """
    with tempfile.NamedTemporaryFile() as file:
        file.write(gitmodules)
        file.flush()
        listing = ("config", "--file", file.name, "--no-includes", "--null", "--list")
        try:
            listed = git(*listing, most=_MOST_SETTINGS)
        except GitOutputTooLarge as error:
            msg = f"the settings of .gitmodules come to more than {_MOST_SETTINGS >> 20} MiB"
            raise RepositoryTooLarge(msg, advice="give its sections shorter names") from error
        except GitCommandFailed as error:
            said = error.stderr.replace(file.name, ".gitmodules")
            msg = ".gitmodules cannot be read"
            raise RepositoryRefused(msg, advice=said) from error
    for setting in listed.decode(errors="replace").split("\0"):
        key, separator, value = setting.partition("\n")
        if separator:  # what has none was written without a value
            yield key, value


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
