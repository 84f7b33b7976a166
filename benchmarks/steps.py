"""Seven steps that do nothing: a pipeline of Slipway's, beside seven ``docker run --rm``.

What is measured is the cost of a step: its container, its log, its place in the graph. Both take
turns, so that a busy moment of the machine meets both; the medians are compared.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

import docker

from slipway.hooks.docker.engine import ContainerEngine
from slipway.pipeline.compiler.compiler import Build, compile_file
from slipway.pipeline.load import load
from slipway.pipeline.runtime.log_groups import LogGroups
from slipway.pipeline.runtime.runner import Runner

IMAGE, STEPS, ROUNDS = "slipway/debian:12", 7, 9
FILE = "kind: pipeline\nsteps:\n" + "".join(
    f"- {{name: step-{number}, image: '{IMAGE}', commands: ['true']}}\n" for number in range(STEPS)
)
SCRIPT = "\n".join([f"docker run --rm {IMAGE} sh -c true"] * STEPS)


def main() -> None:
    """Measure, and print both medians and their ratio."""
    ours, shell = [], []
    for _ in range(ROUNDS):
        shell.append(_timed_script())
        ours.append(_timed_pipeline())
    one, other = statistics.median(ours), statistics.median(shell)
    sys.stdout.write(f"slipway {one:.2f} s, shell {other:.2f} s, ratio {one / other:.2f}\n")


def _timed_pipeline() -> float:
    engine = ContainerEngine(docker.APIClient(timeout=60), installation="benchmark")
    (spec,) = compile_file(
        load(FILE.encode(), file=".drone.yml", trusted=False),
        Build(id="slipway-benchmark", labels={"slipway.run": "benchmark"}),
    ).pipelines
    began = time.monotonic()
    result = Runner(engine, spec, output=LogGroups(lambda _: None), timeout=120).run(None)
    seconds = time.monotonic() - began
    if result.broken or len(result.steps) != STEPS:
        sys.exit(f"the pipeline failed: {result.failures()}")
    return seconds


def _timed_script() -> float:
    began = time.monotonic()
    subprocess.run(["sh", "-ec", SCRIPT], check=True)  # noqa: S603, S607 - constant words
    return time.monotonic() - began


if __name__ == "__main__":
    main()
