"""The watcher: asks every repository, side by side, and gives what is to be run.

Each repository is asked for itself: one that does not answer, or whose answer nobody understands,
is said and asked again, ever more rarely as long as it fails; none holds up another. Of one whose
new commits cannot be listed in time the newest is handed on, so that a run says what is wrong.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from slipway.exceptions import RepositoryUnreachable
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.metrics.catalogue import FAILING_REPOSITORIES, LOOKS, POLL_TIME, REPOSITORIES
from slipway.metrics.emit import observe, show, timed
from slipway.model.git.watching import WatchedProject
from slipway.tasks.watching.complaints import Complaints, Subject, in_words
from slipway.tasks.watching.finder import Finder
from slipway.tasks.watching.finders import FINDERS
from slipway.tasks.watching.found import Find, fairly
from slipway.tasks.watching.known_dags import subject_of
from slipway.tasks.watching.look import Looked, look_at
from slipway.tasks.watching.rota import FIRST, LONGEST, Place, Rota

# Seconds between two looks at which projects there are.
REFRESH = 20.0
# Repositories that are asked at once, and seconds until a poll goes on without those that have
# not answered.
AT_ONCE = 16
PATIENCE = 60.0
# Finds that are handed on at once; Airflow maps a task over a thousand things, and not over more.
MOST_FINDS = 200
# Seconds for which it is believed that unchanged refs hold nothing new.
_QUIET = 600.0
# Seconds until a look at what the threads have brought.
_TICK = 0.2


@dataclass(slots=True)
class _Asked:
    """A look that is going on."""

    since: float
    projects: tuple[WatchedProject, ...]
    early: dict[str, Find] = field(default_factory=dict)
    late: bool = False


class Watcher:
    """Asks repositories.

    :param projects: gives the projects. It is asked again every ``REFRESH`` seconds, so that a poll
        that goes on for an hour sees the project that was added meanwhile.
    :param store: where is remembered what was seen, and what is wrong.
    :param say: writes a line for people into the log.
    :param interval: seconds between two looks at a repository; 0 where each sweep asks all.
    :param pause: seconds until one that failed for the first time is asked again.
    :param finders: what is looked for.
    """

    def __init__(
        self,
        projects: Callable[[], Iterable[WatchedProject]],
        store: ArtifactStore,
        say: Callable[[str], None],
        *,
        interval: float = 0.0,
        pause: float = FIRST,
        finders: Sequence[Finder] = FINDERS,
    ) -> None:
        self._projects = projects
        self._store = store
        self.say = say
        self._finders = finders
        self._rota = Rota(interval, pause=max(pause, FIRST))
        self._complaints = Complaints(store, lambda words: self.say(words))
        self._places: dict[Place, tuple[WatchedProject, ...]] = {}
        self._refreshed = float("-inf")
        self._loaded = False
        self._asked: dict[Place, _Asked] = {}
        self._brought: queue.SimpleQueue[tuple[Place, Looked | Exception]] = queue.SimpleQueue()
        self._quiet: dict[Place, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def sweep(self) -> list[Find]:
        """Ask all that may be asked now, once; returns what is to be run."""
        with self._lock, timed(POLL_TIME):
            self._refresh()
            now, found = time.time(), list[Find]()
            while True:
                self._ask(now)
                if all(one.late for one in self._asked.values()):
                    self._measure()
                    return self._in_order(found)
                found += self._collect(_TICK)

    def tick(self) -> list[Find]:
        """Ask those whose turn it is, and return what was found until now; takes a moment."""
        with self._lock:
            self._refresh()
            self._ask(time.time())
            if not self._asked:
                time.sleep(min(self._rota.wait(time.time()), 1.0))
                return []
            return fairly(self._in_order(self._collect(_TICK)), MOST_FINDS)

    def _in_order(self, found: list[Find]) -> list[Find]:
        """Put what was found into the order of the projects, each one's as it is."""
        seats: dict[str, int] = {}
        for projects in self._places.values():
            for one in projects:
                seats.setdefault(one.dag_id, len(seats))
                seats.setdefault(one.proposals, len(seats))
        return sorted(found, key=lambda find: seats.get(find.dag_id, 0))

    def _refresh(self) -> None:
        if time.monotonic() - self._refreshed < REFRESH:
            return
        try:
            found = list(self._projects())
        except Exception as error:
            if not self._places:
                raise
            self.say(f"the projects cannot be read: {in_words(error)}")
        else:
            self._follow(found)
        self._refreshed = time.monotonic()
        self._measure()

    def _measure(self) -> None:
        subjects = [place.subject for place in self._places]
        show(REPOSITORIES, len(subjects))
        show(FAILING_REPOSITORIES, self._complaints.how_many(subjects))

    def _follow(self, projects: Iterable[WatchedProject]) -> None:
        places: dict[Place, list[WatchedProject]] = {}
        for one in projects:
            places.setdefault(Place(url=one.url, connection=one.connection), []).append(one)
        self._places = {place: tuple(those) for place, those in places.items()}
        self._rota.follow(self._places, time.time())
        if not self._loaded:
            self._loaded = True
            self._resume()

    def _resume(self) -> None:
        """Go on where an earlier watcher was."""
        subjects = {place.subject: place for place in self._places}
        own = [
            key for place, all_ in self._places.items() for one in all_ for key in _keys(place, one)
        ]
        for trouble in self._complaints.load([*subjects, *own]):
            if (place := subjects.get(trouble.subject)) is not None:
                self._rota.resume(
                    place, failures=trouble.failures, again=trouble.again, away=trouble.away
                )

    def _ask(self, now: float) -> None:
        busy = sum(not one.late for one in self._asked.values())
        for place in self._rota.due(now, AT_ONCE - busy):
            # A thread of its own: one that is stuck takes no place of another's. None of them
            # keeps a process from ending.
            asked = _Asked(since=time.monotonic(), projects=self._places[place])
            self._asked[place] = asked
            work = partial(self._look, place, asked)
            threading.Thread(target=work, name="slipway watcher", daemon=True).start()

    def _look(self, place: Place, asked: _Asked) -> None:
        def early(find: Find) -> None:
            asked.early[find.dag_id] = find

        state, until = self._quiet.get(place, ("", 0.0))
        known = state if time.monotonic() < until else None
        try:
            looked = look_at(
                asked.projects,
                self._store,
                lambda words: self.say(words),
                early=early,
                known=known,
                finders=self._finders,
            )
        except Exception as error:
            self._brought.put((place, error))
        else:
            if known != looked.state:
                self._quiet[place] = (looked.state, time.monotonic() + _QUIET)
            self._brought.put((place, looked))

    def _collect(self, patience: float) -> list[Find]:
        """Take what the looks have brought, and wait for it a moment where there is nothing."""
        found: list[Find] = []
        try:
            found += self._take(*self._brought.get(timeout=patience))
            while True:
                found += self._take(*self._brought.get_nowait())
        except queue.Empty:
            pass
        for place, asked in self._asked.items():
            if not asked.late and time.monotonic() - asked.since > PATIENCE:
                asked.late = True
                observe(LOOKS, time.monotonic() - asked.since, result="late")
                found += self._give_up_on(place, asked)
        return found

    def _give_up_on(self, place: Place, asked: _Asked) -> list[Find]:
        """Go on without a repository; its look goes on by itself, and git has its own limits."""
        finds = list(asked.early.values())
        words = f"no answer within {PATIENCE:.0f} s"
        if finds:
            words += "; its newest commit alone is run"
        now, subject = time.time(), _of(place, asked)
        failures = self._complaints.failures(subject) + 1
        # A watcher that is started anew has no look that goes on, and would wait for each again.
        again = now + min(PATIENCE * 2.0 ** min(failures, 8), LONGEST)
        error = TimeoutError(words)
        self._complaints.failed(subject, error, now, failures=failures, again=again)
        return finds

    def _take(self, place: Place, brought: Looked | Exception) -> list[Find]:
        asked, now = self._asked.pop(place), time.time()
        if not asked.late:
            result = "failed" if isinstance(brought, Exception) else "answered"
            observe(LOOKS, time.monotonic() - asked.since, result=result)
        if isinstance(brought, Exception):
            away = isinstance(brought, RepositoryUnreachable)
            failures, again = self._rota.failed(place, now, away=away)
            self._complaints.failed(
                _of(place, asked), brought, now, failures=failures, again=again, away=away
            )
            return []
        self._rota.succeeded(place, now)
        self._complaints.mended(_of(place, asked))
        for project in asked.projects:
            subject = _of_project(place, project)
            if (problem := brought.problems.get(project.dag_id)) is not None:
                self._complaints.failed(subject, problem, now)
            elif project.dag_id not in brought.later:
                self._complaints.mended(subject)
        if brought.finds or brought.problems:
            self._quiet.pop(place, None)
        return brought.finds


def _keys(place: Place, project: WatchedProject) -> list[str]:
    """Name what may be noted of a project alone."""
    dags = (project.dag_id, project.proposals)
    return [_of_project(place, project).key, *(subject_of(dag_id) for dag_id in dags)]


def _of(place: Place, asked: _Asked) -> Subject:
    names = tuple(one.dag_id for one in asked.projects)
    return Subject(key=place.subject, repository=place.url, projects=names)


def _of_project(place: Place, project: WatchedProject) -> Subject:
    key = f"{place.subject} {project.dag_id}"
    return Subject(key=key, repository=place.url, projects=(project.dag_id,))
