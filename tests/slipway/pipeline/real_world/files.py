"""The files, and how one is compiled for an event."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from slipway.model.facts import Checkout, Release
from slipway.pipeline.compiler.compiler import Build, compile_file
from slipway.pipeline.compiler.variables import build_variables
from slipway.pipeline.load import load
from slipway.pipeline.yaml.conditions import Event

if TYPE_CHECKING:
    from slipway.pipeline.compiler.spec import BuildSpec, PipelineSpec, StepSpec

FILES = Path(__file__).parent
SHA = "3f2a1b7c" + "0" * 32
CHECKOUT = Checkout(
    release=Release(project="shop", sha=SHA, version="1.4.0+42.g3f2a1b7"),
    repository="https://git.example.com/acme/shop.git",
    ref="main",
    branch="main",
    message="Add a basket",
    author_name="Ada",
    author_email="ada@example.com",
    committed_at=1_700_000_000,
    parent="9" * 40,
)
PUSH = Event(name="push", branch="main", ref="refs/heads/main", repo="acme/shop")
PULL = Event(name="pull_request", branch="main", ref="refs/pull/7/head", repo="acme/shop")


def build(name: str, event: Event = PUSH, *, trusted: bool = False) -> BuildSpec:
    data = (FILES / f"{name}.yml").read_bytes()
    file = load(data, file=".drone.yml", trusted=trusted)
    variables = build_variables(CHECKOUT, event)
    return compile_file(file, Build(id="run", event=event, variables=variables, trusted=trusted))


def one(name: str, event: Event = PUSH, *, trusted: bool = False) -> PipelineSpec:
    (pipeline,) = build(name, event, trusted=trusted).pipelines
    return pipeline


def order(pipeline: PipelineSpec) -> dict[str, tuple[str, ...]]:
    return {step.name: step.depends_on for step in pipeline.steps}


def step(pipeline: PipelineSpec, name: str) -> StepSpec:
    return next(step for step in (*pipeline.steps, *pipeline.services) if step.name == name)


def runs(pipeline: PipelineSpec) -> list[str]:
    """The steps whose conditions hold."""
    return [] if pipeline.unmet else [step.name for step in pipeline.steps if not step.unmet]


def script(step: StepSpec) -> str:
    return step.container.environment["DRONE_SCRIPT"]
