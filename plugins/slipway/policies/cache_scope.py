"""Whose caches a run may begin with, and whether it may leave any.

What is kept by one run decides what another one runs. So what leads to a release begins with
nothing but what was kept on the way to one; a pull request or another branch reads that as well,
and keeps its own apart; a stranger's pull request keeps nothing at all.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from slipway.model.cache import CacheScopes
from slipway.model.event import EventKind

if TYPE_CHECKING:
    from slipway.model.facts import Checkout

DELIVERED = "delivered"


def scopes_of(checkout: Checkout) -> CacheScopes:
    """Tell which caches a commit's run reads and writes.

    :param checkout: of the commit.
    """
    event = checkout.cause
    if event.fork:
        return CacheScopes(read=(DELIVERED,))
    if event.kind is EventKind.PULL_REQUEST:
        own = f"pull-{event.number}"
    elif checkout.delivered and event.branch == checkout.delivered:
        return CacheScopes(read=(DELIVERED,), written=DELIVERED)
    elif event.branch:
        own = f"branch-{hashlib.sha256(event.branch.encode()).hexdigest()[:16]}"
    else:  # a tag, or what somebody asked for: it may be on any branch
        return CacheScopes(read=(DELIVERED,))
    return CacheScopes(read=(own, DELIVERED), written=own)
