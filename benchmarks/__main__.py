"""``make bench``: every benchmark, one after the other, and ``docs/benchmarks`` from their figures.

``BENCH_ONLY=steps,apt`` measures these, and leaves the others' figures with their own day and
commit. ``BENCH_SMALL=1`` tries each with its smallest parameters, and writes below
``.slipway/bench-small`` alone. ``python -m benchmarks page`` only writes the page once more.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.bench import page
from benchmarks.bench.catalogue import ALL, Benchmark
from benchmarks.bench.measure import measure, not_measured
from benchmarks.bench.result import ROOT, Result
from include.demo import processes
from slipway.model.text.nearest import suggestion

_SLIPWAY = ROOT / ".slipway"


def main() -> int:
    """Measure, say how it goes on, and write the page."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    small = bool(os.environ.get("BENCH_SMALL"))
    folder = _SLIPWAY / ("bench-small" if small else "bench")
    target = folder / "page" if small else ROOT / "docs" / "benchmarks"
    found: list[Result] = []
    if sys.argv[1:] != ["page"]:
        found = _measure(chosen(os.environ.get("BENCH_ONLY", "")), folder, small=small)
    page.write(folder, target)
    _say(f"written: {target / 'README.md'}")
    return 1 if any(one.failures for one in found) else 0


def chosen(only: str) -> list[Benchmark]:
    """Return the benchmarks that were asked for.

    :param only: their names, with commas between them; all when it is empty.
    """
    names = [name.strip() for name in only.split(",") if name.strip()]
    known = [one.name for one in ALL]
    for name in names:
        if name not in known:
            sys.exit(f"BENCH_ONLY: there is no benchmark {name!r}{suggestion(name, known)}")
    return [one for one in ALL if not names or one.name in names]


def _measure(asked: Sequence[Benchmark], folder: Path, *, small: bool) -> list[Result]:
    run = datetime.now(UTC)
    found: list[Result] = []
    if processes.alive("api-server"):
        _say("a demo runs beside, whose Airflow takes part of the machine; `make down` ends it")
    for needs_demo in (False, True):
        these = [one for one in asked if one.demo is needs_demo]
        with _demo(wanted=needs_demo and bool(these)) as missing:
            for one in these:
                _say(f"[{len(found) + 1}/{len(asked)}] {one.name}: {one.about}")
                if missing:
                    found.append(not_measured(one.name, missing, folder=folder, run=run))
                else:
                    _say(f"      follow it with: tail -f {folder / one.name}.log")
                    found.append(measure(one.name, _commands(one, small), folder=folder, run=run))
                _tell(found[-1])
    return found


def _commands(one: Benchmark, small: bool) -> list[list[str]]:
    goes = (one.small,) if small else one.goes
    return [[sys.executable, "-m", f"benchmarks.{one.name}", *words.split()] for words in goes]


@contextmanager
def _demo(*, wanted: bool) -> Iterator[str]:
    """Have a demo run; yields why there is none. One that ran before goes on running."""
    if not wanted or processes.alive("api-server"):
        yield ""
        return
    _say("starting the demo, which the next ones stand on")
    argv, began = [sys.executable, "-m", "include.demo"], time.monotonic()
    try:
        code = subprocess.run(argv, cwd=ROOT, check=False).returncode  # noqa: S603 - our own
        _say(f"      after {time.monotonic() - began:.0f} s")
        yield f"the demo ended with exit code {code}" if code else ""
    finally:
        subprocess.run([*argv, "down"], cwd=ROOT, check=False)  # noqa: S603 - our own


def _tell(found: Result) -> None:
    for line in (*found.figures, *found.failures):
        _say(f"      {line}")
    _say(f"      {found.seconds:.0f} s")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
