"""Runs a benchmark and keeps what it measured, also where it failed."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from benchmarks.bench import result as results
from benchmarks.bench.figure import FILE, Figure
from benchmarks.bench.result import ROOT, Result

# Seconds for one go, and for one that is ended to clear up after itself.
_PATIENCE, _CLEARING = 2 * 3600.0, 120.0


def measure(
    name: str,
    commands: Sequence[Sequence[str]],
    *,
    folder: Path,
    run: datetime,
    patience: float = _PATIENCE,
) -> Result:
    """Run a benchmark's commands one after the other; one that fails keeps none from the next.

    :param folder: for the result, and ``NAME.log`` with all that was said.
    :param run: of ``make bench``, which this is part of.
    :param patience: seconds for each command.
    """
    results.forget(name, folder)
    folder.mkdir(parents=True, exist_ok=True)
    lines, log = folder / f"{name}.jsonl", folder / f"{name}.log"
    for file in (lines, log):
        file.write_text("")
    where, began = results.origin(), time.monotonic()
    failures = []
    for command in commands:
        before = len(lines.read_text().splitlines())
        if why := _fails(command, lines, log, patience):
            some = len(lines.read_text().splitlines()) > before
            how = "not measured to its end" if some else "not measured"
            failures.append(f"{shlex.join(command[1:])}: {how}: {why}")
    found = Result(
        name=name,
        run=run,
        origin=where,
        seconds=time.monotonic() - began,
        figures=tuple(map(Figure.model_validate_json, lines.read_text().splitlines())),
        failures=tuple(failures),
    )
    results.save(found, folder)
    lines.unlink()
    return found


def not_measured(name: str, why: str, *, folder: Path, run: datetime) -> Result:
    """Keep that a benchmark could not even begin."""
    failures = (f"not measured: {why}",)
    found = Result(name=name, run=run, origin=results.origin(), seconds=0, failures=failures)
    results.save(found, folder)
    return found


def _fails(command: Sequence[str], lines: Path, log: Path, patience: float) -> str:
    """Run a command; return why it failed, empty when it did not."""
    with log.open("ab") as out:
        process = subprocess.Popen(  # noqa: S603 - the catalogue's words
            command,
            cwd=ROOT,
            env={**os.environ, FILE: str(lines)},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
        try:
            code = process.wait(patience)
        except subprocess.TimeoutExpired:
            return f"took longer than {patience:.0f} s{_last(log)}"
        finally:
            _end(process)
    return f"exit code {code}{_last(log)}" if code else ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process that still runs, with all of its session."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, how)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_CLEARING)


def _last(log: Path) -> str:
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    said = lines[-1].strip().replace(str(ROOT), ".") if lines else ""
    return f": {said[:200]}" if said else ""
