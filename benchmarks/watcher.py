"""What it costs to watch many repositories: CPU, memory, and seconds for each sweep.

Makes local repositories of two commits each, serves them with a git daemon on loopback, and lets
the watcher ask all of them, again and again, as it does in a worker (a sweep) and in the triggerer
(each when its turn comes). The first sweep sees every repository for the first time. The server's
own CPU is counted apart: it is the git host's. Between the sweeps ``xargs`` runs a plain
``git ls-remote`` for each repository, as many at once: what asking costs whoever asks, and what a
sweep is measured by.

``python -m benchmarks.watcher [--repositories 1000] [--sweeps 3] [--poll-seconds 30]``
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.bench.figure import record, timed

if TYPE_CHECKING:
    from slipway.model.git.watching import WatchedProject


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What some time of watching cost.

    :param seconds: that it took.
    :param own: CPU seconds of the watcher's process.
    :param git: CPU seconds of the git that it ran.
    """

    seconds: float
    own: float
    git: float


def measured(work: Callable[[], object]) -> Cost:
    """Do something and say what it cost."""
    before, seconds, after = _cpu(), timed(work), _cpu()
    return Cost(seconds=seconds, own=after[0] - before[0], git=after[1] - before[1])


def main() -> None:
    """Measure, and tell what it cost."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.watcher")
    parser.add_argument("--repositories", type=int, default=1000)
    parser.add_argument("--sweeps", type=int, default=3)
    parser.add_argument("--poll-seconds", type=float, default=30.0)
    given = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="slipway-watcher-"))
    _settings(home)
    from tests.fakes.git_server import git_daemon

    try:
        _repositories(home / "git", given.repositories)
        with git_daemon(home / "git") as url:
            _measure(url, given.repositories, given.sweeps, given.poll_seconds)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _measure(url: str, count: int, sweeps: int, poll_seconds: float) -> None:
    """Watch, in both ways."""
    from slipway.hooks.store.artifacts import artifact_store
    from slipway.model.git.watching import WatchedProject
    from slipway.tasks.watching.memory import remember_seen
    from slipway.tasks.watching.watcher import Watcher

    names = [f"p{number}" for number in range(count)]
    projects = [WatchedProject(dag_id=one, url=f"{url}/{one}", branch="main") for one in names]
    store = artifact_store()

    def swept(watcher: Watcher) -> int:
        found, new = 0, watcher.sweep()
        while new:  # two hundred at once
            remember_seen(store, [seen for find in new for seen in find.seen])
            found += len(new)
            new = watcher.sweep()
        return found

    said = _Said()
    sweeper = Watcher(lambda: projects, store, said)
    first = measured(lambda: swept(sweeper))
    costs, fresh, plain = [], [], []
    for _ in range(sweeps):  # by turns, so that all meet the same machine
        plain.append(_plain([one.url for one in projects]))
        costs.append(measured(lambda: len(sweeper.sweep())))
        fresh.append(_fresh(projects, said))
    waiting = Watcher(lambda: projects, store, said, interval=poll_seconds)
    _for(waiting, poll_seconds)
    polls = measured(lambda: _for(waiting, 2 * poll_seconds))
    size = (count, "repositories")
    for what, found in (("one worker", costs), ("from anew", fresh)):
        for unit, of in (("time", _seconds), ("CPU", _cpu_seconds)):
            beside = ("git ls-remote", [of(one) for one in plain])
            record(f"a sweep, {what}: {unit}", [of(one) for one in found], beside=beside, size=size)
    record("first sight", [first.seconds], size=size)
    share = 100 * _cpu_seconds(polls) / polls.seconds
    what = f"of a core, polls {poll_seconds:g} s apart"
    record(what, [share], unit="%", size=size)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    bare = ("a bare process with Airflow loaded", [_bare()])
    record("memory at most", [peak], unit="MiB", beside=bare, size=size)
    record("complaints", [said.count], unit="complaints", size=size)


def _seconds(cost: Cost) -> float:
    return cost.seconds


def _cpu_seconds(cost: Cost) -> float:
    return cost.own + cost.git


class _Said:
    """Counts what the watcher says."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, _words: str) -> None:
        self.count += 1


def _fresh(projects: list[WatchedProject], said: _Said) -> Cost:
    """Sweep as a task does that knows nothing of the sweep before."""
    from slipway.hooks.store.artifacts import artifact_store
    from slipway.tasks.watching.watcher import Watcher

    watcher = Watcher(lambda: projects, artifact_store(), said)
    return measured(lambda: len(watcher.sweep()))


def _plain(urls: list[str]) -> Cost:
    """Ask each repository what its branches are, and do nothing with the answer."""
    from slipway.tasks.watching.rota import MOST_OF_HOST

    words = ["xargs", "-n", "1", "-P", str(MOST_OF_HOST), "git", "ls-remote", "--heads", "--"]

    def ask() -> int:
        subprocess.run(  # noqa: S603 - constant words
            words, input="\n".join(urls), text=True, check=True, stdout=subprocess.DEVNULL
        )
        return 0

    return measured(ask)


def _for(watcher: object, seconds: float) -> int:
    from slipway.tasks.watching.watcher import Watcher

    if not isinstance(watcher, Watcher):
        raise TypeError
    until, found = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        found += len(watcher.tick())
    return found


def _cpu() -> tuple[float, float]:
    own = resource.getrusage(resource.RUSAGE_SELF)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime, children.ru_utime + children.ru_stime


def _bare() -> float:
    """Return the MiB of a process that has loaded what the watcher needs, and watches nothing."""
    code = (
        "import slipway.tasks.watching.watcher, resource;"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    done = subprocess.run(  # noqa: S603 - constant words
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    return int(done.stdout.split()[-1]) / 1024


def _repositories(folder: Path, count: int) -> None:
    """Make one, and copy it."""
    from tests.fakes.git_server import Repository

    folder.mkdir()
    first = Repository(folder / "p0", "")
    first.commit(readme="one")
    first.commit(readme="two")
    shutil.rmtree(folder / "p0" / ".git" / "hooks", ignore_errors=True)  # examples, of no use here
    for number in range(1, count):
        shutil.copytree(folder / "p0", folder / f"p{number}")


def _settings(home: Path) -> None:
    """Give Airflow a home of its own, before it is loaded."""
    for name in [name for name in os.environ if name.startswith("AIRFLOW")]:
        del os.environ[name]
    os.environ |= {
        "AIRFLOW_HOME": str(home / "airflow"),
        "AIRFLOW__SLIPWAY__ARTIFACTS": (home / "artifacts").as_uri(),
        "AIRFLOW__SLIPWAY__GIT_MIRRORS": str(home / "mirrors"),
    }


if __name__ == "__main__":
    main()
