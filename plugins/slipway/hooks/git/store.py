"""A bare repository that follows another one, on this worker, for one reader of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from slipway.exceptions import (
    RefNotFound,
    RepositoryRefused,
    RepositoryTooLarge,
    RepositoryUnreachable,
    SlipwayError,
)
from slipway.hooks.git.command import MOST_OUTPUT, TIMEOUT, GitCommandFailed, GitOutputTooLarge, git
from slipway.hooks.git.credentials import Credentials
from slipway.hooks.git.errors import remote_failure
from slipway.hooks.git.folder import locked, mirror_path, own_folder, remove_shared
from slipway.hooks.git.refs import LISTED, of_ls_remote
from slipway.model.event import HEADS, TAGS
from slipway.model.git.url import parse_url

# Seconds in which a server says what its refs are; a poll that asks many of them waits for each.
ANSWER = 20.0
# Branches and tags, each of which is a file of the mirror.
MOST_REFS = 50_000
# All of the history, as it comes without. But a web server that hands out plain files knows no
# depth, so git refuses it; of such files fetch.fsckObjects checks none.
_SMART_ALONE = "--depth=2147483647"
# What a server says that has no such commit.
_NO_SUCH = "not our ref"


class MirrorStore:
    """Where a mirror lies, and how it is kept.

    :param url: the repository.
    :param root: the folder of mirrors.
    :param credentials: who reads it.
    :raises RepositoryRefused: when the URL is of a kind that is not followed.
    """

    def __init__(self, *, url: str, root: Path, credentials: Credentials) -> None:
        try:
            self._web = parse_url(url).scheme in ("http", "https")
        except ValueError as error:
            said, _, advice = str(error).partition("; ")
            raise RepositoryRefused(said, advice=advice) from None
        self.url = url
        self.root = root
        self.path = mirror_path(root, url, credentials.identity)
        self._credentials = credentials

    def fetch(self, *refs: str) -> None:
        """Bring every branch and tag up to date, and nothing else: no ref of a fork's.

        :param refs: in full; these alone.
        :raises RepositoryTooLarge: when there are more than ``MOST_REFS``.
        :raises RepositoryDamaged: when they hold what git's own check refuses.
        :raises RepositoryUnreachable: when the server does not answer.
        :raises RepositoryRefused: when it says no.
        :raises MirrorsUnsafe: when the mirrors' folder is not ours alone.
        """
        if not refs:
            self._count_refs()
        wanted = refs or (f"{HEADS}*", f"{TAGS}*")
        refspecs = [f"+{ref}:{ref}" for ref in wanted]
        with locked(self._prepared()):
            self._fetch(*refspecs, options=("--prune",))

    def require(self, sha: str, *, ref: str = "") -> None:
        """Make sure that a commit is here; servers may also give one that no branch reaches.

        Which commits may be delivered was decided when the name was looked up; by now the branch
        may have been rewritten, and what was tested is still what is built.

        :param sha: the commit, in full.
        :param ref: in full, that is asked for before all others, where it is likely to lead there.
        :raises RefNotFound: when the server has no such commit.
        :raises RepositoryUnreachable: when the server does not answer.
        """
        if self.has(sha) or (ref and self._fetch_first(ref, sha)):
            return
        refused = self._fetch_around(sha)
        if self.has(sha):
            return
        if refused is not None:
            raise refused
        msg = f"{self.url} has no commit {sha}"
        raise RefNotFound(msg, advice="was the branch rewritten? push the commit again")

    def _fetch_first(self, ref: str, sha: str) -> bool:
        """Fetch one ref, and tell whether it brought a commit: mostly all that there is to do.

        :raises RepositoryUnreachable: when the server does not answer.
        """
        try:
            self.fetch(ref)
        except RepositoryUnreachable:
            raise
        except SlipwayError:
            return False  # it may be in the way of another here, which a whole fetch removes
        return self.has(sha)

    def _fetch_around(self, sha: str) -> RepositoryRefused | None:
        """Fetch all, and the commit by itself where that did not bring it.

        What stops the first may be of some other branch, so the second is asked for in any case.

        :returns: what the server said where it would give us nothing at all.
        """
        whole: SlipwayError | None = None
        try:
            self.fetch()
        except SlipwayError as error:
            whole = error
        if self.has(sha):
            return None
        try:
            with locked(self._prepared()):
                self._fetch(sha)
        except RepositoryRefused as error:
            nothing = isinstance(whole, RepositoryRefused) and _NO_SUCH not in error.message
            return error if nothing else None
        return None

    def fetch_unnamed(self, ref: str) -> None:
        """Bring what a ref leads to, without a name for it here.

        :param ref: in full.
        :raises RepositoryUnreachable: when the server does not answer.
        :raises RepositoryRefused: when it says no, or has no such ref.
        """
        with locked(self._prepared()):
            self._fetch(ref)

    def size(self) -> int:
        """Return the bytes of all objects that are here."""
        if not self.path.exists():
            return 0
        lines = self.local("count-objects", "-v").decode().splitlines()
        counts = dict(line.split(": ") for line in lines)
        return (int(counts["size-pack"]) + int(counts["size"])) * 1024

    def remove(self) -> None:
        """Remove the mirror; whoever reads it meanwhile fetches what it lacks when it tries again.

        :raises MirrorsUnsafe: when the mirrors' folder is not ours alone.
        """
        own_folder(self.root)
        with locked(self.path):
            shutil.rmtree(self.path, ignore_errors=True)

    def beside(self, url: str, credentials: Credentials) -> MirrorStore:
        """Return a store that keeps what it fetches from another server in this one's folder.

        :param url: of a fork.
        :param credentials: who reads it.
        :raises RepositoryRefused: when the URL is of a kind that is not followed.
        """
        other = MirrorStore(url=url, root=self.root, credentials=credentials)
        other.path = self.path
        return other

    def refs(self) -> dict[str, str]:
        """Map each branch and tag of the mirror, in full, to what it points to."""
        if not self.path.exists():
            return {}
        return of_ls_remote(self.local("for-each-ref", LISTED, HEADS, TAGS))

    def forget(self, refs: Iterable[str]) -> None:
        """Remove refs from the mirror that the repository has no more.

        :param refs: in full.
        """
        gone = "".join(f"delete {ref}\0\0" for ref in refs)
        if not gone:
            return
        with locked(self._prepared()), suppress(GitCommandFailed):
            given = gone.encode(errors="surrogateescape")
            git("update-ref", "--stdin", "-z", cwd=self.path, given=given)

    def has(self, sha: str) -> bool:
        """Tell whether a commit is here."""
        return self.is_there() and self.attempt("cat-file", "-e", f"{sha}^{{commit}}") is not None

    def is_there(self) -> bool:
        """Tell whether there is a mirror.

        :raises MirrorsUnsafe: when the mirrors' folder is not ours alone.
        """
        if not self.path.exists():
            return False
        own_folder(self.root)
        return True

    def local(self, *arguments: str, most: int = MOST_OUTPUT) -> bytes:
        """Run git in the mirror; it may print ``most`` bytes.

        :raises GitCommandFailed: when it fails.
        """
        return git(*arguments, cwd=self.path, most=most)

    def attempt(self, *arguments: str) -> bytes | None:
        """Run git in the mirror; None when it fails."""
        try:
            return self.local(*arguments)
        except GitCommandFailed:
            return None

    def list_refs(
        self,
        *patterns: str,
        keep: Callable[[str], bool] | None = None,
        options: tuple[str, ...] = ("--heads", "--tags", "--refs"),
    ) -> dict[str, str]:
        """Ask the server what its refs point to, without fetching anything.

        :param patterns: of refs in full; git matches them with the ends of names.
        :param keep: says of a name that fits whether it is wanted: whoever may push any branch may
            make as many that end in another's name as nobody can read.
        :param options: of git-ls-remote(1), which refs it lists and how.
        :raises RepositoryUnreachable: when the server does not answer soon.
        :raises RepositoryRefused: when it says no.
        :raises RepositoryTooLarge: when it has more than anybody reads.
        """
        arguments = ("ls-remote", *options, "--", self.url, *patterns)
        try:
            answer = self.remote(*arguments, limit=ANSWER, most=MOST_OUTPUT, keep=_of_lines(keep))
            return of_ls_remote(answer)
        except GitOutputTooLarge as error:
            msg = f"{self.url} has more branches and tags than fit into {MOST_OUTPUT >> 20} MiB"
            raise RepositoryTooLarge(msg, advice="remove those that nobody needs") from error

    def remote(
        self,
        *arguments: str,
        limit: float = TIMEOUT,
        most: int = MOST_OUTPUT,
        keep: Callable[[bytes], bool] | None = None,
    ) -> bytes:
        """Run git with the credentials.

        :param arguments: of git, the subcommand first.
        :param limit: seconds that it may take.
        :param most: bytes that it may print.
        :param keep: says of each line that it prints whether it is wanted.
        :raises GitOutputTooLarge: when it prints more.
        :raises RepositoryUnreachable: when the server does not answer.
        :raises RepositoryRefused: when it says no.
        """
        cwd = self.path if self.path.exists() else own_folder(self.root)
        try:
            with self.login() as environment:
                return git(
                    *arguments, cwd=cwd, environment=environment, limit=limit, most=most, keep=keep
                )
        except GitOutputTooLarge:
            raise
        except GitCommandFailed as error:
            raise remote_failure(self.url, error) from error

    def login(self) -> AbstractContextManager[Mapping[str, str]]:
        """Open the credentials, as settings in the environment of one command of git's or ssh's."""
        return self._credentials.opened(self.path.with_suffix(".known_hosts"))

    def _fetch(self, *refspecs: str, options: tuple[str, ...] = ()) -> None:
        if self._web:
            options = (*options, _SMART_ALONE)
        self.remote("fetch", "--no-tags", "--quiet", *options, "--", self.url, *refspecs)

    def _count_refs(self) -> None:
        count = len(self.list_refs())
        if count > MOST_REFS:
            msg = f"{self.url} has {count} branches and tags, more than {MOST_REFS}"
            raise RepositoryTooLarge(msg, advice="remove those that nobody needs")

    def _prepared(self) -> Path:
        own_folder(self.root)
        attributes = self.path / "info" / "attributes"
        if attributes.exists():
            return self.path
        with locked(self.path):
            git("init", "--bare", "--quiet", "--template=", "--", str(self.path))
            # gitattributes(5): info/attributes wins over the tree's. Without it a commit could hide
            # files from its own tests with export-ignore, or rewrite them with export-subst.
            attributes.parent.mkdir(exist_ok=True)
            attributes.write_text("* -export-ignore -export-subst -filter\n")
        remove_shared(self.root, self.url)
        return self.path


def _of_lines(keep: Callable[[str], bool] | None) -> Callable[[bytes], bool] | None:
    """Ask about the names in the lines of git-ls-remote(1)."""
    if keep is None:
        return None
    return lambda line: keep(line.partition(b"\t")[2].decode(errors="surrogateescape"))
