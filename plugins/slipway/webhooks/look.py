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
from typing import TYPE_CHECKING, Any, Protocol

from slipway.exceptions import SlipwayError
from slipway.hooks.airflow_runs import KnownRepository
from slipway.hooks.store.artifacts import ArtifactStore, artifact_store
from slipway.hooks.store.notes.hooks import note_hook
from slipway.model.git.watching import WatchedProject
from slipway.model.text.inert import visible

if TYPE_CHECKING:
    from slipway.tasks.watching.found import Find

_log = logging.getLogger(__name__)
# The DAG of the watcher: whoever pauses it wants no runs to be made.
WATCHER = "commits"
# Repositories that are looked at side by side.
AT_ONCE = 4


class Runs(Protocol):
    """Where runs are made."""

    def is_paused(self, dag_id: str) -> bool:
        """Tell whether a DAG is paused, or not there."""

    def start(self, dag_id: str, run_id: str, conf: dict[str, Any]) -> bool:
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
    from slipway.tasks.watching import announce, memory
    from slipway.tasks.watching import look as watching
    from slipway.tasks.watching.finders import AT_A_HOOK

    if runs.is_paused(WATCHER):
        _log.info("%s: not looked at, since the DAG %s is paused", look.project, WATCHER)
        return []
    if look.repository.is_broken:
        # Airflow takes no run of it, from nobody. The poll finds the commits once it does again.
        _log.warning("%s: not looked at, since its DAG cannot be read at present", look.project)
        return []
    try:
        looked = watching.look_at(
            [_watched(look)], store, lambda said: _log.info("%s", said), finders=AT_A_HOOK
        )
    except SlipwayError as error:
        _complain(look.project, error)
        return []
    for project, problem in looked.problems.items():
        _complain(project, problem)
    starting = _Starting(runs)
    finds = announce.announce(store, looked.finds, _complain)
    made = [find for find in finds if starting.is_there(find)]
    memory.remember_seen(store, [seen for find in made for seen in find.seen])
    if earlier := [find.run_id for find in made if find.run_id not in starting.new]:
        # Somebody who looks for a hook's run finds here who was first.
        _log.info("%s: there already: %s", look.project, ", ".join(earlier))
    return starting.new


class _Starting:
    """Makes runs.

    :param runs: where they are made.
    """

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._stopped: set[str] = set()
        self.new: list[str] = []

    def is_there(self, find: Find) -> bool:
        """Make a run, and tell whether it is there now.

        After one that cannot be made none of its DAG is, since what is remembered is remembered
        with all that was before it; the other DAGs' are.
        """
        if find.dag_id in self._stopped:
            return False
        run = find.as_run()
        try:
            is_new = self._runs.start(run["trigger_dag_id"], run["trigger_run_id"], run["conf"])
        except Exception as error:
            self._stopped.add(find.dag_id)
            _complain(find.dag_id, error)
            return False
        if is_new:
            self.new.append(find.run_id)
        return True


def _complain(dag_id: str, error: Exception) -> None:
    if isinstance(error, SlipwayError):
        said = str(error)
    else:
        said = f"{type(error).__name__}: {visible(str(error), 500)}"
    _log.warning("%s: %s; the next poll looks again", dag_id, said)


def _watched(look: Look) -> WatchedProject:
    return WatchedProject(
        dag_id=look.project,
        url=look.repository.url,
        branch=look.repository.branch,
        connection=look.repository.connection,
        watching=look.repository.watching,
    )


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
        except Exception as error:
            _complain(look.project, error)
        else:
            _log.info("%s: started %s", look.project, ", ".join(started) or "nothing")
