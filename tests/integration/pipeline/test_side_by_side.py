"""What a stopped pipeline leaves in a real container engine: nothing."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

import docker
import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.hooks.docker import metadata_guard
from slipway.model.facts import Checkout, Release
from slipway.operators.run_pipeline import RunPipelineOperator
from slipway.tasks.making_way import side_by_side
from tests.fakes.airflow_run import FakeTask
from tests.fakes.git_server import Repository
from tests.slipway.operators.commit_runs import signed

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("artifacts")]
# Two steps side by side and a service, none of which ends by itself.
PIPELINE = """\
kind: pipeline
steps:
- {name: one, image: "debian:12", commands: [sleep 600], depends_on: [clone]}
- {name: two, image: "debian:12", commands: [trap '' TERM; sleep 600], depends_on: [clone]}
services:
- {name: beside, image: "debian:12", commands: [sleep 600]}
"""


class Sibling(FakeTask):
    """A task beside which another one fails as soon as three containers run."""

    installation = ""
    max_tries = 0

    def running(self) -> list[Any]:
        mine: Any = {"label": f"slipway.installation={self.installation}"}
        found = docker.from_env().containers.list(all=True, filters=mine)
        # One guards the host as long as there is an engine.
        return [one for one in found if one.labels.get("slipway.kind") != metadata_guard.KIND]

    def get_task_states(self, *, dag_id: str, run_ids: list[str]) -> dict[str, Any]:
        del dag_id
        ready = len([one for one in self.running() if one.status == "running"]) >= 3
        return {run_ids[0]: {"build_deb": "failed" if ready else "running"}}

    def xcom_pull(self, **_: Any) -> None:
        return None


def test_a_pipeline_beside_a_failed_task_is_gone_within_seconds(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation = f"test-{uuid4().hex[:8]}"
    monkeypatch.setenv("AIRFLOW__SLIPWAY__INSTALLATION", installation)
    monkeypatch.setattr(side_by_side, "supervised", lambda: True)
    monkeypatch.setattr(side_by_side, "PAUSE", 0.5)
    monkeypatch.setattr(side_by_side, "AGAIN", 0.5)
    sha = repository.commit(_dot_drone_dot_yml=PIPELINE)
    release = Release(project="shop", sha=sha, version="1.0")
    checkout = Checkout(
        release=release,
        repository=repository.url,
        ref="main",
        branch="main",
        message="m",
        author_name="Ada",
        author_email="a@example.com",
        committed_at=0,
    )
    task = Sibling(dag_id="shop", run_id=f"commit__{sha}", task_id="test")
    task.installation = installation
    signed(task.context, checkout=checkout)
    pipeline = RunPipelineOperator(
        task_id="test",
        checkout=checkout.to_json(),
        repository=repository.source,
        images={"debian:12": "slipway/debian:12"},
    )
    began = time.monotonic()
    with pytest.raises(AirflowFailException, match=r"^stopped, because build_deb failed$"):
        pipeline.execute(task.context)
    assert time.monotonic() - began < 60
    assert task.running() == []
    engine = docker.from_env()
    mine: Any = {"label": f"slipway.installation={installation}"}
    assert (engine.networks.list(filters=mine), engine.volumes.list(filters=mine)) == ([], [])
    assert task.xcoms["stopped"] == ["build_deb"]
