"""The demo's long-running processes, each known by a note in ``.slipway/run``.

Standard library alone, as :mod:`include.demo.process_note` is.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from include.demo import process_note
from include.demo.paths import LOG, ROOT, RUN
from include.demo.process_note import ProcessNote, UnknownProcess

__all__ = ["UnknownProcess", "alive", "last_lines", "start", "stop"]

# Programs that give themselves a title leave their environment, and so the mark, as it is.
_KEEP_ENVIRONMENT = {"SPT_NOENV": "1"}


def start(name: str, argv: Sequence[str], environment: Mapping[str, str]) -> None:
    """Start a process of its own session, its output going to ``.slipway/log/<name>.log``.

    What it writes is its owner's alone.

    :param name: what it is called in ``.slipway/run``.
    :param argv: the command.
    :param environment: added to this process's environment.
    """
    for folder in (RUN, LOG):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    mark = process_note.new_mark()
    marked = {**os.environ, **environment, **_KEEP_ENVIRONMENT, process_note.MARK: mark}
    with _private(LOG / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - the callers' constant words
            argv,
            cwd=ROOT,
            env=marked,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=0o077,
        )
    # Written at once: a kill of the demo between here and the next line must not orphan it.
    process_note.write(_file(name), process_note.note(process.pid, mark, argv))


def alive(name: str) -> bool:
    """Tell whether a process that was started under this name still runs.

    :raises UnknownProcess: when an earlier version's note leaves that open.
    """
    noted = process_note.read(_file(name))
    return noted is not None and noted.leads()


def stop(*names: str, grace: float = 20.0) -> None:
    """Stop processes and all their sessions, side by side; nothing happens where there is none.

    :param names: as given to :func:`start`.
    :param grace: seconds before the final signal.
    :raises UnknownProcess: when an earlier version's note leaves open whose process it is; all
        others were stopped.
    """
    unknown = []
    noted = []
    for name in names:
        try:
            noted.append((name, process_note.read(_file(name))))
        except UnknownProcess as error:
            unknown.append(str(error))
    _end([one for _, one in noted if one], time.monotonic() + grace)
    for name, _ in noted:
        _file(name).unlink(missing_ok=True)
    if unknown:
        raise UnknownProcess("\n".join(unknown))


def last_lines(name: str, count: int = 15) -> str:
    """Return the end of a process's log, for an error message."""
    log = LOG / f"{name}.log"
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join(text.splitlines()[-count:])


def _end(noted: Collection[ProcessNote], deadline: float) -> None:
    """Ask the leaders' groups to end, then the rest of their sessions, then leave no choice."""
    for one in noted:
        if one.leads():
            for pid in {one.pid, *one.group()}:
                one.signal(pid, signal.SIGTERM)
    _wait(lambda: [one.pid for one in noted if one.leads()], deadline)
    # A task's worker has a process group of its own and outlives the scheduler that began it.
    _tell(noted, signal.SIGTERM)
    _wait(lambda: [pid for one in noted for pid in one.members()], deadline)
    _tell(noted, signal.SIGKILL)


def _tell(noted: Iterable[ProcessNote], number: signal.Signals) -> None:
    for one in noted:
        for pid in one.members():
            one.signal(pid, number)


def _file(name: str) -> Path:
    return RUN / f"{name}.pid"


def _private(file: Path) -> Path:
    """Return a file that is there, and its owner's alone."""
    file.touch(mode=0o600)
    with suppress(PermissionError):
        file.chmod(0o600)
    return file


def _wait(remaining: Callable[[], Collection[int]], deadline: float) -> None:
    while remaining() and time.monotonic() < deadline:
        time.sleep(0.1)
