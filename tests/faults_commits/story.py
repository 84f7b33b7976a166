"""Commits that are pushed and announced while processes die: what becomes of them."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tests.fakes.git_server import Repository
from tests.faults_commits.airflow import KILLED, PATIENCE, SENDERS, Installation
from tests.faults_commits.contest import Hook, Pace, Push, Way, choose
from tests.faults_commits.outcome import Outcome
from tests.faults_commits.records import Key, Run

# Commits that one push may hold; of more than twenty the watcher runs the newest.
_PUSH = 5
# Seconds: for the last runs to be there, and at most until a death that is due.
_SETTLE, _BETWEEN = 300.0 * PATIENCE, 0.5
# Seconds between two looks at what the poll has found.
_GLANCE = 0.1


def tell(
    airflow: Installation,
    *,
    commits: int,
    seed: int,
    every: int,
    kills: int | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Push commits and announce each one to five times, in random order, while processes die.

    :param airflow: running; each of its projects has had the run of its first commit.
    :param commits: how many to push.
    :param seed: of all chance.
    :param every: announcements between two deaths, on average; so each comes while others of them
        are on their way, however fast the machine is.
    :param kills: how many of them; without end by default.
    :param say: tells how it goes.
    """
    chance = random.Random(seed)
    outcome = Outcome(pushes=[_first(name, one) for name, one in airflow.repositories.items()])
    pace = Pace()
    over = threading.Event()
    killer = threading.Thread(
        target=_kill, args=(airflow, random.Random(seed + 1), every, kills, over)
    )
    killer.start()
    try:
        before: dict[str, str] = {}
        while (left := commits + airflow.count - len(outcome.commits)) > 0:
            pushed = _push(airflow, chance, left, outcome)
            outcome.pushes += pushed
            _announce(airflow, chance, pace, pushed)
            # A host is not pushed to without end while nobody listens.
            airflow.wait_for(before, _SETTLE)
            before = {sha: push.project for push in pushed for sha in push.shas}
            runs = _runs(airflow)
            pace.learn(outcome.pushes, runs)
            say(f"{len(outcome.commits)} commits, {len(runs)} runs, poll after {pace.usual:.1f} s")
    finally:
        over.set()
        killer.join()
    airflow.wait_for(outcome.commits, _SETTLE)
    time.sleep(2)  # for a run too many
    outcome.runs, outcome.kills = airflow.records.runs(), airflow.kills
    outcome.announced, outcome.taken = airflow.announced, airflow.taken
    outcome.seen_by_both = airflow.records.found_by_hook() & airflow.records.found_by_poll()
    return outcome


def _runs(airflow: Installation) -> dict[Key, Run]:
    return {(run.project, run.run_id): run for run in airflow.records.runs()}


def _first(name: str, one: Repository) -> Push:
    """Return the push of a repository's first commit, which was there when all began."""
    head = one.git("rev-parse", "HEAD")
    return Push(project=name, shas=(head,), way=Way.FIRST, at=0)


def _push(airflow: Installation, chance: random.Random, left: int, outcome: Outcome) -> list[Push]:
    """Push a few commits to each project but those that a poll alone has yet to look at."""
    there = _runs(airflow)
    waiting = {
        push.project
        for push in outcome.pushes
        if push.way is Way.POLL and not push.keys <= there.keys()
    }
    pushed: list[Push] = []
    for name, one in airflow.repositories.items():
        number = min(chance.randint(1, _PUSH), left)
        way = choose(chance, is_polled=name in airflow.polled)
        if number == 0 or name in waiting:
            continue
        shas = tuple(one.commit(f"{name} {chance.random()}") for _ in range(number))
        left -= number
        pushed.append(Push(project=name, shas=shas, way=way, at=time.time()))
    return pushed


def _announce(
    airflow: Installation, chance: random.Random, pace: Pace, pushed: Sequence[Push]
) -> None:
    """Announce pushes, in random order and from several addresses."""
    hooks = [hook for push in pushed for hook in pace.hooks(push, chance)]
    chance.shuffle(hooks)
    if not hooks:
        return
    over, found = threading.Event(), set[Key]()
    watch = threading.Thread(target=_watch, args=(airflow, found, over))
    watch.start()
    try:
        with ThreadPoolExecutor(len(hooks)) as pool:
            senders = itertools.cycle(range(SENDERS))
            list(pool.map(partial(_post, airflow, found), hooks, senders))
    finally:
        over.set()
        watch.join()


def _watch(airflow: Installation, found: set[Key], over: threading.Event) -> None:
    """Gather what the poll hands on."""
    while not over.wait(_GLANCE):
        found |= airflow.records.found_by_poll()


def _post(airflow: Installation, found: set[Key], hook: Hook, sender: int) -> None:
    """Post a hook once the poll is there or its time is over."""
    while time.time() < hook.until and not found & hook.push.keys:
        time.sleep(_GLANCE)
    time.sleep(hook.then)
    airflow.announce(hook.push.project, sender)


def _kill(
    airflow: Installation,
    chance: random.Random,
    every: int,
    kills: int | None,
    over: threading.Event,
) -> None:
    """Kill one after the other in the midst of announcements, and start it again."""
    parts: list[str] = []
    then = 0.0
    while kills is None or len(airflow.kills) < kills:
        then += every * (0.3 + 1.4 * chance.random())
        while airflow.announced < then and not over.wait(0.05):
            pass
        if kills is None and over.is_set():
            return
        time.sleep(chance.random() * _BETWEEN)
        parts = parts or chance.sample(KILLED, len(KILLED))
        part = parts.pop()
        airflow.kill(part)
        time.sleep(2 * chance.random())
        airflow.restart(part)
        then = max(then, airflow.announced)
