"""Two steps that write as fast as they can, through masker and groups into Airflow's own log.

One writes 2,000,000 lines, beside another with 100,000. A process with a task's logging runs
them, and this one takes its records as a task's supervisor does, and writes the same file. The
file is read again, and each line looked for in its place. The same two containers, with
``docker run`` to files, are what it is compared with.
"""

from __future__ import annotations

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
from pathlib import Path

import docker
import structlog
from airflow.sdk.execution_time import supervisor
from airflow.sdk.log import logging_processors

from slipway.hooks.disk_queue import Spill
from slipway.hooks.docker.engine import ContainerEngine
from slipway.operators.run_pipeline import TOGETHER
from slipway.pipeline.compiler.compiler import Build, compile_file
from slipway.pipeline.load import load
from slipway.pipeline.runtime.inputs import Given
from slipway.pipeline.runtime.log_groups import LogGroups
from slipway.pipeline.runtime.runner import Runner

IMAGE = "slipway/debian:12"
STEPS = {"loud": 2_000_000, "beside": 100_000}
LINE = "a line of a verbose build tool, number %.0f, with some text after it"
SECRET = "s3cr3t-T0ken-0123456789"  # noqa: S105 - of the benchmark alone


def main() -> None:
    """Measure both, and print seconds, their ratio, and memory."""
    if len(sys.argv) > 1:
        _task(int(sys.argv[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        floor = _docker_run(Path(folder))
        seconds, before, peak = _slipway(Path(folder) / "attempt=1.log")
    sys.stdout.write(
        f"{sum(STEPS.values()):,} lines: slipway {seconds:.1f} s, docker run {floor:.1f} s, "
        f"ratio {seconds / floor:.2f}; the task's memory {before} MiB before, {peak} MiB at most\n"
    )


def _docker_run(folder: Path) -> float:
    began = time.monotonic()
    running = []
    for name, count in STEPS.items():
        argv = ["docker", "run", "--rm", "--entrypoint", "sh", IMAGE, "-c", _script(name, count)]
        with (folder / name).open("wb") as file:
            running.append(subprocess.Popen(argv, stdout=file))  # noqa: S603 - constant words
    if any(one.wait() for one in running):
        sys.exit("docker run failed")
    return time.monotonic() - began


def _script(name: str, count: int) -> str:
    return f"seq -f '{name}: {LINE}' 1 {count}"


def _slipway(file: Path) -> tuple[float, int, int]:
    """Run both steps in a task; returns seconds, and its memory in MiB before and at most."""
    ours, theirs = socket.socketpair()
    argv = [sys.executable, "-m", "benchmarks.logs", str(theirs.fileno())]
    task = subprocess.Popen(argv, pass_fds=[theirs.fileno()])  # noqa: S603 - constant words
    theirs.close()
    with file.open("wb") as written:
        _supervise(ours, structlog.BytesLogger(written))
    ended = time.monotonic()
    if task.wait():
        sys.exit("the task failed")
    first, *lines, last = _events(file)
    _look_for_each_line(lines)
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


def _look_for_each_line(lines: list[str]) -> None:
    for name, count in STEPS.items():
        mine = (line for line in lines if line.startswith(f"{name}: a line"))
        wanted = (f"{name}: {LINE % number}" for number in range(1, count + 1))
        if not all(one == other for one, other in zip(mine, wanted, strict=True)):
            sys.exit(f"lines of {name} are not in their order")


# In the task


def _task(records: int) -> None:
    supervisor._configure_logs_over_json_channel(records)
    log = structlog.get_logger(logger_name="task")
    engine = ContainerEngine(
        docker.APIClient(timeout=60), installation=f"benchmark-{uuid.uuid4().hex[:6]}"
    )
    output = LogGroups(lambda line: log.info("%s", line), together=TOGETHER, waiting=Spill)
    (spec,) = compile_file(
        load(_pipeline().encode(), file=".drone.yml", trusted=False),
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


def _pipeline() -> str:
    steps = "".join(
        f"- {{name: {name}, image: '{IMAGE}', depends_on: [clone],"
        f" environment: {{TOKEN: {{from_secret: token}}}}, commands: [{json.dumps(script)}]}}\n"
        for name, script in ((name, _script(name, count)) for name, count in STEPS.items())
    )
    return f"kind: pipeline\nsteps:\n{steps}"


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


if __name__ == "__main__":
    main()
