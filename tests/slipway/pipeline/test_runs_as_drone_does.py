"""How pipelines run, beside what the format's documentation says of the docker runner.

One row for each construct: what is documented (docs.drone.io/pipeline/docker, or the runner where
the documentation is silent), what is done here, and a pipeline that shows it. ``docs`` has the same
rows for readers.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from slipway.exceptions import PipelineFileError
from slipway.model.container import ImageFacts
from slipway.pipeline.compiler.compiler import Build, compile_pipeline
from slipway.pipeline.load import load
from slipway.pipeline.runtime.readiness import ServiceStopped
from tests.fakes.container_engine import Play
from tests.slipway.pipeline.runtime import test_build_runner
from tests.slipway.pipeline.runtime.runner.cases import Case, steps
from tests.slipway.pipeline.runtime.test_readiness import facts, look, waited

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PAGE = Path(__file__).parents[3] / "docs" / "pipeline-file.md"
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
    result = test_build_runner.Case(*texts, a=a or Play()).run()
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


ROWS = (
    Row(
        "a step fails",
        "the pipeline fails; remaining steps are skipped",
        "the same",
        SAME,
        lambda: ran(steps(a="", b=""), {"a": FAIL}),
        after("b", "skipped"),
    ),
    Row(
        "a step of a graph fails",
        "nothing more begins but what is for failures, whatever it depends on; what runs may end",
        "the same; a step whose image came only after the failure does not begin either",
        STRICTER,
        beside_a_failure,
        {"test": "failed", "build": "passed", "deploy": "skipped", "tell": "passed"},
    ),
    Row(
        "when: {status: [failure]}",
        "runs after a failure alone",
        "the same",
        SAME,
        lambda: ran(steps(a="", b=ON_FAILURE)),
        {"a": "passed", "b": "skipped"},
    ),
    Row(
        "when: {status: [success, failure]}",
        "runs in both cases",
        "the same",
        SAME,
        lambda: ran(steps(a="", b=ALWAYS), {"a": FAIL}),
        after("b", "passed"),
    ),
    Row(
        "failure: ignore",
        "the failure counts for nothing",
        "the same",
        SAME,
        lambda: ran(steps(a="failure: ignore", b=""), {"a": FAIL}),
        after("b", "passed"),
    ),
    Row(
        "failure: fast",
        "everything else ends at once",
        "the same",
        SAME,
        lambda: ran(steps(a="failure: fast", b=ON_FAILURE), {"a": FAIL}),
        after("b", "skipped"),
    ),
    Row(
        "exit code 78",
        "the step passes; steps that have not begun are skipped, but those for both cases",
        "the same; those for both cases are skipped too",
        STRICTER,
        lambda: ran(steps(a="", b="", c=ON_FAILURE, d=ALWAYS), {"a": Play(exit_code=78)}),
        {"a": "passed", "b": "skipped", "c": "skipped", "d": "skipped"},
    ),
    Row(
        "exit code 78 of a step for failures",
        "no other step for failures begins",
        SAME,
        SAME,
        lambda: ran(steps(a="", b=ON_FAILURE, c=ON_FAILURE), {"a": FAIL, "b": Play(exit_code=78)}),
        {"a": "failed", "b": "passed", "c": "skipped"},
    ),
    Row(
        "a failure after exit code 78, beside it",
        "steps for failures are skipped",
        "they run: a failure is told",
        MORE,
        after_an_early_end,
        {"a": "passed", "b": "failed", "c": "passed", "d": "skipped"},
    ),
    Row(
        "a step that the engine refuses (an unknown `user`, a relative path)",
        "fails; what is for failures runs",
        "the same; lint warns of relative paths",
        SAME,
        lambda: ran(steps(a="", b="", c=ON_FAILURE), {"a": Play(refused="create")}),
        {"a": "failed", "b": "skipped", "c": "passed"},
    ),
    Row(
        "detach: true",
        "goes on in the background; cannot fail the pipeline",
        "the same",
        SAME,
        lambda: ran(steps(a="detach: true", b=""), {"a": Play(no_program=True)}),
        after("b", "passed"),
    ),
    Row(
        "several documents",
        "once one has failed, those that wait are run only if they are for failures",
        "the same, also for one that does not depend on it",
        SAME,
        lambda: documents(
            document("a"),
            document("b", "depends_on: [a]"),
            document("c", "depends_on: [a]\ntrigger: {status: [failure]}"),
            a=FAIL,
        ),
        {"a": "failed", "b": "skipped", "c": "passed"},
    ),
    Row(
        "trigger: {status: [failure]} without depends_on",
        "runs at once",
        "is skipped, since nothing has failed by then",
        STRICTER,
        lambda: documents(document("a"), document("b", "trigger: {status: [failure]}")),
        {"a": "passed", "b": "skipped"},
    ),
    Row(
        "a document ended by 78",
        "what depends on it runs",
        "the same",
        SAME,
        lambda: documents(document("a"), document("b", "depends_on: [a]"), a=Play(exit_code=78)),
        {"a": "passed", "b": "passed"},
    ),
    Row(
        "an image that cannot be had",
        "fails its step, when its turn comes",
        "the same; images are fetched ahead and side by side, and asked for once more then",
        SAME,
        lambda: without_image(
            f"steps: [{{name: a, image: nowhere}}, {{name: b, image: i}}, "
            f"{{name: c, image: i, {ON_FAILURE}}}]"
        ),
        {"a": "failed", "b": "skipped", "c": "passed"},
    ),
    Row(
        "an image for failures alone",
        "is pulled at its step's turn",
        "the same",
        SAME,
        lambda: without_image(
            f"steps: [{{name: a, image: i}}, {{name: b, image: nowhere, {ON_FAILURE}}}]"
        ),
        {"a": "passed", "b": "skipped"},
    ),
    Row(
        "the name of a service",
        "its host name",
        "the same",
        SAME,
        lambda: names_of("services: [{name: db, image: i}]\n" + steps(a=""))["db"],
        ("db",),
    ),
    Row(
        "the name of a step",
        "its host name, as long as it runs",
        "the same; in a row of steps from the row's beginning",
        SAME,
        lambda: names_of(steps(a="detach: true", b=""))["b"],
        ("b",),
    ),
    Row(
        "the name of a step in a row",
        "its host name, as long as it runs",
        "the row shares one address, which has the names of all its steps",
        SAME,
        lambda: names_of(steps(a="", b="", c=""))["network"],
        ("b", "c"),
    ),
    Row(
        "workspace",
        "/drone/src, a volume for the run, where each step begins",
        "the same",
        SAME,
        lambda: workspace(""),
        ("/drone/src", "/drone/src"),
    ),
    Row(
        "workspace: {path}",
        "below the base",
        "the same",
        SAME,
        lambda: workspace("workspace: {path: /drone/src}"),
        ("/drone/src", "/drone/src/drone/src"),
    ),
    Row(
        "workspace: {base, path}",
        "the volume lies at the base, the sources at the path in it",
        "the same",
        SAME,
        lambda: workspace("workspace: {base: /go, path: src/example.com/x}"),
        ("/go", "/go/src/example.com/x"),
    ),
    Row(
        "workspace over an image's own folders",
        "falls back to /drone/src",
        "the same, also where the base alone is one, or the path leads out of it",
        STRICTER,
        lambda: {
            workspace(f"workspace: {one}")
            for one in ("{base: /usr, path: src}", "{base: /etc}", "{base: /srv, path: ../bin}")
        },
        {("/drone/src", "/drone/src")},
    ),
    Row(
        "depends_on: [clone]",
        "the sources",
        "the same: they are there before anything",
        SAME,
        lambda: order(steps(a="", b="depends_on: [clone]", c="depends_on: [b]")),
        [("a", ()), ("b", ()), ("c", ("b",))],
    ),
    Row(
        "depends_on of a step that is left out",
        "is as good as met",
        "the same",
        SAME,
        lambda: ran(steps(a="when: {event: tag}", b="depends_on: [a]")),
        {"a": "skipped", "b": "passed"},
    ),
    Row(
        "depends_on of nobody",
        "the pipeline cannot run",
        "refused, with the nearest name",
        SAME,
        lambda: (
            "no step is called `tset`; did you mean `test`?"
            in refused(steps(test="", b="depends_on: [tset]"))
        ),
        True,
    ),
    Row(
        "a service that is not ready",
        "is not waited for",
        "is waited for; the steps begin all the same after a while, and the log says so",
        MORE,
        lambda: waited(Play(tables=(look(9000),)), facts(8080)).lacking,
        "listens on port 9000, not on 8080",
    ),
    Row(
        "a service that stops with an error before the steps",
        "is not looked at",
        "fails the pipeline with its last lines, with 78 as well: what needs it could not pass",
        STRICTER,
        stopped_service,
        "service 'db' stopped with exit code 1 before it was ready",
    ),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.construct)
def test_each_construct_does_what_its_row_says(row: Row) -> None:
    assert row.shown() == row.expected
    assert row.kind in (SAME, STRICTER, MORE)


def test_the_page_has_these_rows() -> None:
    section = PAGE.read_text().partition("\n### Running\n")[2].partition("\n\nBesides")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    assert lines[1:] == [f"| {row.construct} | {row.documented} | {row.here} |" for row in ROWS]
