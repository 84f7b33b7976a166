"""What hosts tell of pull requests, a page at a time; whatever is not as it should be is refused.

A pull request is anybody's: one that cannot be understood is left out, and the others go on.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from slipway.exceptions import ForgeRefused, ForgeUnavailable
from slipway.model.forge.pull_request import PullRequest, PullRequestState
from slipway.model.git.ref_name import is_ref_name

# Pull requests of a page, whose descriptions may be long; pages that are read; bytes of a page.
PER_PAGE, MOST_PAGES, MOST_BYTES = 20, 50, 32 << 20
# Seconds for all pages: a repository's commits wait for them.
MOST_SECONDS = 45.0
_SHA = re.compile(r"[0-9a-f]{12}(?:[0-9a-f]{28})?")
_HEADS = "refs/heads/"
# Characters that are kept of a title, and of a name.
_TITLE, _NAME = 500, 250
# The words of all hosts for what is not open any more; GitLab's `locked` is about to be merged.
_STATES = {
    "merged": PullRequestState.MERGED,
    "declined": PullRequestState.DECLINED,
    "superseded": PullRequestState.DECLINED,
    "closed": PullRequestState.CLOSED,
}

Json = Mapping[str, Any]


def read_pages(page: Callable[[int], tuple[Any, int | None]], first: int = 1) -> Iterator[Json]:
    """Give the objects of a list that comes in pages.

    :param page: asks for one; returns what is on it, and the next one's number, if there is one.
    :param first: the number of the first page.
    :raises ForgeRefused: when it is none of that.
    :raises ForgeUnavailable: when all of it together takes too long.
    """
    number: int | None = first
    until = time.monotonic() + MOST_SECONDS
    for _ in range(MOST_PAGES):
        if number is None:
            return
        if time.monotonic() > until:
            msg = f"the host takes more than {MOST_SECONDS:g} s to list its pull requests"
            raise ForgeUnavailable(msg)
        found, number = page(number)
        if not isinstance(found, list):
            msg = "the host answers with something that is no list of pull requests"
            raise ForgeRefused(msg, advice="is that the server itself? see `forge_url`")
        yield from (one for one in found if isinstance(one, dict))


def understood(
    found: Iterable[Json], read: Callable[[Json], PullRequest | None]
) -> list[PullRequest]:
    """Return the pull requests that can be understood, the oldest first.

    :param found: as the host tells of them.
    :param read: understands one; None where it cannot.
    """
    known = {one.number: one for each in found if (one := read(each)) is not None}
    return [known[number] for number in sorted(known)]


def made(
    *,
    number: Any,
    sha: Any,
    branch: Any,
    source: Any,
    fork: bool,
    origin: str = "",
    title: Any = "",
    author: Any = "",
    draft: Any = False,
) -> PullRequest | None:
    """Make a pull request of what a host says; None where it does not say what counts.

    :param number: as the host gives it.
    :param sha: of its newest commit, as the host gives it.
    :param branch: short, or in full.
    :param source: likewise.
    :param fork: its branch is of another repository.
    :param origin: that repository, for people.
    :param title: a stranger's words.
    :param author: a stranger's name, as the host has it.
    :param draft: it is not meant to be merged yet.
    """
    target = branch.removeprefix(_HEADS) if isinstance(branch, str) else ""
    if type(number) is not int or not 0 < number < 10**12:
        return None
    if not isinstance(sha, str) or _SHA.fullmatch(sha) is None:
        return None
    if not is_ref_name(target):
        return None
    return PullRequest(
        number=number,
        sha=sha,
        branch=target,
        source=_text(source, _NAME).removeprefix(_HEADS),
        fork=fork,
        origin=origin,
        title=_text(title, _TITLE),
        author=_text(author, _NAME),
        draft=draft is True,
    )


def state_of(found: Any) -> PullRequestState:
    """Understand what a host says of one pull request, whichever host it is.

    :param found: the pull request; None where the host knows none of its number.
    """
    if found is None:
        return PullRequestState.GONE
    if at(found, "merged") is True or isinstance(at(found, "merged_at"), str):
        return PullRequestState.MERGED
    word = at(found, "state")
    return _STATES.get(word.lower() if isinstance(word, str) else "", PullRequestState.OPEN)


def at(found: Any, *names: str) -> Any:
    """Return what is at a place within objects; None where there is nothing.

    :param found: of a host's answer.
    :param names: the keys on the way.
    """
    for name in names:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def other(one: Any, another: Any) -> bool:
    """Tell whether two repositories, by their ids, are not known to be the same.

    :param one: an id.
    :param another: an id.
    """
    return type(one) not in (int, str) or one in (0, "") or one != another


def listed(found: Any) -> list[Any]:
    """Return a list; an empty one of anything else.

    :param found: of a host's answer.
    """
    return found if isinstance(found, list) else []


def _text(found: Any, most: int) -> str:
    """Return what a variable, a database and a page can hold of a text."""
    text = found[:most] if isinstance(found, str) else ""
    return text.replace("\0", "").encode(errors="replace").decode()
