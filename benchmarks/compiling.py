"""``.drone.yml`` read and compiled, as it grows, beside a reader of YAML alone.

Each step waits for the one before, and has an image, two commands and a variable; the longest file
has as many as a file may have. The yardstick is PyYAML's loader in C: it says nothing of mistakes,
and knows no steps.
"""

from __future__ import annotations

import argparse
from functools import partial

import yaml

from benchmarks.bench.figure import record, timed
from slipway.pipeline.compiler.compiler import Build, compile_file
from slipway.pipeline.lint.rules import MOST_CONTAINERS
from slipway.pipeline.load import load


def main() -> None:
    """Measure, and tell."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compiling", description=__doc__)
    parser.add_argument("--steps", type=int, nargs="+", default=[7, 70, MOST_CONTAINERS])
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    for steps in given.steps:
        content = file(steps)
        ours, alone = [], []
        compiled(content)  # loads what the others find loaded
        for _ in range(given.rounds):
            alone.append(timed(partial(yaml.load, content, yaml.CSafeLoader)))
            ours.append(timed(partial(compiled, content)))
        what = "`.drone.yml` read and compiled"
        record(what, ours, beside=("PyYAML alone", alone), size=(steps, "steps"))


def file(steps: int) -> bytes:
    """Return a file of so many steps."""
    lines = ["kind: pipeline", "name: grown", "steps:"]
    for number in range(steps):
        lines += [
            f"- name: step-{number}",
            "  image: 'debian:12'",
            f"  environment: {{NUMBER: '{number}'}}",
            "  commands: ['echo one', 'echo two']",
            *([f"  depends_on: [step-{number - 1}]"] if number else []),
        ]
    return "\n".join(lines).encode()


def compiled(content: bytes) -> int:
    """Read and compile a file; returns how many steps came of it."""
    (spec,) = compile_file(
        load(content, file=".drone.yml", trusted=False), Build(id="slipway-benchmark", labels={})
    ).pipelines
    return len(spec.steps)


if __name__ == "__main__":
    main()
