"""Fetching what is delivered where the rest of a repository cannot be fetched.

Whoever may push any branch may push one that no worker can fetch: with objects that git's own
check refuses, a name that no file can bear, a name inside another's, or a hundred thousand of
them. None of these stops a branch that is delivered.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterable, Iterator

from slipway.exceptions import RepositoryTooLarge, SlipwayError
from slipway.hooks.git.commit_version import release_number
from slipway.hooks.git.store import MirrorStore
from slipway.model.event import HEADS, TAGS
from slipway.model.git.deliverable import Deliverable

_log = logging.getLogger(__name__)
# Delivered refs, and tags with a version's number, that are fetched by their names.
MOST_DELIVERED, MOST_RELEASES = 1000, 100
# Bytes of a part of a ref's name, and of the whole: a mirror's refs are files.
_LONGEST_PART, _LONGEST = 240, 1000


def fetch_for(store: MirrorStore, delivered: Deliverable | None) -> None:
    """Bring a mirror up to date; where not all of it can be, then what is delivered.

    :param store: the mirror.
    :param delivered: what counts; nothing takes the place of a whole fetch where it is None.
    :raises SlipwayError: when the server is away, or what is delivered cannot be fetched either.
    """
    try:
        store.fetch()
    except SlipwayError as error:
        if delivered is None:
            raise
        failure = error
    else:
        return
    for wanted in _fewer_and_fewer(_listed(store, delivered), delivered):
        store.forget(_in_the_way(store.refs(), wanted))
        try:
            store.fetch(*wanted)
        except SlipwayError as error:
            failure = error
        else:
            _log.warning("%s; only what is delivered is fetched", failure)
            return
    raise failure


def _listed(store: MirrorStore, delivered: Deliverable) -> list[str]:
    """List the refs that could be of use, and forget those delivered ones that are gone.

    :raises RepositoryUnreachable: when it was the server that failed, not what it holds.
    """
    patterns = [
        delivered.ref,
        *(f"{HEADS}{pattern}" for pattern in delivered.branches),
        *(f"{TAGS}{pattern}" for pattern in delivered.tags),
        f"{TAGS}*[0-9].[0-9]*",
    ]
    try:
        # For git a star stands for slashes as well, so this lists more than is delivered.
        listed = store.list_refs(*patterns, keep=_beginning_like(patterns))
    except RepositoryTooLarge as error:
        _log.warning("%s; only %s is fetched", error, delivered.ref)
        return [delivered.ref]
    store.forget(delivered.among(store.refs().keys() - listed.keys())[:MOST_DELIVERED])
    return [ref for ref in listed if _fits(ref)]


def _beginning_like(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Ask of a name whether it begins like a pattern; for git it is enough that it ends so."""
    whole, begins = set(), []
    for pattern in patterns:
        plain = re.split(r"[*?\[\\]", pattern, maxsplit=1)[0]
        if plain == pattern:
            whole.add(plain)
        else:
            begins.append(plain)
    return lambda name: name in whole or name.startswith(tuple(begins))


def _in_the_way(here: Iterable[str], wanted: Iterable[str]) -> list[str]:
    """List the refs of a mirror whose names lie within a wanted one's, or the other way around.

    No repository has both, so they are gone there; but as files they keep the wanted ones out.
    """
    names = set(wanted)
    above = {parent for name in names for parent in _parents(name)}
    return [ref for ref in here if ref in above - names or not names.isdisjoint(_parents(ref))]


def _parents(ref: str) -> Iterator[str]:
    parts = ref.split("/")
    return ("/".join(parts[:count]) for count in range(3, len(parts)))


def _fewer_and_fewer(listed: list[str], delivered: Deliverable) -> Iterator[list[str]]:
    """Yield what to fetch: all that is of use, what is delivered, the delivered branch alone."""
    wanted = delivered.among(listed)
    if len(wanted) > MOST_DELIVERED:
        _log.warning(
            "%d branches and tags are delivered; only %d are fetched", len(wanted), MOST_DELIVERED
        )
    wanted = wanted[:MOST_DELIVERED]
    releases = _releases(listed)
    if wanted and not set(releases) <= set(wanted):
        yield [*wanted, *(ref for ref in releases if ref not in wanted)]
    if wanted:
        yield wanted
    if wanted[:1] == [delivered.ref] and len(wanted) > 1:
        yield [delivered.ref]


def _releases(listed: Iterable[str]) -> list[str]:
    """List the tags with the highest numbers, from which versions are made."""
    tags = [
        (number, ref)
        for ref in listed
        if ref.startswith(TAGS) and (number := release_number(ref.removeprefix(TAGS)))
    ]
    return [ref for _, ref in sorted(tags, reverse=True)[:MOST_RELEASES]]


def _fits(ref: str) -> bool:
    name = os.fsencode(ref)
    return len(name) <= _LONGEST and all(len(part) <= _LONGEST_PART for part in name.split(b"/"))
