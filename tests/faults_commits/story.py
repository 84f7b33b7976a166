"""Commits that are pushed and announced while processes die: what becomes of them."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.faults_commits.airflow import KILLED, PATIENCE, SENDERS, Installation

# Announcements of one commit.
_MOST = 5
# Commits that one push may hold; of more than twenty the watcher runs the newest.
_PUSH = 5
# Seconds: for the last runs to be there, and at most between a sender's announcement and its next.
_SETTLE, _BETWEEN = 300.0 * PATIENCE, 0.5
# Seconds until a sender tries another one where nobody was there to take the last.
_PAUSE = 1.0


@dataclass(kw_only=True)
class Outcome:
    """What became of the commits.

    :param commits: each sha -> its project.
    :param runs: project, run and what made it.
    :param announced: how many hooks were posted.
    :param taken: how many of them somebody was there to take.
    :param kills: what was killed, in order.
    """

    commits: dict[str, str] = field(default_factory=dict)
    runs: list[tuple[str, str, str]] = field(default_factory=list)
    announced: int = 0
    taken: int = 0
    kills: list[str] = field(default_factory=list)

    def problems(self) -> list[str]:
        """Say what is not as it should be: one run of each commit, and no other."""
        count = Counter((project, run_id) for project, run_id, _ in self.runs)
        wanted = {(project, f"commit__{sha}") for sha, project in self.commits.items()}
        return [
            *(f"{one} has {number} runs" for one, number in count.items() if number > 1),
            *(f"{one} has no run" for one in sorted(wanted - count.keys())),
            *(f"{one} is of nobody's commit" for one in sorted(count.keys() - wanted)),
        ]

    def __str__(self) -> str:
        """Sum it up in a line."""
        by = Counter(how for _, _, how in self.runs)
        made = ", ".join(f"{number} by {how}" for how, number in sorted(by.items()))
        killed = Counter(self.kills)
        deaths = ", ".join(f"{part} {number}" for part, number in sorted(killed.items()))
        return (
            f"{len(self.commits)} commits, {self.announced} hooks ({self.taken} taken), "
            f"killed: {deaths or 'nobody'}; {len(self.runs)} runs ({made})"
        )


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
    outcome = Outcome(
        commits={one.git("rev-parse", "HEAD"): name for name, one in airflow.repositories.items()}
    )
    over = threading.Event()
    killer = threading.Thread(
        target=_kill, args=(airflow, random.Random(seed + 1), every, kills, over)
    )
    killer.start()
    try:
        before: dict[str, str] = {}
        while (left := commits + airflow.count - len(outcome.commits)) > 0:
            pushed = _push(airflow, chance, left)
            outcome.commits |= pushed
            _announce(airflow, chance, pushed, outcome)
            # A host is not pushed to without end while nobody listens.
            airflow.wait_for(before, _SETTLE)
            before = pushed
            say(f"{len(outcome.commits)} commits, {len(airflow.runs())} runs")
    finally:
        over.set()
        killer.join()
    airflow.wait_for(outcome.commits, _SETTLE)
    time.sleep(2)  # for a run too many
    outcome.runs, outcome.kills = airflow.runs(), airflow.kills
    return outcome


def _push(airflow: Installation, chance: random.Random, left: int) -> dict[str, str]:
    """Push a few commits to each project; returns each with its project."""
    pushed: dict[str, str] = {}
    for name, one in airflow.repositories.items():
        for _ in range(min(chance.randint(1, _PUSH), left - len(pushed))):
            pushed[one.commit(f"{name} {chance.random()}")] = name
    return pushed


def _announce(
    airflow: Installation, chance: random.Random, pushed: dict[str, str], outcome: Outcome
) -> None:
    """Announce each commit one to five times, in random order, from several addresses at once."""
    announcements = [
        project for project in pushed.values() for _ in range(chance.randint(1, _MOST))
    ]
    chance.shuffle(announcements)
    shares = [announcements[sender::SENDERS] for sender in range(SENDERS)]
    seeds = [chance.random() for _ in shares]
    with ThreadPoolExecutor(SENDERS) as pool:
        taken = pool.map(_send, [airflow] * SENDERS, range(SENDERS), seeds, shares)
        outcome.taken += sum(taken)
    outcome.announced += len(announcements)


def _send(airflow: Installation, sender: int, seed: float, share: Sequence[str]) -> int:
    """Send one address's share; returns how many of them somebody was there to take."""
    chance, taken = random.Random(seed), 0
    for project in share:
        is_taken = airflow.announce(project, sender)
        taken += is_taken
        time.sleep(chance.random() * _BETWEEN if is_taken else _PAUSE)
    return taken


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
