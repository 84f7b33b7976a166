"""Watches repositories from the triggerer, where waiting costs no worker."""

from __future__ import annotations

import asyncio
import importlib
import time
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from slipway.hooks.store.artifacts import artifact_store
from slipway.model.git.watching import WatchedProject
from slipway.tasks.watching.complaints import in_words
from slipway.tasks.watching.found import Find
from slipway.tasks.watching.watcher import Watcher
from slipway.triggers.settled import settled

# The keys of what it fires with.
FINDS, ERROR = "finds", "error"
# Seconds until another look after one that failed as a whole.
_PAUSE = 5.0
# The triggerer's other triggers have the threads of its event loop; this one has its own.
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="commits")
# Watchers outlive the triggers: whose turn it is, and who has to wait, is known to the next one.
_watchers: dict[tuple[str, float], Watcher] = {}


class CommitsTrigger(BaseTrigger):
    """Fires with what is to be run, or with nothing when its time is over.

    It may be started anew anywhere at any moment: what it has not handed on it finds again.

    :param source: a dotted name of the function that gives the projects.
    :param poll: seconds between two looks at a repository.
    :param until: when its time is over, seconds since 1970.
    """

    def __init__(self, *, source: str, poll: float, until: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.source = source
        self.poll = poll
        self.until = until

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Name the class and its arguments, for the database."""
        names = ("source", "poll", "until")
        arguments = {name: getattr(self, name) for name in names}
        return "slipway.triggers.commits.CommitsTrigger", arguments

    @settled
    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Ask each repository when its turn comes."""
        try:
            watcher = self._open()
        except (ImportError, AttributeError) as error:
            yield TriggerEvent(_no_way_to_the_projects(self.source, error))
            return
        finds: list[Find] = []
        complaint = ""
        while not finds and time.time() < self.until:
            try:
                # Git, store and project files are read in threads, away from all other triggers.
                finds = await asyncio.get_running_loop().run_in_executor(_threads, watcher.tick)
                complaint = ""
            except Exception as error:
                # A store that does not answer now may answer at the next look.
                if (words := in_words(error)) != complaint:
                    self._say(f"no repository can be watched: {words}")
                complaint = words
                await asyncio.sleep(_PAUSE)
        yield TriggerEvent({FINDS: [find.to_json() for find in finds]})

    def _open(self) -> Watcher:
        key = (self.source, self.poll)
        if key not in _watchers:
            projects = _function(self.source)
            _watchers[key] = Watcher(projects, artifact_store(), self._say, interval=self.poll)
        watcher = _watchers[key]
        # What is said stands in the log of the task that waits now.
        watcher.say = self._say
        return watcher

    def _say(self, words: str) -> None:
        self.log.warning("%s", words)


def _function(name: str) -> Callable[[], Iterable[WatchedProject]]:
    module, _, function = name.rpartition(".")
    found: Callable[[], Iterable[WatchedProject]] = getattr(
        importlib.import_module(module or name), function
    )
    return found


def _no_way_to_the_projects(source: str, error: Exception) -> dict[str, str]:
    return {
        ERROR: f"the triggerer cannot load {source}: {in_words(error)}",
        "advice": "let the triggerer's PYTHONPATH be that of the workers, or set [slipway] "
        "sensor_mode to reschedule",
    }
