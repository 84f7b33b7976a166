"""How news read: one text for all channels, which each of them dresses in its own way.

Branches, commits, authors and what machines say are strangers' words. Whatever comes from here is
made of lines in which every character can be seen; what is markup to a channel is for the channel
to keep from being it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

from slipway.model.news.event import NewsEvent
from slipway.model.news.note import NewsCommit, NewsNote
from slipway.model.text.inert import brief, visible
from slipway.pipeline.compiler.forge_pages import commit_page

# Characters of a title, a line, and a commit's; lines and commits of a message.
_TITLE, _LINE, _COMMIT = 150, 500, 120
_MOST_LINES, _MOST_COMMITS = 30, 10
_SHA = 7


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class CommitLine:
    """A commit of the range.

    :param text: for people.
    :param url: of its page at the host; empty where nobody knows.
    :param email: of its author, as git records it.
    """

    text: str
    url: str
    email: str


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What people read; each text is one line.

    :param event: what happened.
    :param title: says it all to whoever reads no further.
    :param lines: the rest.
    :param commits: in the range, the newest first.
    :param links: what each leads to, and where.
    """

    event: NewsEvent
    title: str
    lines: tuple[str, ...] = ()
    commits: tuple[CommitLine, ...] = ()
    links: tuple[tuple[str, str], ...] = ()

    def plain(self) -> str:
        """Return all of it as text."""
        parts = [self.title, "", *self.lines]
        if self.commits:
            parts += ["", *(f"* {one.text}" for one in self.commits)]
        if self.links:
            parts += ["", *(f"{words}: {url}" for words, url in self.links)]
        return "\n".join(parts) + "\n"


def message_of(note: NewsNote, event: NewsEvent) -> Message:
    """Word news.

    :param note: the news.
    :param event: the one of its events that is told.
    """
    title, lines = _WORDS[event](note)
    told = [*(line for line in lines if line), *note.lines]
    shown = [visible(line, _LINE) for line in told[:_MOST_LINES]]
    if len(told) > _MOST_LINES:
        shown.append(f"and {len(told) - _MOST_LINES} lines more")
    return Message(
        event=event,
        title=brief(f"{note.project}: {title}", _TITLE),
        lines=tuple(shown),
        commits=tuple(_commits(note)) if event.is_of_commits else (),
        links=tuple(_links(note, event)),
    )


def span(seconds: float) -> str:
    """Say how long something took, in two words: ``3 h 5 min``."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = {"d": days, "h": hours, "min": minutes, "s": rest}
    told = [f"{number} {unit}" for unit, number in parts.items() if number]
    return " ".join(told[:2]) or "0 s"


def _broke(note: NewsNote) -> tuple[str, list[str]]:
    return f"{_place(note)} is broken", [note.why, _at(note), _good(note)]


def _still_broken(note: NewsNote) -> tuple[str, list[str]]:
    since = f"since {note.first_sha[:_SHA]}" if note.first_sha else ""
    how_long = f"for {span(note.at - note.since)}, {since}".rstrip(", ") if note.since else since
    return f"{_place(note)} is still broken", [how_long, note.why, _good(note)]


def _fixed(note: NewsNote) -> tuple[str, list[str]]:
    return f"{_place(note)} is fixed", [_repaired(note), _at(note)]


def _deployed(note: NewsNote) -> tuple[str, list[str]]:
    before = f"before, it served {note.before}" if note.before else ""
    why = f"why now: {note.why}" if note.why else ""
    return f"{note.environment} serves {note.version}", [before, _by(note), why, _repaired(note)]


def _failed(note: NewsNote) -> tuple[str, list[str]]:
    before = f"before, it served {note.before}" if note.before else ""
    return f"{note.version} failed on {note.environment}", [note.why, before, _by(note)]


def _rolled_back(note: NewsNote) -> tuple[str, list[str]]:
    to = f"is back at {note.before}" if note.before else "serves nothing"
    title = f"{note.environment} {to}"
    if note.by_hand:
        why = f"why: {note.why}" if note.why else ""
        return title, [f"somebody went back from {note.version}", _by(note), why, _repaired(note)]
    why = f": {note.why}" if note.why else ""
    return title, [f"{note.version} was rolled back{why}", _by(note)]


def _approval_wanted(note: NewsNote) -> tuple[str, list[str]]:
    return f"{note.version} waits for approval, for {note.environment}", [_by(note)]


def _hooks_stopped(note: NewsNote) -> tuple[str, list[str]]:
    return "webhooks have stopped coming", [note.why]


def _test(note: NewsNote) -> tuple[str, list[str]]:
    return "a test message", [note.why]


_WORDS: dict[NewsEvent, Callable[[NewsNote], tuple[str, list[str]]]] = {
    NewsEvent.BROKE: _broke,
    NewsEvent.STILL_BROKEN: _still_broken,
    NewsEvent.FIXED: _fixed,
    NewsEvent.DEPLOYED: _deployed,
    NewsEvent.FAILED: _failed,
    NewsEvent.ROLLED_BACK: _rolled_back,
    NewsEvent.APPROVAL_WANTED: _approval_wanted,
    NewsEvent.HOOKS_STOPPED: _hooks_stopped,
    NewsEvent.TEST: _test,
}


def _place(note: NewsNote) -> str:
    return note.environment or brief(note.branch, 60)


def _at(note: NewsNote) -> str:
    return f"with {note.version}" if note.version else f"with {note.sha[:_SHA]}"


def _good(note: NewsNote) -> str:
    return f"the last good one was {note.good}" if note.good else ""


def _by(note: NewsNote) -> str:
    return f"started by {note.by}" if note.by else ""


def _repaired(note: NewsNote) -> str:
    """Say who mended it, and how long it was broken; nothing where it was not."""
    if not note.since:
        return ""
    commit = next((one for one in note.commits if one.sha == note.sha), None)
    who = f" by {brief(commit.author, 60)}" if commit and commit.author else ""
    return f"fixed{who}; it was broken for {span(note.at - note.since)}"


def _commits(note: NewsNote) -> Iterator[CommitLine]:
    for one in note.commits[:_MOST_COMMITS]:
        text = f"{one.sha[:_SHA]} {brief(one.title, _COMMIT)} ({brief(one.author, 60)})"
        yield CommitLine(text=text, url=commit_page(note.repository, one.sha), email=one.email)
    more = max(0, len(note.commits) - _MOST_COMMITS) + note.more
    if more:
        yield CommitLine(text=f"and {more} more", url="", email="")


def _links(note: NewsNote, event: NewsEvent) -> Iterator[tuple[str, str]]:
    if note.url:
        words = "Approve or reject" if event is NewsEvent.APPROVAL_WANTED else "In Airflow"
        yield words, note.url
    if note.sha and (page := commit_page(note.repository, note.sha)):
        yield "The commit", page


def authors(note: NewsNote, wanted: Callable[[NewsCommit], str]) -> tuple[str, ...]:
    """List how the authors of the range are reached, each once, the newest first.

    :param note: the news.
    :param wanted: says how a commit's author is; nothing, where he is not.
    """
    return tuple(dict.fromkeys(found for one in note.commits if (found := wanted(one))))
