"""``fab news PROJECT``: tries a project's channels, and shows what they were told last.

Secrets are in Airflow's connections, and printed nowhere.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TextIO
from uuid import uuid4

from include.cli.beside_airflow import beside_airflow
from include.project.loader import load_projects
from include.project.lookup import find_project
from include.project.model import Project
from include.project.news import news_routes
from slipway.exceptions import ProjectFileError, SlipwayError
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.notes.news import SENT, NewsNotes
from slipway.model.news.channel import ChannelKind, NewsChannel, NewsRoutes
from slipway.model.news.event import TELLABLE, NewsEvent
from slipway.model.news.note import NewsNote
from slipway.model.text.inert import visible
from slipway.notifiers.channels import tell_channel
from slipway.tasks.news.remember import name_of

_LONGEST = 500


def show_news(project: Project, out: TextIO, *, send: bool) -> bool:
    """Try each channel, and show what was told last and what is wrong.

    :param project: whose.
    :param out: where it is written.
    :param send: send a test message to each channel.
    :returns: whether every channel took it.
    :raises ProjectFileError: when the project file names no channel.
    """
    routes = news_routes(project.name, project.news, project.continuous)
    if routes is None:
        msg = f"the project file of {project.name} names no channel"
        advice = f"add `news: {{team: {{slack: {project.name.replace('-', '_')}_slack}}}}`"
        raise ProjectFileError(msg, advice=advice)
    notes, fine = NewsNotes(artifact_store()), True
    trouble = notes.trouble()
    for channel in routes.channels:
        out.write(f"{channel.name}: {_kind(channel)}; {_told(channel)}\n")
        if send:
            said = _try(routes, channel)
            fine = fine and not said
            out.write(f"  {said or 'took a test message'}\n")
            notes.tell_trouble(project.name, channel.name, said)
        elif words := trouble.get(f"{project.name}.{channel.name}"):
            out.write(f"  {visible(words, _LONGEST)}\n")
    out.writelines(f"{line}\n" for line in _last(notes, project.name))
    return fine


def _try(routes: NewsRoutes, channel: NewsChannel) -> str:
    """Send a test message to one channel; returns why it was not taken."""
    if channel.kind is ChannelKind.EMAIL and not channel.to:
        return ""
    note = NewsNote(
        project=routes.project,
        name=name_of(routes.project, NewsEvent.TEST, channel.name, uuid4().hex),
        events=(NewsEvent.TEST,),
        at=time.time(),
        channels=(),
        why="sent by `fab news`; whoever reads this is told of what becomes of this project",
    )
    # Whatever it is told otherwise, it is told this.
    heard = NewsChannel.from_json({**channel.to_json(), "events": (NewsEvent.TEST,)})
    try:
        tell_channel(note, heard)
    except SlipwayError as error:
        return visible(str(error), _LONGEST)
    except Exception as error:
        return f"the message could not be made or sent: {type(error).__name__}"
    return ""


def _kind(channel: NewsChannel) -> str:
    where = {
        ChannelKind.SLACK: f"Slack {channel.room}".rstrip(),
        ChannelKind.EMAIL: "e-mail to "
        + (", ".join(channel.to) or "authors alone, so nobody gets a test message"),
        ChannelKind.WEBHOOK: "webhook",
    }
    return f"{where[channel.kind]}, by the connection {channel.connection}"


def _told(channel: NewsChannel) -> str:
    events = channel.events or TELLABLE
    places = f", of {', '.join(channel.environments)} alone" if channel.environments else ""
    return f"is told {', '.join(one.value for one in events)}{places}"


def _last(notes: NewsNotes, project: str) -> Iterator[str]:
    messages = notes.last(project)
    yield "sent last:" if messages else "nothing was sent yet"
    for one in messages:
        at = datetime.fromtimestamp(float(one["at"]), UTC)
        place = f" {visible(str(one['place']), 60)}" if one["place"] else ""
        what = f"  {at:%Y-%m-%d %H:%M:%S}  {one['event']}{place}, to {one['channel']}"
        yield what if one["words"] == SENT else f"{what}: {visible(str(one['words']), _LONGEST)}"
    waiting = [one for one in notes.waiting(lambda _: None) if one.project == project]
    if waiting:
        yield f"{len(waiting)} waiting to be sent"


def main(arguments: list[str] | None = None) -> int:
    """Try and show; returns 1 where a channel does not work, 2 where what was asked is wrong."""
    parser = argparse.ArgumentParser(prog="python -m include.cli.news")
    parser.add_argument("project")
    parser.add_argument("--look", action="store_true", help="send nothing")
    given = parser.parse_args(arguments)
    try:
        shelf = load_projects()
        project = find_project(shelf.projects, given.project, shelf.errors.values())
        return 0 if show_news(project, sys.stdout, send=not given.look) else 1
    except SlipwayError as error:
        sys.stderr.write(f"{error}\n")
        return 2


if __name__ == "__main__":
    raise SystemExit(beside_airflow(main))
