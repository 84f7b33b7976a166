"""Which process was started, told apart from every other that this machine ever runs.

A number alone says nothing: after a reboot, or some thousands of processes later, it is
somebody else's. So a note holds the boot, the moment of the start and a secret mark that the
process, and whatever it starts, has in its environment. All of it has to agree. The command line
is noted for people: programs change their own.

Standard library alone: the demo's prerequisites are made with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

MARK = "SLIPWAY_PROCESS"
_PROC = Path("/proc")
_ENDED = ("Z", "X")


class UnknownProcess(Exception):
    """A pid file of an older demo names a living process that may be anybody's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ProcessNote:
    """What is known of a process that was started.

    :param pid: its number; it leads a session of the same number.
    :param boot: id of the boot of the machine.
    :param started: clock ticks from the boot to its start.
    :param mark: what stands in its environment under :data:`MARK`.
    :param command: what was started.
    """

    pid: int
    boot: str
    started: int
    mark: str
    command: tuple[str, ...]

    def owns(self, pid: int) -> bool:
        """Tell whether a process is this one, or one that it started in its session."""
        if self.boot != boot_id() or _running_since(pid) is None:
            return False
        return _session(pid) == self.pid and _mark(pid) == self.mark

    def leads(self) -> bool:
        """Tell whether the process itself still runs."""
        if self.boot != boot_id() or _running_since(self.pid) != self.started:
            return False
        # Between its start and its own program a process has no environment yet.
        return _mark(self.pid) in (self.mark, None)

    def members(self) -> list[int]:
        """Return the numbers of all that run in its session, whether or not it lives itself."""
        numbers = (int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit())
        return [pid for pid in numbers if self.owns(pid)]

    def group(self) -> list[int]:
        """Return those of the members that have no group of their own."""
        return [pid for pid in self.members() if _group(pid) == self.pid]

    def signal(self, pid: int, number: signal.Signals) -> None:
        """Signal a process of the session; one that has ended meanwhile is left alone."""
        with contextlib.suppress(ProcessLookupError), _handle(pid) as handle:
            # The handle stays with this one process, so what is true now holds for the signal.
            if self.owns(pid) or (pid == self.pid and self.leads()):
                signal.pidfd_send_signal(handle, number)


def new_mark() -> str:
    """Return a mark that nobody else has."""
    return secrets.token_hex(16)


def note(pid: int, mark: str, command: Sequence[str]) -> ProcessNote:
    """Describe a child of this process that was just started.

    :param pid: the child's.
    :param mark: what its environment holds under :data:`MARK`.
    :param command: that it was started with.
    """
    found = _stat(pid)
    started = found[1] if found else 0
    return ProcessNote(pid=pid, boot=boot_id(), started=started, mark=mark, command=tuple(command))


def write(file: Path, written: ProcessNote) -> None:
    """Write a note at once, for its owner alone."""
    draft = file.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(asdict(written)))
    draft.replace(file)


def read(file: Path) -> ProcessNote | None:
    """Read a note; None where there is none, or none that says anything.

    :raises UnknownProcess: when it is of a version that noted a number alone, and that number is
        in use.
    """
    try:
        text = file.read_text()
    except FileNotFoundError:
        return None
    with contextlib.suppress(ValueError, TypeError, KeyError):
        fields = json.loads(text)
        return ProcessNote(**{**fields, "command": tuple(fields["command"])})
    _refuse_living(file, text)
    return None


def boot_id() -> str:
    """Return the id of the machine's present boot."""
    return (_PROC / "sys/kernel/random/boot_id").read_text().strip()


def command_line(pid: int) -> str:
    """Return a process's words, empty when it has none or has ended."""
    try:
        raw = (_PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return ""
    return raw.replace(b"\0", b" ").decode(errors="replace").strip()


def _refuse_living(file: Path, text: str) -> None:
    number = text.partition("\n")[0].strip()
    if not number.isdigit() or _running_since(int(number)) is None:
        return
    msg = (
        f"{file} is of an earlier version and names process {number}, which runs now:\n"
        f"    {command_line(int(number))}\n"
        f"If that is the demo's, end it with `kill {number}`; then remove {file} and try again"
    )
    raise UnknownProcess(msg)


@contextlib.contextmanager
def _handle(pid: int) -> Iterator[int]:
    handle = os.pidfd_open(pid)
    try:
        yield handle
    finally:
        os.close(handle)


def _running_since(pid: int) -> int | None:
    """Return when a process started; None when it has ended, or never was."""
    # A child of this process that ended stays in the list until it is waited for.
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    found = _stat(pid)
    return None if found is None or found[0] in _ENDED else found[1]


def _stat(pid: int) -> tuple[str, int] | None:
    """Read state and start time (fields 3 and 22 of proc(5)); a name may hold blanks and ")"."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    fields = text.rpartition(") ")[2].split()
    return fields[0], int(fields[19])


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return 0


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0


def _mark(pid: int) -> str | None:
    """Return the mark in a process's environment: None where it has no environment (yet)."""
    try:
        words = (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
    except OSError:
        return ""
    if words == [b""]:
        return None
    sought = f"{MARK}=".encode()
    return next((word[len(sought) :].decode() for word in words if word.startswith(sought)), "")
