"""The one place that runs git.

Everything that comes from a repository or a person is hostile: it goes in as one argument after
``--`` or inside a full ref name, and git's configuration is pinned so that neither a repository
nor its attributes can make git run, follow or write anything
(:mod:`slipway.hooks.git.confinement`). Nor does git see anything of the
worker's own: its home, its configuration, its keys, its agent and its tickets are out of reach,
so that a repository is read with the credentials that its project names, or with none.
"""

from __future__ import annotations

import logging
import math
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import IO, cast

from slipway.exceptions import TransientError
from slipway.hooks.git.confinement import ALONE, INHERITED, MOST_MEMORY, SAFE
from slipway.model.text.inert import visible

_log = logging.getLogger(__name__)
# Seconds. A fetch of a large repository takes minutes; nothing takes longer than this.
TIMEOUT = 900
# Bytes of an answer that is read into memory: names of refs, one commit, a file of settings.
MOST_OUTPUT = 64 << 20
# Bytes of what git says about a failure that anybody reads.
_MOST_SAID = 64 << 10
_CHUNK = 1 << 20
# How fetch begins what it says of an object whose mistake is tolerated.
_WARNED = b"warning: object "
# By the monotonic clock: when whoever asks no longer waits.
_UNTIL: ContextVar[float] = ContextVar("until", default=math.inf)


class GitCommandFailed(TransientError):
    """Git exited with an error; the caller knows what it means.

    Where no caller does, it is a failure like any other of the world's: said, and tried again.

    :param stderr: what git said.
    """

    def __init__(self, stderr: str) -> None:
        super().__init__(stderr, advice="if it stays, look at the repository with `git fsck`")
        self.stderr = stderr


class GitOutputTooLarge(GitCommandFailed):
    """Git printed more than the caller wants to have; it was stopped there."""


class GitTookTooLong(GitCommandFailed):
    """Git was stopped at the end of its time."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Let all that git does in a block take no longer than this together.

    :param seconds: after which it is stopped, as after a command's own limit.
    """
    token = _UNTIL.set(min(_UNTIL.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _UNTIL.reset(token)


def git(
    *arguments: str,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    most: int = MOST_OUTPUT,
    limit: float = TIMEOUT,
    given: bytes = b"",
    keep: Callable[[bytes], bool] | None = None,
) -> bytes:
    """Run git and return what it printed.

    :param arguments: after ``git``; never joined into a shell string.
    :param cwd: the repository.
    :param environment: added to a clean environment: where credentials are found and the like.
    :param most: bytes that it may print.
    :param limit: seconds that it may take.
    :param given: what it reads from its standard input.
    :param keep: says of each line whether it is wanted; the others are dropped as they come, and
        ``most`` is of those that are.
    :raises GitOutputTooLarge: when it prints more.
    :raises GitCommandFailed: when git exits with an error or takes longer than that.
    """
    printed = bytearray()
    sink: Callable[[bytes], object] = printed.extend
    bound = most
    if keep is not None:
        sink, bound = _Kept(printed, keep, most).take, sys.maxsize
    _run(arguments, cwd, environment, sink=sink, most=bound, limit=limit, given=given)
    return bytes(printed)


class _Kept:
    """Adds the lines that are wanted to what was printed.

    :param printed: the lines.
    :param keep: says of a line whether it is wanted.
    :param most: bytes of them.
    """

    def __init__(self, printed: bytearray, keep: Callable[[bytes], bool], most: int) -> None:
        self._printed, self._keep, self._most = printed, keep, most
        self._begun = b""

    def take(self, chunk: bytes) -> None:
        """Look at the lines of a piece; what follows the last of them belongs to the next piece."""
        *lines, self._begun = (self._begun + chunk).split(b"\n")
        for line in lines:
            if self._keep(line):
                self._printed += line + b"\n"
        if len(self._printed) + len(self._begun) > self._most:
            msg = f"git printed more than {self._most} bytes"
            raise GitOutputTooLarge(msg)


def git_into(file: IO[bytes], *arguments: str, cwd: Path, most: int) -> None:
    """Run git and write what it prints to a file, a piece at a time.

    :param file: open for writing.
    :param arguments: after ``git``.
    :param cwd: the repository.
    :param most: bytes that it may print.
    :raises GitOutputTooLarge: when it prints more.
    :raises GitCommandFailed: when git exits with an error or takes longer than ``TIMEOUT``.
    """
    _run(arguments, cwd, None, sink=file.write, most=most)


def ssh(
    *arguments: str, environment: Mapping[str, str], limit: float, most: int = _MOST_SAID
) -> bytes:
    """Run ssh as git would, and return what it printed.

    :param arguments: after the options that keep it to the credentials.
    :param environment: as for :func:`git`; it names the ssh command.
    :param limit: seconds that it may take.
    :param most: bytes that it may print.
    :raises GitOutputTooLarge: when it prints more.
    :raises GitCommandFailed: when it exits with an error or takes longer than that.
    """
    printed = bytearray()
    command = {**ALONE, **environment}["GIT_SSH_COMMAND"]
    _run(
        arguments,
        None,
        environment,
        sink=printed.extend,
        most=most,
        limit=limit,
        program=tuple(shlex.split(command)),
    )
    return bytes(printed)


def _run(
    arguments: tuple[str, ...],
    cwd: Path | None,
    environment: Mapping[str, str] | None,
    *,
    sink: Callable[[bytes], object],
    most: int,
    limit: float = TIMEOUT,
    given: bytes = b"",
    program: tuple[str, ...] = ("git", *SAFE),
) -> None:
    name = f"git {arguments[0]}" if program[0] == "git" else program[0]
    limit = max(0.0, min(limit, _UNTIL.get() - time.monotonic()))
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as asked:
        asked.write(given)
        asked.seek(0)
        process = subprocess.Popen(  # noqa: S603 - argv only, see the module's docstring
            [*bounded(), *program, *arguments],
            cwd=cwd,
            env={**inherited, **ALONE, **(environment or {})},
            stdin=asked,
            stdout=subprocess.PIPE,
            stderr=said,
            process_group=0,
        )
        late = threading.Event()

        def stop() -> None:
            late.set()
            _end(process)

        watch = threading.Timer(limit, stop)
        watch.daemon = True
        watch.start()
        try:
            _drain(process, name, sink, most)
        finally:
            watch.cancel()
            _end(process)
            process.wait()
        if late.is_set():
            msg = f"{name} took longer than {limit:.0f} s"
            raise GitTookTooLong(msg)
        if process.returncode != 0:
            said.seek(max(0, said.seek(0, os.SEEK_END) - _MOST_SAID))
            raise GitCommandFailed(said.read().decode(errors="replace").strip())
        _tell_of_tolerated(said)


def _tell_of_tolerated(said: IO[bytes]) -> None:
    """Say it where git took objects that are not quite right."""
    said.seek(0)
    lines = [line for line in said.read(_MOST_SAID).splitlines() if line.startswith(_WARNED)]
    if lines:
        first = visible(lines[0].removeprefix(b"warning: ").decode(errors="replace"))
        _log.warning("taken as git takes it: %s%s", first, ", and others" if lines[1:] else "")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Stop git with all that it started, of which an ssh would go on waiting for its server."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


@cache
def bounded() -> tuple[str, ...]:
    """Return what goes before a command so that it has ``MOST_MEMORY``, and ends when we do.

    Both tools are of util-linux; what a machine without them runs has no such limits.
    """
    before: list[str] = []
    if dies := shutil.which("setpriv"):
        before += [dies, "--pdeathsig", "KILL", "--"]
    if limits := shutil.which("prlimit"):
        before += [limits, f"--as={MOST_MEMORY}", "--"]
    return tuple(before)


def _drain(
    process: subprocess.Popen[bytes], name: str, sink: Callable[[bytes], object], most: int
) -> None:
    """Read to the end of what git prints, and wait for the end of git itself."""
    left = most
    with cast("IO[bytes]", process.stdout) as printed:
        while chunk := printed.read(min(_CHUNK, left + 1)):
            left -= len(chunk)
            if left < 0:
                msg = f"{name} printed more than {most} bytes"
                raise GitOutputTooLarge(msg)
            sink(chunk)
    process.wait()
