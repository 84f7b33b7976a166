"""The logs of a run's tasks, as Airflow keeps them.

Whatever a log has in it was written by strangers: none of it reaches a terminal but as text.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from include.cli.server.client import AirflowServer, Json, Query, part
from include.cli.server.errors import RequestRefused, RunUnknown
from include.cli.server.runs import ASKS, TASK_ENDED, Run, Task
from slipway.model.text.inert import visible
from slipway.model.text.nearest import nearest

# Colours, which tell nothing that words do not.
_COLOUR = re.compile(r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]")
# Characters of a line, and of a failure's reason.
_LONGEST, _LONGEST_REASON = 20_000, 2_000
# Lines at a log's end that say why it failed.
TAIL = 20
# Airflow's own titles, and those that Slipway's logs fold.
_GROUP, _END = "::group::", "::endgroup::"
_SOURCES = "::group::Log message source details"
_FRAMES = ("::group::Pre Execute", "::group::Post Execute")
# Answers in which one task's log is read, each time.
_MOST_PARTS = 50
Say = Callable[[str], None]


def plain(text: str, longest: int = _LONGEST) -> Iterator[str]:
    """Yield a log's text as lines that do nothing to a terminal.

    :param text: anybody's.
    :param longest: characters of a line.
    """
    for line in _COLOUR.sub("", text).splitlines() or [""]:
        # Nearly all lines need nothing, and `visible` looks at each character.
        if line.isascii() and line.isprintable() and len(line) <= longest:
            yield line
        else:
            yield visible(line.expandtabs(4), longest)


def lines_of(message: Json) -> Iterator[str]:
    """Yield what one message of a log says."""
    event = str(message.get("event", ""))
    if event == _END:
        return
    yield from plain(event.replace(_GROUP, "== ", 1) if event.startswith(_GROUP) else event)
    for cause in _causes(message):
        yield from plain(cause, _LONGEST_REASON)


def reason_of(messages: Iterable[Json]) -> str:
    """Return why a task failed, as far as its log says; empty where it does not.

    :param messages: the last ones of its log.
    """
    found = ""
    for message in messages:
        causes = list(_causes(message))
        if causes:
            found = causes[0]
        elif not found and _is_bad(message):
            found = str(message.get("event", ""))
    return "\n".join(plain(found, _LONGEST_REASON)) if found else ""


def read_log(server: AirflowServer, run: Run, task: Task) -> Iterator[Json]:
    """Yield the messages of a task's last try, as far as it has come.

    :param server: is asked.
    :param run: the task's.
    :param task: whose log it is.
    :raises RequestRefused: when it cannot be read.
    """
    if not task.attempt:
        return
    path = f"{_path(run, task)}/{task.attempt}"
    query = {"map_index": task.index, "full_content": True}
    yield from _without_sources(
        _message(line) for line in server.lines(path, query) if line.strip()
    )


def last_messages(server: AirflowServer, run: Run, task: Task, most: int = TAIL) -> list[Json]:
    """Return the end of a task's log; empty where it cannot be read."""
    try:
        return list(deque(_without_frame(read_log(server, run, task)), maxlen=most))
    except RequestRefused as error:
        return [{"event": f"its log cannot be read: {error.message}", "level": "warning"}]


def choose_tasks(tasks: Iterable[Task], name: str) -> list[Task]:
    """Return the tasks of a name, and those of a group of that name; all where none is given.

    :param tasks: of the run.
    :param name: as somebody typed it.
    :raises RunUnknown: when the run has no such task, with the nearest.
    """
    every = list(tasks)
    found = [one for one in every if is_meant(one, name)]
    if found or not name:
        return found
    known = [one.task_id for one in every]
    near = nearest(name, known)
    hint = f"; did you mean {near}?" if near else ""
    msg = f"the run has no task {visible(name)!r}{hint}"
    raise RunUnknown(msg, advice=f"there is {', '.join(known) or 'none yet'}")


def is_meant(task: Task, name: str) -> bool:
    """Tell whether a task, or a group that it is in, is what somebody named.

    :param task: of the run.
    :param name: such as ``swap.migrate``, ``swap``, or ``migrate``; any task when empty.
    """
    parts = task.task_id.split(".")
    return not name or name in (task.task_id, task.name) or name in parts


def show_logs(server: AirflowServer, run: Run, tasks: Iterable[Task], say: Say) -> None:
    """Say what the logs of tasks have.

    :param server: is asked.
    :param run: whose tasks they are.
    :param tasks: in their order.
    :param say: receives every line.
    """
    for task in tasks:
        if not task.attempt:
            continue
        attempt = f", try {task.attempt}" if task.attempt > 1 else ""
        say(f"== {task.name}: {task.state or 'waits'}{attempt}")
        for message in read_log(server, run, task):
            for line in lines_of(message):
                say(line)


class LogFollower:
    """Says what is new in the logs of a run's tasks, each time that it is asked to.

    :param server: is asked.
    :param run: whose logs.
    :param name: of one task, or group; all of them when empty.
    :param say: receives every line.
    """

    def __init__(self, *, server: AirflowServer, run: Run, name: str, say: Say) -> None:
        self._server, self._run, self._name, self._say = server, run, name, say
        self._tokens: dict[tuple[str, int], str] = {}
        self._read: set[tuple[str, int]] = set()
        self._last: tuple[str, int] | None = None

    def look(self, tasks: Iterable[Task]) -> None:
        """Say what is new.

        :param tasks: of the run, as they are now.
        :raises RequestRefused: when a log cannot be read.
        """
        for task in tasks:
            key = (task.name, task.attempt)
            # One that waits for somebody says nothing until it goes on.
            waits = not task.attempt or task.state == ASKS
            if waits or key in self._read or not is_meant(task, self._name):
                continue
            self._tell(task, key)
            if task.state in TASK_ENDED:
                self._read.add(key)

    def _tell(self, task: Task, key: tuple[str, int]) -> None:
        path = f"{_path(self._run, task)}/{task.attempt}"
        for _ in range(_MOST_PARTS):
            token = self._tokens.get(key, "")
            query: Query = {"map_index": task.index} | ({"token": token} if token else {})
            found = self._server.get(path, query)
            messages = list(_without_sources(map(_message, found.get("content") or ())))
            for line in (line for one in messages for line in lines_of(one)):
                if key != self._last:
                    self._last = key
                    self._say(f"== {task.name}" + (f", try {key[1]}" if key[1] > 1 else ""))
                self._say(line)
            self._tokens[key] = str(found.get("continuation_token") or token)
            if not messages or not found.get("continuation_token"):
                return


def _path(run: Run, task: Task) -> str:
    return f"{run.path}/taskInstances/{part(task.task_id)}/logs"


def _message(found: Any) -> Json:
    """Read a message, or a line of a log that is none of Airflow's."""
    if isinstance(found, str):
        try:
            read = json.loads(found)
        except ValueError:
            read = found
        found = read
    return found if isinstance(found, dict) else {"event": str(found)}


def _without_sources(messages: Iterable[Json]) -> Iterator[Json]:
    """Leave out where Airflow has read a log, which it says at its top."""
    hidden = False
    for message in messages:
        hidden = hidden or message.get("event") == _SOURCES
        if not hidden:
            yield message
        hidden = hidden and message.get("event") != _END


def _without_frame(messages: Iterable[Json]) -> Iterator[Json]:
    """Leave out what Airflow says before and after each task, unless a task ends in it."""
    frame: list[Json] | None = None
    for message in messages:
        event = message.get("event")
        if frame is None and event not in _FRAMES:
            yield message
            continue
        frame = [*(frame or ()), message]
        if event == _END:
            yield from (one for one in frame if one.get("error_detail") or _is_bad(one))
            frame = None
    yield from frame or ()


def _is_bad(message: Json) -> bool:
    return message.get("level") in ("error", "critical")


def _causes(message: Json) -> Iterator[str]:
    """Yield the exceptions that a message tells of, the one that was raised last first."""
    for one in message.get("error_detail") or ():
        if isinstance(one, dict):
            kind, words = str(one.get("exc_type", "")), str(one.get("exc_value", "")).strip()
            # Slipway's own words say it all; of other exceptions the kind is half of it.
            known = kind in ("PersonsMistake", "AirflowFailException") and words
            yield words if known else f"{kind}: {words}"
