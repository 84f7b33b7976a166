"""Pipeline files as people publish them run, whatever is in them that Drone passes over.

The first line of each names the rules of its warnings, and where it says so, the second the event
that it is for.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.model.facts import Checkout, Release
from slipway.pipeline.compiler.compiler import Build, compile_file
from slipway.pipeline.compiler.variables import build_variables
from slipway.pipeline.load import PipelineFile, load
from slipway.pipeline.runtime.build_runner import BuildRunner
from slipway.pipeline.runtime.log_groups import LogGroups
from slipway.pipeline.yaml.conditions import Event
from slipway.pipeline.yaml.diagnostics import PipelineFileInvalid
from tests.fakes.container_engine import FakeEngine

FILES = sorted((Path(__file__).parent / "public").glob("*.yml"))
CHECKOUT = Checkout(
    release=Release(project="shop", sha="3f2a1b7c" + "0" * 32, version="1.4.0+42.g3f2a1b7"),
    repository="https://git.example.com/acme/shop.git",
    ref="main",
    branch="main",
    message='Fix the "basket"; it\'s $(touch pwned)\n\nAt last.',
    author_name="Ada Lovelace",
    author_email="ada@example.com",
    committed_at=1_700_000_000,
    parent="9" * 40,
)
EVENTS = {
    "push": Event(name="push", branch="main", ref="refs/heads/main", repo="acme/shop"),
    "tag": Event(name="tag", ref="refs/tags/v1.4.0", repo="acme/shop"),
    "pull_request": Event(
        name="pull_request", branch="main", ref="refs/pull/7/head", repo="acme/shop", fork=True
    ),
    "cron": Event(name="cron", branch="main", ref="refs/heads/main", cron="nightly"),
    "promote": Event(name="promote", branch="main", ref="refs/heads/main", target="prod-eu"),
    "rollback": Event(name="rollback", branch="main", ref="refs/heads/main", target="prod-eu"),
}
public = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def said(path: Path, word: str) -> list[str]:
    """Read what a file's first lines say of it."""
    lines = (line.removeprefix("# ") for line in path.read_text().splitlines()[:2])
    return next((line.split()[1:] for line in lines if line.startswith(f"{word}:")), [])


def read(path: Path, *, strict: bool = False) -> PipelineFile:
    return load(path.read_bytes(), file=".drone.yml", trusted=False, strict=strict)


def test_there_are_fifty_of_many_kinds() -> None:
    assert len(FILES) >= 50


@public
def test_each_is_taken_and_says_what_it_runs_without(path: Path) -> None:
    file = read(path)
    assert sorted({warning.rule for warning in file.warnings}) == sorted(said(path, "warns"))
    assert all(warning.span is not None for warning in file.warnings)
    with pytest.raises(PipelineFileInvalid):
        read(path, strict=True)


@public
@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_each_compiles_for_every_event(path: Path, event: Event) -> None:
    variables = build_variables(CHECKOUT, event)
    spec = compile_file(read(path), Build(id="run", event=event, variables=variables))
    steps = [step for pipeline in spec.pipelines for step in pipeline.steps]
    assert all(step.name and step.image for step in steps)
    # The message is in variables, and in no script.
    assert not [
        step
        for step in steps
        if "touch pwned" in step.container.environment.get("DRONE_SCRIPT", "")
    ]


@public
def test_each_runs(path: Path) -> None:
    event = EVENTS[next(iter(said(path, "event")), "push")]
    build = Build(
        id="run",
        event=event,
        variables=build_variables(CHECKOUT, event),
        labels={"slipway.run": "1"},
    )
    engine, log = FakeEngine({}), list[str]()
    runner = BuildRunner(
        engine,
        compile_file(read(path), build),
        sources=lambda _: b"tar",
        output=LogGroups(log.append),
        timeout=60,
    )
    result = runner.run()
    assert engine.leftovers() == []
    assert not [step for step in result.steps if step.state == "failed"]
    assert [line for line in log if line.startswith("warning: .drone.yml:")]
    if not path.stem.startswith("drone_0_8_deploy"):
        assert [step for step in result.steps if step.state == "passed"]
