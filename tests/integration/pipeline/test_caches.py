"""Folders that one run's real containers leave for the next."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from slipway.hooks.docker.engine import ContainerEngine
from slipway.model.event import Event
from slipway.model.facts import Checkout, Release, TestReport
from slipway.model.git.repository import Repository as GitRepository
from slipway.operators.run_pipeline import RunPipelineOperator
from tests.fakes.airflow_run import FakeTask
from tests.fakes.git_server import Repository
from tests.slipway.operators.commit_runs import signed

pytestmark = pytest.mark.integration
# The first step is somebody else than root, and each says what it found.
PIPELINE = """\
kind: pipeline
name: default
volumes: [{name: mods, temp: {}}]
steps:
- name: install
  image: debian:12
  user: "1000"
  commands:
  - test -e web/deps/made && echo "deps are there" || echo "deps are made"
  - mkdir -p web/deps && echo 1 >> web/deps/made && ln -sf made web/deps/link
  - chmod 750 web/deps/made
- name: compile
  image: debian:12
  volumes: [{name: mods, path: /go/pkg/mod}]
  commands:
  - test -e /go/pkg/mod/made && echo "mods are there" || echo "mods are made"
  - touch /go/pkg/mod/made
  - stat -c "%a %u" web/deps/made && readlink web/deps/link && cat web/app
"""
CACHES = [
    {"path": "web/deps", "key": ["web/lock"]},
    {"path": "/go/pkg/mod", "key": ["web/lock"]},
]


@pytest.fixture
def shop(repository: Repository, engine: ContainerEngine, artifacts: Path) -> Repository:
    (repository.path / "web").mkdir()
    (repository.path / "web/lock").write_text("1")
    (repository.path / "web/app").write_text("the sources\n")
    (repository.path / ".drone.yml").write_text(PIPELINE)
    return repository


def run(shop: Repository, event: Event | None = None) -> list[str]:
    """Run the newest commit's pipeline; returns the log's lines."""
    sha = shop.commit()
    checkout = Checkout(
        release=Release(project="shop", sha=sha, version="1.0.0"),
        repository=shop.url,
        ref="main",
        branch="main",
        message="",
        author_name="",
        author_email="",
        committed_at=1_700_000_060,
        event=event or Event.push("main"),
        delivered="main",
    )
    context: Any = FakeTask(dag_id="shop", run_id=f"commit__{sha}", task_id="test").context
    signed(context, checkout=checkout)
    task = RunPipelineOperator(
        task_id="test",
        checkout=checkout.to_json(),
        repository=GitRepository(url=shop.url),
        images={"debian:12": "slipway/debian:12"},
        caches=CACHES,
    )
    lines: list[str] = []
    with mock.patch.object(RunPipelineOperator, "_say", lambda _, line: lines.append(line)):
        report = TestReport.from_json(task.execute(context))
    assert [step.state for step in report.steps] == ["passed", "passed"]
    return "\n".join(lines).splitlines()


def says(lines: list[str], words: str) -> bool:
    """Tell whether a line begins so: what a step was told to write is shown as well, behind a +."""
    return any(line.startswith(words) for line in lines)


def test_the_next_run_begins_with_it_whoever_its_steps_run_as(
    shop: Repository,
) -> None:
    first = run(shop)
    assert says(first, "deps are made")
    assert says(first, "mods are made")
    second = run(shop)
    for words in ("deps are there", "mods are there", "750 0", "the sources"):
        assert says(second, words)
    assert says(second, "cache web/deps: restored in")
    (shop.path / "web/lock").write_text("2")
    third = run(shop)
    assert says(third, "deps are made")
    assert says(third, "mods are made")


def test_what_a_branch_keeps_reaches_no_release(
    shop: Repository,
) -> None:
    run(shop, Event.push("wip"))
    assert says(run(shop), "deps are made")
    assert says(run(shop, Event.push("wip")), "deps are there")


def test_a_cache_that_was_cut_off_in_the_store_is_made_anew(
    shop: Repository, artifacts: Path
) -> None:
    run(shop)
    for content in artifacts.rglob("*.tar"):
        content.write_bytes(content.read_bytes()[:600])
    lines = run(shop)
    assert says(lines, "cache web/deps: what is kept is damaged")
    assert says(lines, "deps are made")
    assert says(run(shop), "deps are there")
