"""The commits that news are about, and their order: as far as it can be found out in passing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from slipway.exceptions import RecordRefused, ReleaseNotFound
from slipway.hooks.git.connection import git_mirror
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.model.facts import Checkout
from slipway.model.git.repository import Repository
from slipway.model.news.memory import Result
from slipway.model.news.note import NewsCommit
from slipway.model.text.inert import brief
from slipway.policies.news import is_behind

# Commits that a message names, and those that are counted.
_NAMED, _COUNTED = 20, 500
# Seconds that a task gives to git: a worker that has never seen the repository would fetch it.
PATIENCE = 1.0
_Found = TypeVar("_Found")


def in_time(found: Callable[[], _Found], otherwise: _Found, seconds: float) -> _Found:
    """Return what is found in time; something else where it takes longer, or fails.

    :param found: finds it.
    :param otherwise: what is returned else.
    :param seconds: that it may take.
    """
    answer: list[_Found] = []

    def look() -> None:
        try:
            answer.append(found())
        except Exception:
            return  # whatever it is, the news are told without it

    thread = threading.Thread(target=look, name="news-commits", daemon=True)
    thread.start()
    thread.join(seconds)
    return answer[0] if answer else otherwise


def commits_of(
    repository: Repository, old: str, checkout: Checkout | None, sha: str, seconds: float = PATIENCE
) -> tuple[tuple[NewsCommit, ...], int]:
    """Return the commits after one up to another, the newest first, and how many more there are.

    :param repository: that they are in.
    :param old: the sha before the range; empty for the one commit alone.
    :param checkout: of the newest, as it is on record; None where it is not.
    :param sha: of the newest.
    :param seconds: that git may take; without it the newest commit alone is known.
    """
    own: tuple[NewsCommit, ...] = (_own(checkout),) if checkout is not None else ()
    if not sha:
        return own, 0

    def look() -> tuple[tuple[NewsCommit, ...], int]:
        mirror = git_mirror(repository.url, repository.connection)
        every = mirror.commits_between(old, sha, _COUNTED)
        read = (mirror.commit(one) for one in every[:_NAMED])
        named = tuple(
            NewsCommit(
                sha=one.sha,
                title=brief(one.message),
                author=one.author_name,
                email=one.author_email,
            )
            for one in read
        )
        return named, len(every) - len(named)

    return in_time(look, (own, 0), seconds)


def is_late(repository: Repository, result: Result, last: Result | None) -> bool:
    """Tell whether a commit came before the one that counted last: by ancestry, never by a clock.

    Where git cannot say in time, it is by their places on the branch, as they were noted.

    :param repository: that both are in.
    :param result: of the commit.
    :param last: what counted last.
    """
    if last is None or last.sha == result.sha:
        return False
    before = last.sha

    def look() -> bool:
        mirror = git_mirror(repository.url, repository.connection)
        return mirror.precedes(result.sha, before)

    return in_time(look, is_behind(result, last), PATIENCE)


def checkout_of(store: ArtifactStore, project: str, version: str) -> Checkout | None:
    """Return what the catalogue has of a release's commit; None where it does not know it.

    :param store: the artifact store.
    :param project: the project's name.
    :param version: the release.
    """
    try:
        return ReleaseCatalogue(store).find(project, version).checkout if version else None
    except (ReleaseNotFound, RecordRefused):
        return None


def _own(checkout: Checkout) -> NewsCommit:
    return NewsCommit(
        sha=checkout.release.sha,
        title=brief(checkout.message),
        author=checkout.author_name,
        email=checkout.author_email,
    )
