"""Lets a result count, and leaves what is news of it to the sender.

What is remembered and what people are told of it are written at once, as one record. Only then is
the news left to the sender; whoever comes by after a task that was killed in between leaves it too.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Sequence

from airflow.sdk._shared.secrets_masker import redact

from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.notes.news import NewsNotes
from slipway.hooks.store.notes.news_memory import NewsMemories
from slipway.model.news.channel import NewsRoutes
from slipway.model.news.event import NewsEvent
from slipway.model.news.memory import Place, PlaceMemory, Result
from slipway.model.news.note import NewsNote
from slipway.policies.news import counted, reminded

# Others that may be quicker, one after another; subjects of a place that are remembered.
_TRIES, _MOST_SEEN = 50, 50
# Says more of a piece of news: of what is remembered, and of what was.
Tell = Callable[[NewsNote, PlaceMemory], NewsNote]


def let_count(
    store: ArtifactStore,
    routes: NewsRoutes,
    place: Place,
    result: Result,
    *,
    event: NewsEvent | None = None,
    is_late: Callable[[Result | None], bool] = lambda _: False,
    tell: Tell = lambda note, _: note,
) -> bool:
    """Let a result count, once.

    :param store: where it is remembered.
    :param routes: the project's channels.
    :param place: the branch or environment.
    :param result: how it went.
    :param event: news in any case; its subject makes its name.
    :param is_late: tells of what counted last whether this result came before it: then it changes
        nothing that is remembered.
    :param tell: says more of the news.
    :returns: whether it had not counted before.
    """

    def change(number: int, known: PlaceMemory) -> PlaceMemory | None:
        if result.subject and result.subject in known.seen:
            return None
        if place.is_tag and result.passed and known.last is None:
            return None  # there are many, and of one that never broke there is nothing to tell
        late = is_late(known.last)
        after, change = (known, None) if late else counted(known, result)
        events = [one for one in (event, change) if one is not None]
        if result.subject:
            seen = (*known.seen, result.subject)[-_MOST_SEEN:]
            after = dataclasses.replace(after, seen=seen)
        subject = result.subject if event else str(number)
        note = _note(routes, place, events, subject, known, result)
        told = tell(note, known) if note is not None else None
        return dataclasses.replace(after, note=_masked(told))

    return _advance(store, routes.project, place, change)


def remind(store: ArtifactStore, routes: NewsRoutes, place: Place, now: float) -> bool:
    """Remind people of what is still broken, if a reminder is due.

    :param store: where it is remembered.
    :param routes: the project's channels.
    :param place: the branch or environment.
    :param now: seconds since 1970.
    :returns: whether one was.
    """

    def change(number: int, known: PlaceMemory) -> PlaceMemory | None:
        after = reminded(known, now)
        if after is None or known.last is None:
            return None
        result = dataclasses.replace(known.last, at=now)
        note = _note(routes, place, [NewsEvent.STILL_BROKEN], str(number), known, result)
        return dataclasses.replace(after, note=note)

    return _advance(store, routes.project, place, change)


def name_of(project: str, event: NewsEvent, *about: str) -> str:
    """Name a piece of news by what it is about.

    :param project: the project's name.
    :param event: what happened.
    :param about: all that makes it another one.
    """
    digest = hashlib.sha256("\0".join((project, event.value, *about)).encode()).hexdigest()[:32]
    return f"{project}.{event.value}.{digest}"


def _advance(
    store: ArtifactStore,
    project: str,
    place: Place,
    change: Callable[[int, PlaceMemory], PlaceMemory | None],
) -> bool:
    memories, notes = NewsMemories(store, project), NewsNotes(store)
    for _ in range(_TRIES):
        number, known = memories.latest(place)
        if known.note is not None:
            notes.add(known.note)
        after = change(number + 1, known)
        if after is None or dataclasses.replace(after, note=known.note) == known:
            return False
        if memories.advance(number + 1, after):
            if after.note is not None:
                notes.add(after.note)
            return True
    return False


def _note(
    routes: NewsRoutes,
    place: Place,
    events: Sequence[NewsEvent],
    subject: str,
    known: PlaceMemory,
    result: Result,
) -> NewsNote | None:
    channels = routes.of(events, place.environment)
    if not channels:
        return None
    bad, good = known.first_bad, known.good
    return NewsNote(
        project=routes.project,
        name=name_of(routes.project, events[0], place.key, subject),
        events=tuple(events),
        at=result.at,
        channels=channels,
        branch=place.branch,
        environment=place.environment,
        version=result.version,
        sha=result.sha,
        since=bad.at if bad else 0.0,
        first_sha=bad.sha if bad else "",
        good=(good.version or good.sha[:7]) if good else "",
        why=result.why,
        url=result.url,
    )


def _masked(note: NewsNote | None) -> NewsNote | None:
    """Mask secrets as in the log, which a channel is none of."""
    if note is None:
        return None
    return dataclasses.replace(
        note,
        why=str(redact(note.why)),
        lines=tuple(str(redact(line)) for line in note.lines),
        commits=tuple(
            dataclasses.replace(one, title=str(redact(one.title))) for one in note.commits
        ),
    )
