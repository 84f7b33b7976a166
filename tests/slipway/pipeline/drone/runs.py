"""A row of how pipelines run, and what shows it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from slipway.exceptions import PipelineFileError
from slipway.model.container import ImageFacts
from slipway.pipeline.compiler.compiler import Build, compile_pipeline
from slipway.pipeline.load import load
from slipway.pipeline.runtime.readiness import ServiceStopped
from tests.fakes.container_engine import Play
from tests.slipway.pipeline.runtime import builds
from tests.slipway.pipeline.runtime.runner.cases import Case, steps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SAME, STRICTER, MORE = "the same", "stricter", "more"
FAIL, ON_FAILURE = Play(exit_code=1), "when: {status: [failure]}"
ALWAYS, APART = "when: {status: [success, failure]}", "depends_on: [clone]"


@dataclass(frozen=True)
class Row:
    """One construct.

    :param documented: what is documented.
    :param here: what is done.
    :param kind: ``the same``; ``stricter`` where less is done, ``more`` where more is.
    :param shown: returns what a pipeline did.
    :param expected: what it must have done.
    """

    construct: str
    documented: str
    here: str
    kind: str
    shown: Callable[[], object]
    expected: object


def ran(text: str, plays: Mapping[str, Play] | None = None) -> dict[str, str]:
    return Case(text, plays).states()


def documents(*texts: str, a: Play | None = None) -> dict[str, str]:
    result = builds.Case(*texts, a=a or Play()).run()
    return {one.name: one.state for one in result.pipelines}


def document(name: str, more: str = "") -> str:
    return f"name: {name}\n{more}\nsteps: [{{name: {name}, image: i}}]"


def beside_a_failure() -> dict[str, str]:
    """A graph of which one branch fails while the other still runs."""
    made: list[Case] = []

    class Known(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            time.sleep(timeout or 0)
            return bool(made[0].runner._steps.failed)

    class Begun(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            time.sleep(timeout or 0)
            return "start run-step-2-build" in made[0].engine.events

    text = steps(
        test=APART,
        build=APART,
        deploy="depends_on: [build]",
        tell=f"depends_on: [build], {ON_FAILURE}",
    )
    plays = {"test": Play(1, until=Begun()), "build": Play(until=Known())}
    made.append(Case(text, plays))
    return made[0].states()


def after_an_early_end() -> dict[str, str]:
    """Run a graph of which one branch ends early while another is about to fail."""
    begun = threading.Event()
    case = Case(
        steps(a=APART, b=APART, c=f"depends_on: [b], {ON_FAILURE}", d="depends_on: [b]"),
        {"a": Play(exit_code=78), "b": Play(exit_code=1, until=begun)},
    )
    threading.Timer(0.5, begun.set).start()
    return case.states()


def without_image(text: str) -> dict[str, str]:
    case = Case(text)
    case.engine.missing_images.add("nowhere")
    return case.states()


def names_of(text: str) -> dict[str, tuple[str, ...]]:
    """Return the names under which each container is found."""
    case = Case(text)
    case.run()
    return {
        spec.labels.get("slipway.step", "network"): tuple(spec.aliases)
        for spec in case.engine.specs
    }


def workspace(text: str) -> tuple[str, str]:
    file = load(f"kind: pipeline\n{text}\n{steps(a='')}".encode(), file="f", trusted=False)
    spec = compile_pipeline(file.pipelines[0], Build(id="x"))
    return spec.workspace_base, spec.workspace


def order(text: str) -> list[tuple[str, tuple[str, ...]]]:
    file = load(f"kind: pipeline\n{text}".encode(), file="f", trusted=False)
    spec = compile_pipeline(file.pipelines[0], Build(id="x"))
    return [(step.name, step.depends_on) for step in spec.steps]


def refused(text: str) -> str:
    with pytest.raises(PipelineFileError) as caught:
        load(f"kind: pipeline\n{text}".encode(), file="f", trusted=False)
    return str(caught.value).split("\n")[0]


def stopped_service() -> str:
    case = Case(
        "services: [{name: db, image: p}]\n" + steps(a=""),
        {"db": Play(exit_code=1)},
        images={"p": ImageFacts(id="x", ports=(5432,), has_healthcheck=False)},
    )
    with pytest.raises(ServiceStopped) as caught:
        case.run()
    return str(caught.value).split("\n")[0]


def after(name: str, state: str) -> dict[str, str]:
    return {"a": "failed", name: state}
