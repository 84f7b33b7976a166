"""What a webhook can say.

A payload is a rumour: it is cut, names commits by a few characters, and leaves out refs. It says
*look at this repository*, and nothing in it but that is ever acted upon. What it says besides is
for the log.
"""

from __future__ import annotations

from dataclasses import dataclass

from slipway.model.event import HEADS, TAGS, EventKind

# Refs of one delivery that are kept.
MOST_REFS = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class Announcement:
    """Something happened in a repository.

    :param kind: what happened, as the host says.
    :param refs: the refs that it happened to, in full, as the host says; hostile text, perhaps not
        all of them, perhaps none.
    """

    kind: EventKind
    refs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Ignored:
    """A delivery after which nothing need be looked at.

    :param reason: why, for whoever reads the answer in the host's list of deliveries.
    """

    reason: str


PING = Ignored(reason="a test, and its signature is right")


def other_event(name: str) -> Ignored:
    """Ignore an event that says nothing of commits.

    :param name: the event's, as the host calls it; signed, but not repeated at length.
    """
    shown = name if name.isascii() and name.isprintable() and len(name) <= 60 else "such"
    return Ignored(reason=f"{shown or 'such'} events change no commits")


def pushed(refs: list[str]) -> Announcement:
    """Announce a push to branches or tags.

    :param refs: in full; more than ``MOST_REFS`` are not kept.
    """
    is_tag = bool(refs) and all(ref.startswith(TAGS) for ref in refs)
    kind = EventKind.TAG if is_tag else EventKind.PUSH
    return Announcement(kind=kind, refs=tuple(refs[:MOST_REFS]))


def pull_request(branch: str) -> Announcement:
    """Announce that a pull request got commits, came to its end, or was opened again.

    :param branch: the one that it wants to go to; empty where the payload does not say.
    """
    refs = (f"{HEADS}{branch}",) if branch else ()
    return Announcement(kind=EventKind.PULL_REQUEST, refs=refs)
