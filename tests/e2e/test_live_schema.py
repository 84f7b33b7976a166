"""A migration meets the release that serves: beside the environment first, then in it."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.model.facts import Json, SchemaVersion
from slipway.model.proof_settings import ProofSettings, Question
from slipway.operators.checkout import CheckoutOperator
from slipway.operators.migrations import GooseMigrateOperator
from slipway.operators.publish_apt import PublishAptOperator
from slipway.operators.rehearse_migrations import GooseRehearseOperator
from slipway.operators.swap import LaunchOperator, RetireOldOperator, ShiftTrafficOperator
from slipway.sensors.fleet_healthy import FleetHealthySensor
from slipway.sensors.fleet_in_service import FleetInServiceSensor
from tests.e2e.conftest import LISTENER, World
from tests.e2e.steps import bake, deb, on_record, target
from tests.fakes.airflow_run import FakeTask
from tests.fakes.git_server import Repository

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
RENAME = """-- +goose Up
ALTER TABLE entries RENAME COLUMN author TO writer;
-- +goose Down
ALTER TABLE entries RENAME COLUMN writer TO author;
"""
EXPAND = """-- +goose Up
ALTER TABLE entries ADD COLUMN writer text;
-- +goose Down
ALTER TABLE entries DROP COLUMN writer;
"""
HELLO = '{"author": "Ada", "message": "hello"}'
PROOF = ProofSettings(
    unit="guestbook.service",
    environment={"GUESTBOOK_PORT": "8000"},
    questions=(Question(method="POST", path="/entries", body=HELLO),),
)


def _rehearse(repository: Repository, checkout: Json) -> SchemaVersion:
    operator = GooseRehearseOperator(
        task_id="rehearse_migrations",
        checkout=checkout,
        repository=repository.source,
        postgres=15,
        directory="migrations",
        targets=[target()],
        proof=PROOF,
    )
    return SchemaVersion.from_json(_as_task(operator, checkout))


def _migrate(repository: Repository, checkout: Json) -> SchemaVersion:
    operator = GooseMigrateOperator(
        task_id="migrate",
        target=target(),
        repository=repository.source,
        directory="migrations",
        release=checkout["release"],
        database_conn_id="guestbook_dev",
    )
    return SchemaVersion.from_json(_as_task(operator, checkout))


def _as_task(operator: Any, checkout: Json) -> Json:
    """Execute an operator in the run that checked its commit out."""
    task = FakeTask(dag_id="guestbook", run_id=checkout["run"], task_id=operator.task_id)
    done: Json = operator.execute(task.context)
    return done


def _ask(path: str, body: str = "") -> tuple[int, Any]:
    url = f"http://127.0.0.1:{LISTENER}{path}"
    with urllib.request.urlopen(url, body.encode() or None, timeout=5) as answer:
        return answer.status, json.load(answer)


@pytest.fixture
def serving(
    guestbook: Repository, checkout: Callable[[], Json], run: Callable[..., Any], world: World
) -> Any:
    """Release 1.0.0 on dev, on its own schema, entered into the catalogue."""
    first = checkout()
    package = run(PublishAptOperator(task_id="publish_apt", deb=run(deb(first, guestbook))))
    on_record(package)
    assert _migrate(guestbook, {**first, "run": "first"}).version == 3
    swap: dict[str, Any] = {"target": target(), "image": run(bake(package))}
    run(LaunchOperator(task_id="launch", **swap))
    run(FleetHealthySensor(task_id="fleet_healthy", **swap))
    run(ShiftTrafficOperator(task_id="shift_traffic", **swap))
    run(FleetInServiceSensor(task_id="fleet_in_service", **swap))
    run(RetireOldOperator(task_id="retire_old", **swap))
    yield first["release"]["version"]
    for name in world.groups():
        world.client("autoscaling").delete_auto_scaling_group(
            AutoScalingGroupName=name, ForceDelete=True
        )


def _commit(repository: Repository, sql: str, head: Callable[[str], Json]) -> Json:
    (repository.path / "migrations" / "00004_writer.sql").write_text(sql)
    repository.commit("Call authors writers")
    return head(f"run-{time.monotonic_ns()}")


@pytest.fixture
def head(guestbook: Repository, artifacts: Any) -> Callable[[str], Json]:
    """Check the head of main out, in a run of its own."""

    def check_out(run_id: str) -> Json:
        operator = CheckoutOperator(
            task_id="checkout",
            project="guestbook",
            repository=guestbook.source,
            ref="main",
            branch="main",
        )
        task = FakeTask(dag_id="guestbook", run_id=run_id, task_id="checkout")
        return {**operator.execute(task.context), "run": run_id}

    return check_out


def test_a_migration_is_proved_against_the_release_that_serves(
    guestbook: Repository, head: Callable[[str], Json], serving: str
) -> None:
    with pytest.raises(AirflowFailException) as caught:
        _rehearse(guestbook, _commit(guestbook, RENAME, head))
    said = str(caught.value)
    assert f"release {serving}, which serves dev, fails on the migrated schema" in said
    assert "after 00004_writer.sql: POST /entries: 500" in said
    assert 'first query that failed: column "author" of relation "entries" does not exist' in said
    # The environment's database was never touched.
    assert _ask("/version")[1]["schema"] == 3
    assert _ask("/entries", HELLO)[0] == 201

    good = _commit(guestbook, EXPAND, head)
    (proof,) = _rehearse(guestbook, good).proofs
    assert (proof.version, proof.outcome, proof.environments) == (serving, "held", ("dev",))
    assert _migrate(guestbook, good).version == 4
    assert _ask("/version")[1]["schema"] == 4
    assert _ask("/entries", HELLO)[0] == 201
