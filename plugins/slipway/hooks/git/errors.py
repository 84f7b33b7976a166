"""What it means that git failed at a server: whose fault it is, and what can be done.

A server that said something has answered, so nobody is told to wait for it; and what is not known
here is shown as git said it, under no name of ours.
"""

from __future__ import annotations

import re

from slipway.exceptions import (
    RepositoryDamaged,
    RepositoryRefused,
    RepositoryTooLarge,
    RepositoryUnreachable,
    RepositoryUnreadable,
    SlipwayError,
)
from slipway.hooks.git.command import GitCommandFailed
from slipway.hooks.git.confinement import MOST_MEMORY
from slipway.model.git.url import parse_url
from slipway.model.text.inert import visible

_REFUSED = re.compile(
    r"authentication failed|permission denied|host key verification failed|not found|"
    r"does not exist|repository not exported|not appear to be a git repository|access denied|"
    r"could not read username|terminal prompts disabled|transport|not our ref|"
    r"returned error: 4(?!08|29)\d\d",
    re.IGNORECASE,
)
_REDIRECTED = re.compile(r"returned error: 30[12378]")
# git-fsck(1) at the receiving end, and what a repository says that lacks, or cannot read, its own.
_FSCK = re.compile(r"fsck error")
_FSCK_OBJECT = re.compile(r"^error: object [0-9a-f]{40,64}: ")
_BROKEN = re.compile(
    r"repository corruption|object file \S+ is empty|object corrupt or missing|bad object|"
    r"unable to (?:read|unpack) (?:tree |sha1 )?[0-9a-f]{40}|missing (?:blob|tree|commit)|"
    r"could not read [0-9a-f]{40}|bad tree|not a valid object|unresolved deltas|collision|"
    r"inflate|packfile .* (?:cannot be accessed|corrupt)|pack is corrupt|"
    r"did not (?:send all necessary objects|receive expected object)",
    re.IGNORECASE,
)
_NAMED_OBJECT = re.compile(r"\b[0-9a-f]{40}(?:[0-9a-f]{24})?\b")
_NO_MEMORY = re.compile(r"^(?:fatal|error): (?:out of memory|mmap failed)", re.IGNORECASE)
_PLAIN_FILES = re.compile("dumb http transport")
_NO_ROOM = re.compile(r"no space left|disk quota|read-only file system", re.IGNORECASE)
_CERTIFICATE = re.compile(r"certificate|unable to get local issuer", re.IGNORECASE)
_AWAY = re.compile(
    r"could not resolve|name or service|unable to (?:access|connect|look up)|"
    r"connection (?:refused|timed out|reset|closed)|timed out|network is unreachable|no route to|"
    r"could ?n[o']t connect|failed to connect|hung up|early eof|longer than|rpc failed|"
    r"disconnect|broken pipe|kex_exchange|returned error: (?:5\d\d|408|429)|tls|gnutls|ssl_",
    re.IGNORECASE,
)
_ERROR = re.compile(r"^(?:remote|fatal|error|err):", re.IGNORECASE)
_QUOTED = re.compile(r"'[^']*'")
# What git adds to ssh's own words, where ssh ended without any.
_ENDED = re.compile(r"could not read from remote repository", re.IGNORECASE)
# Lines of git's, and characters of them, that anybody reads.
_MOST_LINES, _MOST_SAID = 3, 400


class _Said:
    """What git said, line by line.

    Signs are not looked for in the repository's own address: it may be called anything.

    :param url: the repository.
    :param stderr: what git said.
    :param own: without what the server said, which does not speak for our own git.
    """

    def __init__(self, url: str, stderr: str, *, own: bool = False) -> None:
        self._lines = [
            (_nameless(line, url), visible(line.strip("\0 \t\r"), _MOST_SAID))
            for line in stderr.splitlines()
            if line.strip() and not (own and line.startswith("remote:"))
        ]

    def why(self, sign: re.Pattern[str]) -> str | None:
        """Return the first line that shows a sign."""
        return next((shown for plain, shown in self._lines if sign.search(plain)), None)

    def begins_with(self, sign: re.Pattern[str]) -> str | None:
        """Return the first line where it shows a sign, so that nothing was said before it."""
        return next((shown for plain, shown in self._lines[:1] if sign.search(plain)), None)

    def __str__(self) -> str:
        """Return the first lines that call themselves errors, or the last one where none does."""
        errors = [shown for plain, shown in self._lines if _ERROR.match(plain)]
        last = [shown for _, shown in self._lines[-1:]]
        return "; ".join(errors[:_MOST_LINES] or last) or "nothing"


def remote_failure(url: str, error: GitCommandFailed) -> SlipwayError:
    """Tell a server that says no, or has what nobody wants, from one that does not answer.

    :param url: the repository, without credentials.
    :param error: what git said.
    """
    own, all_of_it = _Said(url, error.stderr, own=True), _Said(url, error.stderr)
    return (
        _of_this_worker(url, own)
        or _of_what_it_holds(url, own, all_of_it)
        or _of_its_answer(url, all_of_it)
        or _of_no_answer(url, all_of_it)
    )


def _of_this_worker(url: str, said: _Said) -> SlipwayError | None:
    if why := said.why(_NO_ROOM):
        return RepositoryUnreadable(
            f"{url} cannot be kept on this worker: {why}",
            advice="make room in the folder that `[slipway] git_mirrors` names",
        )
    if why := said.why(_NO_MEMORY):
        return RepositoryTooLarge(
            f"{url} holds what git needs more than {MOST_MEMORY >> 30} GiB of memory for: {why}",
            advice="find the large objects, and remove the branches and tags that hold them",
        )
    return None


def _of_what_it_holds(url: str, own: _Said, said: _Said) -> SlipwayError | None:
    if own.why(_FSCK):
        wrong = own.why(_FSCK_OBJECT) or str(own)
        return RepositoryDamaged(
            f"{url} holds what git's own check refuses: {wrong.removeprefix('error: ')}",
            advice="find the commit with `git fsck`, and remove the branches and tags that hold it",
        )
    if why := said.why(_BROKEN):
        return RepositoryDamaged(
            f"{url} is damaged where it is kept: {said.why(_NAMED_OBJECT) or why}",
            advice="run `git fsck` there, and push what is missing from a clone that has it",
        )
    return None


def _of_its_answer(url: str, said: _Said) -> SlipwayError | None:
    if why := said.why(_REDIRECTED):
        return RepositoryRefused(
            f"{url} sends us to another address, where credentials do not go along: {why}",
            advice="put the repository's new address into the project file",
        )
    if said.why(_PLAIN_FILES):
        return RepositoryRefused(
            f"{url} is served as plain files, where git checks nothing of what it gets",
            advice="let the server answer with `git http-backend`, or use ssh",
        )
    if why := said.why(_CERTIFICATE):
        return RepositoryRefused(
            f"{url} shows no certificate that this worker believes: {why}",
            advice="let GIT_SSL_CAINFO name its authority's certificate, for the workers",
        )
    if why := said.why(_REFUSED):
        return RepositoryRefused(
            f"{url} refused us: {why}",
            advice="check the repository's URL and the connection named in the project file",
        )
    return None


def _of_no_answer(url: str, said: _Said) -> SlipwayError:
    if why := said.why(_AWAY) or said.begins_with(_ENDED):
        return RepositoryUnreachable(
            f"{url} does not answer: {why}",
            advice="nothing, if the server is coming back: the task tries again by itself",
        )
    return RepositoryUnreadable(
        f"git cannot read {url}, and says: {said}",
        advice="try `git ls-remote` and `git clone` with this URL on the worker",
    )


def _nameless(line: str, url: str) -> str:
    """Leave out the repository's address, whole and in parts, and whatever is quoted."""
    line = _QUOTED.sub("''", line).replace(url, "")
    try:
        address = parse_url(url)
    except ValueError:
        return line
    for part in (address.path, address.path.lstrip("/"), address.host):
        if any(sign in part[:-1] for sign in "/."):  # a bare word may be one of git's own
            line = line.replace(part, "")
    return line
