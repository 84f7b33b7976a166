"""Two steps that write as fast as they can, through masker and groups into Airflow's own log.

One writes 2,000,000 lines, beside another with 100,000. A process with a task's logging runs
them, and this one takes its records as a task's supervisor does, and writes the same file. The
file is read again, and each line looked for in its place. The same two containers, with
``docker run`` to files, are what it is compared with.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import selectors
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import docker
import structlog
from airflow.sdk.execution_time import supervisor
from airflow.sdk.log import logging_processors

from benchmarks.bench.figure import record, timed
from slipway.hooks.disk_queue import Spill
from slipway.hooks.docker.engine import ContainerEngine
from slipway.operators.run_pipeline import TOGETHER
from slipway.pipeline.compiler.compiler import Build, compile_file
from slipway.pipeline.load import load
from slipway.pipeline.runtime.inputs import Given
from slipway.pipeline.runtime.log_groups import LogGroups
from slipway.pipeline.runtime.runner import Runner

IMAGE = "slipway/debian:12"
LINE = "a line of a verbose build tool, number %.0f, with some text after it"
SECRET = "s3cr3t-T0ken-0123456789"  # noqa: S105 - of the benchmark alone


def main() -> None:
    """Measure both by turns, and tell."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.logs", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--lines", type=int, default=2_000_000, help="of the loud step")
    parser.add_argument("--task", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.task is not None:
        _task(given.task, _steps(given.lines))
        return
    ours, floor, grown = [], [], []
    steps = _steps(given.lines)
    for _ in range(given.rounds):
        with tempfile.TemporaryDirectory() as folder:
            floor.append(timed(partial(_docker_run, Path(folder), steps)))
            seconds, before, peak = _slipway(Path(folder) / "attempt=1.log", steps)
        ours.append(seconds)
        grown.append(float(peak - before))
    what = f"{sum(steps.values()):,} lines of two steps into Airflow's log"
    record(what, ours, beside=("docker run", floor))
    record("memory that the task's process grows by", grown, unit="MiB")


def _steps(loud: int) -> dict[str, int]:
    return {"loud": loud, "beside": max(1, loud // 20)}


def _docker_run(folder: Path, steps: dict[str, int]) -> None:
    running = []
    for name, count in steps.items():
        argv = ["docker", "run", "--rm", "--entrypoint", "sh", IMAGE, "-c", _script(name, count)]
        with (folder / name).open("wb") as file:
            running.append(subprocess.Popen(argv, stdout=file))  # noqa: S603 - constant words
    if any(one.wait() for one in running):
        sys.exit("docker run failed")


def _script(name: str, count: int) -> str:
    return f"seq -f '{name}: {LINE}' 1 {count}"


def _slipway(file: Path, steps: dict[str, int]) -> tuple[float, int, int]:
    """Run both steps in a task; returns seconds, and its memory in MiB before and at most."""
    ours, theirs = socket.socketpair()
    words = ["--task", str(theirs.fileno()), "--lines", str(steps["loud"])]
    argv = [sys.executable, "-m", "benchmarks.logs", *words]
    task = subprocess.Popen(argv, pass_fds=[theirs.fileno()])  # noqa: S603 - constant words
    theirs.close()
    with file.open("wb") as written:
        _supervise(ours, structlog.BytesLogger(written))
    ended = time.monotonic()
    if task.wait():
        sys.exit("the task failed")
    first, *lines, last = _events(file)
    _look_for_each_line(lines, steps)
    began, before = first.split()
    return ended - float(began), int(before), int(last)


def _supervise(records: socket.socket, file: structlog.BytesLogger) -> None:
    """Write a task's records to its log, with the code of its supervisor."""
    processors = logging_processors(json_output=True)
    logger = structlog.wrap_logger(file, processors=processors, logger_name="task").bind()
    taking = supervisor.process_log_messages_from_subprocess((logger,))
    take, _ = supervisor.make_buffered_socket_reader(taking, on_close=lambda _: None)
    with selectors.DefaultSelector() as selector:
        selector.register(records, selectors.EVENT_READ)
        while selector.select() and take(records):
            pass


def _events(file: Path) -> Iterator[str]:
    with file.open() as records:
        for record in records:
            yield from str(json.loads(record)["event"]).split("\n")


def _look_for_each_line(lines: list[str], steps: dict[str, int]) -> None:
    for name, count in steps.items():
        mine = (line for line in lines if line.startswith(f"{name}: a line"))
        wanted = (f"{name}: {LINE % number}" for number in range(1, count + 1))
        if not all(one == other for one, other in zip(mine, wanted, strict=True)):
            sys.exit(f"lines of {name} are not in their order")


# In the task


def _task(records: int, steps: dict[str, int]) -> None:
    supervisor._configure_logs_over_json_channel(records)
    log = structlog.get_logger(logger_name="task")
    engine = ContainerEngine(
        docker.APIClient(timeout=60), installation=f"benchmark-{uuid.uuid4().hex[:6]}"
    )
    output = LogGroups(lambda line: log.info("%s", line), together=TOGETHER, waiting=Spill)
    (spec,) = compile_file(
        load(_pipeline(steps).encode(), file=".drone.yml", trusted=False),
        Build(id=f"slipway-{engine.installation}", labels={"slipway.run": "benchmark"}),
    ).pipelines
    log.info("%s", f"{time.monotonic()} {_peak()}")
    result = Runner(
        engine, spec, output=output, timeout=600, given=Given(secrets={"token": SECRET})
    ).run(None)
    log.info("%s", _peak())
    os.close(records)
    if result.broken:
        sys.exit(f"the pipeline failed: {result.failures()}")


def _pipeline(steps: dict[str, int]) -> str:
    written = "".join(
        f"- {{name: {name}, image: '{IMAGE}', depends_on: [clone],"
        f" environment: {{TOKEN: {{from_secret: token}}}}, commands: [{json.dumps(script)}]}}\n"
        for name, script in ((name, _script(name, count)) for name, count in steps.items())
    )
    return f"kind: pipeline\nsteps:\n{written}"


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


if __name__ == "__main__":
    main()
