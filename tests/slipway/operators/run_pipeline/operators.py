"""The operator on a fake engine, for a commit of a real repository."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from slipway.model.facts import Checkout, Release
from slipway.operators import run_pipeline
from slipway.operators.run_pipeline import RunPipelineOperator
from tests.fakes.container_engine import FakeEngine
from tests.slipway.operators.commit_runs import signed

if TYPE_CHECKING:
    from tests.fakes.git_server import Repository

PIPELINE = """\
kind: pipeline
steps:
- {name: lint, image: python, commands: [ruff check]}
- {name: unit, image: python, commands: [pytest]}
"""
CONTEXT: Any = {"ti": SimpleNamespace(dag_id="shop", task_id="test", run_id="commit__1")}


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    engine = FakeEngine()
    monkeypatch.setattr(run_pipeline, "container_engine", lambda _: engine)
    return engine


def checkout_of(repository: Repository, sha: str) -> Checkout:
    return Checkout(
        release=released(sha),
        repository=repository.url,
        ref="main",
        branch="main",
        message="m",
        author_name="Ada",
        author_email="a@example.com",
        committed_at=0,
    )


def operator(repository: Repository, sha: str, **options: Any) -> RunPipelineOperator:
    checkout = checkout_of(repository, sha)
    signed(CONTEXT, checkout=checkout)
    return RunPipelineOperator(
        task_id="test", checkout=checkout.to_json(), repository=repository.source, **options
    )


def released(sha: str) -> Release:
    return Release(project="shop", sha=sha, version=f"1.0.0+1.g{sha[:7]}")
