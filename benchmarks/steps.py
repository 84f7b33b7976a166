"""Seven steps that do nothing: a pipeline of Slipway's, beside seven ``docker run --rm``.

What is measured is the cost of a step: its container, its log, its place in the graph. The others
are a shell script and a Buildbot of the benchmark's own with these commands as its steps. All take
turns, so that a busy moment of the machine meets each; the medians are compared.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import docker

from benchmarks.bench.figure import at_most, record, timed
from benchmarks.yardsticks.buildbot import Buildbot
from slipway.hooks.docker.engine import ContainerEngine
from slipway.pipeline.compiler.compiler import Build, compile_file
from slipway.pipeline.load import load
from slipway.pipeline.runtime.log_groups import LogGroups
from slipway.pipeline.runtime.runner import Runner
from tests.airflow_processes import free_port

IMAGE, STEPS = "slipway/debian:12", 7
FILE = "kind: pipeline\nsteps:\n" + "".join(
    f"- {{name: step-{number}, image: '{IMAGE}', commands: ['true']}}\n" for number in range(STEPS)
)
COMMANDS = [f"docker run --rm {IMAGE} sh -c true"] * STEPS


def main() -> None:
    """Measure, and tell."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.steps", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    ours, shell, buildbot = [], [], []
    with tempfile.TemporaryDirectory(prefix="slipway-steps-") as name:
        other = Buildbot(Path(name) / "buildbot", free_port(), COMMANDS)
        with other.running():
            for number in range(rounds + 1):
                shell.append(timed(_script))
                ours.append(timed(_pipeline))
                buildbot.append(other.seconds_to_end(f"{number:040x}"))
    # The first one loads what the others find loaded.
    ours, shell, buildbot = ours[1:], shell[1:], buildbot[1:]
    what = "`.drone.yml` of seven docker steps"
    record(what, ours, beside=("shell", shell), budget=at_most(0.75, "ratio"))
    record(f"{what}, beside Buildbot", ours, beside=("Buildbot", buildbot))


def _pipeline() -> None:
    engine = ContainerEngine(docker.APIClient(timeout=60), installation="benchmark")
    (spec,) = compile_file(
        load(FILE.encode(), file=".drone.yml", trusted=False),
        Build(id="slipway-benchmark", labels={"slipway.run": "benchmark"}),
    ).pipelines
    result = Runner(engine, spec, output=LogGroups(lambda _: None), timeout=120).run(None)
    if result.broken or len(result.steps) != STEPS:
        sys.exit(f"the pipeline failed: {result.failures()}")


def _script() -> None:
    subprocess.run(["sh", "-ec", "\n".join(COMMANDS)], check=True)  # noqa: S603, S607 - constant


if __name__ == "__main__":
    main()
