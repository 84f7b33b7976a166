"""The watcher, made to look at one repository at once.

It is the watcher's own look, in Airflow's server, after the host has been answered: the commits
since the last one that was handed on, by git, each as a run whose id is its sha. What a poll would
find a moment later it finds as well, and Airflow's database takes each id once; so it matters to
nobody who was first, nor that a server is killed in the middle of it.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from slipway.exceptions import SlipwayError
from slipway.hooks.airflow_runs import KnownRepository
from slipway.hooks.store.artifacts import ArtifactStore, artifact_store
from slipway.hooks.store.hook_notes import note_hook
from slipway.model.text.inert import visible

_log = logging.getLogger(__name__)
# The DAG of the watcher: whoever pauses it wants no runs to be made.
WATCHER = "commits"
# Repositories that are looked at side by side.
AT_ONCE = 4


class Runs(Protocol):
    """Where runs are made."""

    def is_paused(self, dag_id: str) -> bool:
        """Tell whether a DAG is paused, or not there."""

    def start(self, dag_id: str, run_id: str, conf: dict[str, str]) -> bool:
        """Make a run; False where there is one of that id."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """One project's repository, to be looked at.

    :param project: the project's name, which is its DAG's.
    :param repository: where its commits come from.
    :param host: the kind of host that told of it.
    """

    project: str
    repository: KnownRepository
    host: str


def look_at(look: Look, runs: Runs) -> list[str]:
    """Make a run of each new commit of a repository.

    :param look: which.
    :param runs: where they are made.
    :returns: the ids of those that were not there before.
    """
    store, now = artifact_store(), datetime.now(UTC)
    try:
        return _start(look, runs, store)
    finally:
        # Afterwards: nobody waits for a note.
        note_hook(store, look.project, look.host, now)


def _start(look: Look, runs: Runs, store: ArtifactStore) -> list[str]:
    # The rest of Airflow's machinery is loaded when something happens for the first time.
    from slipway.operators.remember_commits import remember
    from slipway.sensors.commits import CommitsSensor, WatchedBranch

    if runs.is_paused(WATCHER):
        _log.info("%s: not looked at, since the DAG %s is paused", look.project, WATCHER)
        return []
    branch = WatchedBranch(
        dag_id=look.project,
        url=look.repository.url,
        branch=look.repository.branch,
        connection=look.repository.connection,
    )
    sensor = CommitsSensor(task_id="look", watched=lambda: [branch])
    found = sensor.look_at(branch)
    started = [
        run["trigger_run_id"]
        for run in found
        if runs.start(run["trigger_dag_id"], run["trigger_run_id"], run["conf"])
    ]
    remember(store, found)
    return started


class Looker:
    """Looks at repositories by itself, one after the other for each of them.

    Of what is asked while a repository is being looked at, one more look remains: it begins after
    the last of these words, so it finds what they were about.

    :param action: looks at one.
    """

    def __init__(self, action: Callable[[Look], list[str]]) -> None:
        self._action = action
        self._queue: queue.SimpleQueue[Look] = queue.SimpleQueue()
        self._lock = threading.Lock()
        # Projects that are in the queue or being looked at, with the look that is to follow.
        self._next: dict[str, Look | None] = {}
        self._threads = 0

    def ask(self, look: Look) -> None:
        """Have a repository looked at soon; returns at once.

        :param look: which.
        """
        with self._lock:
            if look.project in self._next:
                self._next[look.project] = look
                return
            self._next[look.project] = None
            if self._threads < AT_ONCE:
                # Not before they are needed: servers fork their workers. None of them keeps a
                # server from ending.
                self._threads += 1
                threading.Thread(target=self._work, name="slipway hooks", daemon=True).start()
        self._queue.put(look)

    def _work(self) -> None:
        while True:
            look = self._queue.get()
            self._look(look)
            with self._lock:
                again = self._next.pop(look.project)
                if again is not None:
                    self._next[look.project] = None
            if again is not None:
                self._queue.put(again)

    def _look(self, look: Look) -> None:
        try:
            started = self._action(look)
        except SlipwayError as error:
            _log.warning("%s: %s; the next poll looks again", look.project, error)
        except Exception as error:
            said = visible(str(error), 500)
            _log.warning(
                "%s: %s: %s; the next poll looks again", look.project, type(error).__name__, said
            )
        else:
            _log.info("%s: started %s", look.project, ", ".join(started) or "nothing")
