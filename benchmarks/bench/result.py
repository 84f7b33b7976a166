"""What a benchmark of one run left, in ``.slipway/bench/NAME.json``."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import psutil  # type: ignore[import-untyped]
from pydantic import BaseModel, ConfigDict

from benchmarks.bench.figure import Figure

ROOT = Path(__file__).resolve().parents[2]


class Origin(BaseModel):
    """When, of what and where something was measured.

    :param at: when it began.
    :param commit: that was checked out; says so where files differ from it.
    :param memory: of the machine, in GiB.
    :param load: the machine's load average when it began.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: datetime
    commit: str
    cores: int
    memory: float
    load: float

    def __str__(self) -> str:
        """Say it in a cell of a table."""
        machine = f"{self.cores} cores, {self.memory:.0f} GiB"
        return f"{self.at:%Y-%m-%d}, {self.commit}, {machine}, load {self.load:.1f}"


class Result(BaseModel):
    """What one benchmark of one run came to.

    :param run: of ``make bench``, by when it began.
    :param failures: why something was not measured; empty when all was.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    run: datetime
    origin: Origin
    seconds: float
    figures: tuple[Figure, ...] = ()
    failures: tuple[str, ...] = ()


def origin() -> Origin:
    """Look where and of what something is measured now."""
    return Origin(
        at=datetime.now(UTC),
        commit=_commit(),
        cores=os.cpu_count() or 1,
        memory=psutil.virtual_memory().total / 2**30,
        load=os.getloadavg()[0],
    )


def save(result: Result, folder: Path) -> None:
    """Keep a result in place of the one before."""
    folder.mkdir(parents=True, exist_ok=True)
    _file(folder, result.name).write_text(result.model_dump_json(indent=1) + "\n")


def forget(name: str, folder: Path) -> None:
    """Remove what an earlier run left."""
    _file(folder, name).unlink(missing_ok=True)


def load(name: str, folder: Path) -> Result | None:
    """Return the last result of a benchmark, None where there is none."""
    file = _file(folder, name)
    return Result.model_validate_json(file.read_text()) if file.exists() else None


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.json"


def _commit() -> str:
    sha = _git("rev-parse", "--short=8", "HEAD")
    # The page that this writes is no change to what is measured.
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs/benchmarks")
    return f"{sha} with changes" if changed else sha


def _git(*words: str) -> str:
    argv = ["git", "-C", str(ROOT), *words]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)  # noqa: S603
    return done.stdout.strip()
