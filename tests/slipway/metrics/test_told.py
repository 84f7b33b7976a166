"""What is told where it happens."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from fastapi.testclient import TestClient
from moto import mock_aws

from slipway.hooks.apt.lock import RepositoryLock
from slipway.hooks.aws.connection import aws_client
from slipway.hooks.store.artifacts import ArtifactStore, artifact_store
from slipway.hooks.store.caches import Caches, key_of
from slipway.hooks.store.outcomes import DeploymentOutcomes
from slipway.model.cache import CacheScopes
from slipway.model.facts.outcome import DeploymentNote, Outcome
from slipway.model.git.watching import WatchedProject
from slipway.tasks.watching.watcher import Watcher
from slipway.webhooks.app import Receiver, make_app
from slipway.webhooks.limits import Gate
from slipway.webhooks.look import Looker
from slipway.webhooks.projects import Projects
from tests.fakes.git_server import Repository
from tests.fakes.metrics import Told, listen
from tests.slipway.operators.releases import make_record
from tests.slipway.pipeline.built.tars import packed
from tests.slipway.sensors.polls import watch


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    return listen(monkeypatch)


def _note(outcome: Outcome) -> DeploymentNote:
    return DeploymentNote(
        release=make_record("2").checkout.release,
        environment="prod",
        outcome=outcome,
        at=0.0,
        dag_id="shop",
        run_id="r1",
        committed_at=1000,
    )


@pytest.mark.usefixtures("artifacts")
def test_a_deployment_counts_once_whatever_is_tried_again(told: Told) -> None:
    now = [1100.0]
    outcomes = DeploymentOutcomes(artifact_store(), lambda: now[0])
    for outcome, at in ((Outcome.STARTED, 1100.0), (Outcome.SUCCEEDED, 1160.0)):
        now[0] = at
        outcomes.note("1" * 32, _note(outcome))
        outcomes.note("1" * 32, _note(outcome))
    assert told.of("deployments") == [
        (1, ("shop", "prod", "started")),
        (1, ("shop", "prod", "succeeded")),
    ]
    assert told.of("deployment_time") == [(60.0, ("shop", "prod", "succeeded"))]
    assert told.of("lead_time") == [(160.0, ("shop", "prod"))]


@pytest.mark.usefixtures("artifacts")
def test_a_release_that_came_back_has_no_lead_time(told: Told) -> None:
    outcomes = DeploymentOutcomes(artifact_store(), lambda: 1200.0)
    for outcome in (Outcome.STARTED, Outcome.FAILED, Outcome.ROLLED_BACK):
        outcomes.note("1" * 32, _note(outcome))
    assert told.of("deployment_time") == [(0.0, ("shop", "prod", "rolled_back"))]
    assert told.of("lead_time") == []


class _NoProjects(Projects):
    def __init__(self) -> None:
        """Know none."""

    def find(self, name: str) -> Any:
        raise LookupError(name)


def test_whoever_knocks_under_many_names_makes_one_series(told: Told) -> None:
    receiver = Receiver(projects=_NoProjects(), looker=Looker(lambda _: []), gate=Gate())
    with TestClient(make_app(receiver)) as door:
        for number in range(5):
            door.post(f"/p{number}", json={})
        door.post("/p", content=b"x", headers={"Content-Type": "text/plain"})
    assert told.of("hook_answers") == [(1, ("503",))] * 5 + [(1, ("415",))]


def test_a_sweep_says_how_many_repositories_fail(
    repository: Repository, artifacts: Path, told: Told
) -> None:
    repository.commit(readme="one")
    away = WatchedProject(dag_id="away", url="git://127.0.0.1:1/x", branch="main")
    projects = [watch(repository, "shop"), away]
    Watcher(lambda: projects, artifact_store(), lambda _: None).sweep()
    assert told.of("repositories")[-1] == (2, ())
    assert told.of("failing_repositories")[-1] == (1, ())
    assert sorted(tags for _, tags in told.of("look_time")) == [("answered",), ("failed",)]
    assert [tags for _, tags in told.of("poll_time")] == [()]


def test_requests_to_aws_are_counted_by_what_they_ask(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = "aws://key:secret@/?region_name=eu-west-1"
    monkeypatch.setenv("AIRFLOW_CONN_AWS_SHOP", uri)
    with mock_aws():
        client = aws_client("aws_shop", "eu-west-1", "ec2")
        client.describe_instances()
        client.describe_instances()
    assert told.of("aws_calls") == [(1, ("ec2", "DescribeInstances"))] * 2
    assert told.of("aws_retries") == []


def test_a_publication_says_how_long_it_waited_for_its_turn(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with mock_aws():
        s3: Any = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="apt")
        with RepositoryLock(s3, bucket="apt", key="lock", owner="one").held(lambda _: None):
            pass
    assert [tags for _, tags in told.of("apt_wait")] == [()]


def test_a_cache_is_a_hit_or_a_miss(told: Told, tmp_path: Path) -> None:
    caches = Caches(
        ArtifactStore(f"file://{tmp_path}"),
        project="shop",
        scopes=CacheScopes(read=("delivered",), written="delivered"),
        keys={"vendor": key_of({"lock": b"1"})},
        commit="c" * 40,
        say=lambda _: None,
        clock=lambda: datetime(2026, 3, 1, tzinfo=UTC),
    )
    assert caches.find("default", "vendor") is None
    caches.keep("default", "vendor", iter([packed("vendor/a", b"x" * 5000)]))
    assert isinstance(caches.find("default", "vendor"), io.IOBase)
    assert [tags for _, tags in told.of("cache_lookups")] == [("shop", "miss"), ("shop", "hit")]
