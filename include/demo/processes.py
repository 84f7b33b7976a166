"""The demo's long-running processes, each known by a pid file.

A pid is trusted only together with the command line that was started: after a reboot the same
number may be somebody else's process, and that one must not be touched.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from include.demo.home import LOG, ROOT, RUN


def start(name: str, argv: Sequence[str], environment: Mapping[str, str]) -> None:
    """Start a process of its own session, its output going to ``.slipway/log/<name>.log``.

    :param name: what it is called in ``.slipway/run``.
    :param argv: the command.
    :param environment: added to this process's environment.
    """
    RUN.mkdir(parents=True, exist_ok=True)
    LOG.mkdir(parents=True, exist_ok=True)
    with (LOG / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - the callers' constant words
            argv, cwd=ROOT, env={**os.environ, **environment}, stdin=subprocess.DEVNULL,
            stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    # Written at once: a kill of the demo between here and the next line must not orphan it.
    (RUN / f"{name}.pid").write_text(f"{process.pid}\n{argv[0]}")


def alive(name: str) -> bool:
    """Tell whether a process that was started under this name still runs."""
    return _pid(name) is not None


def stop(*names: str, grace: float = 20.0) -> None:
    """Stop processes and all their sessions, side by side; nothing happens where there is none.

    :param names: as given to :func:`start`.
    :param grace: seconds before the final signal.
    """
    leaders = [pid for name in names if (pid := _pid(name)) is not None]
    for pid in leaders:
        _signal(pid, signal.SIGTERM)
    deadline = time.monotonic() + grace
    _wait(lambda: [pid for pid in leaders if _running(pid)], deadline)
    # A task's worker has a process group of its own and outlives the scheduler that began it.
    for pid in _sessions(leaders):
        _signal(pid, signal.SIGTERM)
    _wait(lambda: _sessions(leaders), deadline)
    for pid in _sessions(leaders):
        _signal(pid, signal.SIGKILL)
    for name in names:
        (RUN / f"{name}.pid").unlink(missing_ok=True)


def last_lines(name: str, count: int = 15) -> str:
    """Return the end of a process's log, for an error message."""
    log = LOG / f"{name}.log"
    text = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join(text.splitlines()[-count:])


def _pid(name: str) -> int | None:
    file = RUN / f"{name}.pid"
    if not file.exists():
        return None
    number, _, command = file.read_text().partition("\n")
    pid = int(number)
    if not _running(pid):
        return None
    words = _command_line(pid)
    # For a moment after its start a process has no words yet.
    ours = not words or not command or Path(command).name in words
    return pid if ours else None


def _command_line(pid: int) -> str:
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    return raw.replace(b"\0", b" ").decode(errors="replace")


def _running(pid: int) -> bool:
    """A zombie has ended; only its parent has not asked yet."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(") ")[2][:1] not in ("Z", "X")


def _sessions(leaders: Collection[int]) -> list[int]:
    """Return what runs in the sessions of these processes, whether or not they live still."""
    numbers = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [pid for pid in numbers if _session(pid) in leaders and _running(pid)]


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return 0


def _wait(remaining: Callable[[], Collection[int]], deadline: float) -> None:
    while remaining() and time.monotonic() < deadline:
        time.sleep(0.1)


def _signal(pid: int, number: signal.Signals) -> None:
    """Signal a process and its group, if it leads one."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)
