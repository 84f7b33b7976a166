"""A bare mirror of one repository, as a cache on this worker.

The mirror is only ever a cache: every method fetches what it lacks, so a task may land on a
worker that has never seen the repository.
"""

from __future__ import annotations

import difflib
import fcntl
import hashlib
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from slipway.exceptions import RefNotFound, RepositoryRefused
from slipway.hooks.git_command import GitCommandFailed, git, remote_failure
from slipway.hooks.git_submodules import graft, submodule_urls
from slipway.hooks.git_workspace import with_history

Credentials = Callable[[], AbstractContextManager[Mapping[str, str]]]

_SHA = re.compile(r"[0-9a-f]{40}")
_ABBREVIATED = re.compile(r"[0-9a-f]{7,39}")
# git-check-ref-format(1), and no leading dash.
_REF = re.compile(r"(?!-)(?!.*(\.\.|@\{|//|\.lock$|\.$|/$))[^\x00-\x20~^:?*\[\\\x7f]{1,250}")
_RELEASE_TAG = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")
# Bytes of history that are worth carrying into every run, and the commits that go along where
# there are more and nobody said how many.
_LARGE, _SHALLOW = 200 << 20, 50
_ALLOWED_URL = re.compile(r"(https?|ssh|git)://[^\s]+|[\w.-]+@[\w.-]+:[^\s]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    """What git knows of one commit; the message is the whole message."""

    sha: str
    parent: str | None
    author_name: str
    author_email: str
    committed_at: int
    message: str


class GitMirror:
    """One repository.

    :param url: https, http, ssh or git; other transports are refused.
    :param root: the folder that holds this worker's mirrors.
    :param credentials: opens the credentials for one command as environment variables.
    :raises RepositoryRefused: when the URL is of another kind.
    """

    def __init__(self, *, url: str, root: Path, credentials: Credentials | None = None) -> None:
        if not _ALLOWED_URL.fullmatch(url):
            msg = f"{url!r} is not a repository URL that Slipway follows"
            raise RepositoryRefused(msg, advice="use an https, ssh or git URL")
        self.url = url
        self._root = root
        self._credentials: Credentials = credentials or (lambda: nullcontext({}))
        self._path = root / f"{hashlib.sha256(url.encode()).hexdigest()[:16]}.git"

    def resolve(self, ref: str) -> str:
        """Find the commit that a branch, tag or sha names now.

        :param ref: a branch (tried first), a tag, a full ref or a sha of 7 digits or more.
        :raises RefNotFound: when the repository has no such thing.
        :raises RepositoryUnreachable: when the server does not answer.
        """
        if not _REF.fullmatch(ref):
            msg = f"{ref!r} cannot be a ref"
            raise RefNotFound(msg, advice="give a branch, a tag or a sha")
        if _SHA.fullmatch(ref) and self._has(ref):
            return ref
        self.fetch()
        for name in (f"refs/heads/{ref}", f"refs/tags/{ref}", ref):
            if name == ref and not (ref.startswith("refs/") or _ABBREVIATED.fullmatch(ref)):
                continue
            if sha := self._peel(name):
                return sha
        if _SHA.fullmatch(ref):
            self._require(ref)
            return ref
        msg = f"{self.url} has no branch, tag or commit {ref!r}"
        raise RefNotFound(msg, advice=self._nearest(ref))

    def is_branch(self, ref: str) -> bool:
        """Tell whether a ref that was resolved names a branch."""
        return self._peel(f"refs/heads/{ref.removeprefix('refs/heads/')}") is not None

    def is_tag(self, ref: str) -> bool:
        """Tell whether a ref that was resolved names a tag; a branch of that name goes first."""
        name = ref.removeprefix("refs/tags/")
        return not self.is_branch(ref) and self._peel(f"refs/tags/{name}") is not None

    def head(self, branch: str) -> str | None:
        """Ask the server for a branch's newest commit, without fetching it.

        :param branch: the branch's name.
        :raises RepositoryUnreachable: when the server does not answer.
        """
        if not _REF.fullmatch(branch):
            return None
        answer = self._remote("ls-remote", "--", self.url, f"refs/heads/{branch}").decode()
        return answer.split("\t")[0] if answer else None

    def commits_since(self, old: str, new: str) -> list[str]:
        """List the commits after ``old`` up to ``new`` on the main line, oldest first.

        After a rewritten history, where ``old`` is no ancestor, that is ``new`` alone.
        """
        self._require(new)
        if not self._has(old) or not self._is_ancestor(old, new):
            return [new]
        span = f"{old}..{new}"
        return self._local("rev-list", "--first-parent", "--reverse", span).decode().split()

    def precedes(self, older: str, newer: str) -> bool:
        """Tell whether a commit is among another's ancestors; one that is gone precedes nothing."""
        self.fetch()
        return older != newer and self._is_ancestor(older, newer)

    def commit(self, sha: str) -> Commit:
        """Read one commit.

        :param sha: as :meth:`resolve` returned it.
        """
        self._require(sha)
        layout = "%H%x00%P%x00%an%x00%ae%x00%ct%x00%B"
        raw = self._local("show", "-s", f"--format={layout}", sha)
        fields = raw.decode(errors="replace").rstrip("\n").split("\0", 5)
        return Commit(
            sha=fields[0], parent=fields[1].split(" ")[0] or None, author_name=fields[2],
            author_email=fields[3], committed_at=int(fields[4]), message=fields[5].strip(),
        )  # fmt: skip

    def version(self, sha: str) -> str:
        """Name a commit so that names sort as the history does.

        The highest release tag among the ancestors (``v1.4.0``), the commits since, the sha:
        ``1.4.0+42.g3f2a1b7``; ``0.0.0`` stands in while there is no tag. A descendant never has
        a lower tag, and at the same tag it has more commits, so its version is higher.
        """
        self._require(sha)
        tags = self._local("tag", "--merged", sha).decode().split()
        releases = [(match, tag) for tag in tags if (match := _RELEASE_TAG.fullmatch(tag))]
        if not releases:
            number, span = "0.0.0", sha
        else:
            match, tag = max(releases, key=lambda release: [int(n) for n in release[0].groups()])
            number, span = ".".join(match.groups()), f"refs/tags/{tag}..{sha}"
        count = self._local("rev-list", "--count", span).decode().strip()
        return f"{number}+{count}.g{sha[:7]}"

    def archive(self, sha: str, *paths: str) -> bytes:
        """Pack the tree of a commit, or some paths of it, as a tar.

        Files carry the commit's time, so equal commits give equal bytes.

        :param sha: as :meth:`resolve` returned it.
        :param paths: relative to the top; all where none is given.
        :raises RepositoryRefused: when a path is not in the commit.
        """
        self._require(sha)
        for path in paths:
            if self._type(sha, path) is None:
                msg = f"commit {sha[:7]} has no {path}"
                raise RepositoryRefused(msg, advice="correct the path in the project file")
        tree = self._local("archive", "--format=tar", sha, "--", *paths)
        submodules = {} if paths else self._submodules(sha)
        return graft(tree, submodules) if submodules else tree

    def workspace(self, sha: str, *, branch: str, depth: int = 0) -> bytes:
        """Pack the tree of a commit and its history, as a clone would have them.

        :param sha: as :meth:`resolve` returned it.
        :param branch: the branch that is checked out.
        :param depth: commits of history; 0 is all, unless that is very large.
        """
        tree = self.archive(sha)
        if depth == 0 and self._size() > _LARGE:
            depth = _SHALLOW
        return with_history(tree, self._path, sha, url=self.url, branch=branch, depth=depth)

    def _size(self) -> int:
        """Return the bytes of everything that the mirror holds, packed."""
        counts = dict(
            line.split(": ") for line in self._local("count-objects", "-v").decode().splitlines()
        )
        return (int(counts["size-pack"]) + int(counts["size"])) * 1024

    def read(self, sha: str, path: str) -> bytes | None:
        """Return one file of a commit, or None where there is no such file."""
        self._require(sha)
        if self._type(sha, path) != "blob":
            return None
        return self._local("cat-file", "blob", f"{sha}:{path}")

    def fetch(self) -> None:
        """Bring every branch and tag up to date.

        :raises RepositoryUnreachable: when the server does not answer.
        :raises RepositoryRefused: when it says no.
        """
        with self._locked():
            self._prepare()
            refspecs = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
            self._remote("fetch", "--prune", "--quiet", "--", self.url, *refspecs)

    def _submodules(self, sha: str) -> dict[str, Callable[[], bytes]]:
        """Map the path of each submodule to a function that packs the commit it is pinned to."""
        entries = self._local("ls-tree", "-r", "-z", sha).decode(errors="replace").split("\0")
        links = (entry.split("\t", 1) for entry in entries if entry.startswith("160000 "))
        pinned = {path: meta.split(" ")[2] for meta, path in links}
        if not pinned:
            return {}
        urls = submodule_urls(self.read(sha, ".gitmodules") or b"", self.url)
        if missing := sorted(pinned.keys() - urls.keys()):
            msg = f"commit {sha[:7]} has submodules that .gitmodules does not name: {missing}"
            raise RepositoryRefused(msg, advice="add them with `git submodule add`, or remove them")
        return {path: partial(self._other(urls[path]).archive, pinned[path]) for path in pinned}

    def _other(self, url: str) -> GitMirror:
        return GitMirror(url=url, root=self._root, credentials=self._credentials)

    def _require(self, sha: str) -> None:
        """Make sure that a commit is here; servers may also give one that no branch reaches."""
        if self._has(sha):
            return
        self.fetch()
        if self._has(sha):
            return
        try:
            with self._locked():
                self._remote("fetch", "--quiet", "--", self.url, sha)
        except RepositoryRefused:
            pass  # said better below
        if not self._has(sha):
            msg = f"{self.url} has no commit {sha}"
            raise RefNotFound(msg, advice="was the branch rewritten? push the commit again")

    def _prepare(self) -> None:
        if (self._path / "info" / "attributes").exists():
            return
        git("init", "--bare", "--quiet", "--", str(self._path))
        # gitattributes(5): info/attributes wins over the tree's. Without it a commit could hide
        # files from its own tests with export-ignore, or rewrite them with export-subst.
        (self._path / "info").mkdir(exist_ok=True)
        (self._path / "info" / "attributes").write_text("* -export-ignore -export-subst -filter\n")

    def _has(self, sha: str) -> bool:
        return self._path.exists() and self._try("cat-file", "-e", f"{sha}^{{commit}}") is not None

    def _peel(self, name: str) -> str | None:
        found = self._try(
            "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"
        )
        return found.decode().strip() if found else None

    def _type(self, sha: str, path: str) -> str | None:
        found = self._try("cat-file", "-t", f"{sha}:{path}")
        return found.decode().strip() if found else None

    def _is_ancestor(self, old: str, new: str) -> bool:
        return self._try("merge-base", "--is-ancestor", old, new) is not None

    def _nearest(self, ref: str) -> str:
        names = self._local("for-each-ref", "--format=%(refname:lstrip=2)").decode().split()
        near = difflib.get_close_matches(ref, names, n=1)
        return f"did you mean {near[0]!r}?" if near else "push it, or give another ref"

    def _try(self, *arguments: str) -> bytes | None:
        try:
            return self._local(*arguments)
        except GitCommandFailed:
            return None

    def _local(self, *arguments: str) -> bytes:
        return git(*arguments, cwd=self._path)

    def _remote(self, *arguments: str) -> bytes:
        cwd = self._path if self._path.exists() else Path(tempfile.gettempdir())
        try:
            with self._credentials() as environment:
                return git(*arguments, cwd=cwd, environment=environment)
        except GitCommandFailed as error:
            raise remote_failure(self.url, error) from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One fetch at a time: two would fail each other on git's own lock files."""
        self._root.mkdir(parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
