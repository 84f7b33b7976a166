"""A DAG says once where things are, and its tasks hand that on as it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from airflow.serialization.serialized_objects import DagSerialization

from include.delivery.commit_dag import build, dag_ids
from include.delivery.housekeeping_dag import housekeeping_dag
from include.delivery.targets import fleet_targets, repository_of
from include.project.loader import PROJECTS, load_project
from slipway.model.target import DeployTarget
from slipway.triggers.fleet import FleetTrigger
from tests.slipway.fleet.worlds import make_image

if TYPE_CHECKING:
    from airflow.sdk import DAG

PROJECT = load_project(PROJECTS / "guestbook.yaml")
DAGS = [*(build(PROJECT, dag_id) for dag_id in dag_ids(PROJECT)), housekeeping_dag([PROJECT])]


@pytest.mark.parametrize("dag", DAGS, ids=lambda dag: dag.dag_id)
def test_airflow_can_keep_a_dag_whose_tasks_hold_values(dag: DAG) -> None:
    """It keeps template fields alone; an address in one would make a new version each time."""
    first = json.dumps(DagSerialization.to_dict(dag), sort_keys=True)
    assert " object at 0x" not in first
    assert "DeployTarget" not in first
    DagSerialization.from_dict(json.loads(first))


@pytest.mark.parametrize("dag", DAGS[:-1], ids=lambda dag: dag.dag_id)
def test_the_tasks_of_an_environment_share_one_target(dag: DAG) -> None:
    tasks: list[Any] = list(dag.tasks)
    own = [task.target for task in tasks if isinstance(getattr(task, "target", None), DeployTarget)]
    assert len({id(target) for target in own}) <= 1
    looks = {id(task.preflight) for task in tasks if task.task_id.startswith("swap.l")}
    assert len(looks) <= 1


def test_a_target_comes_back_from_what_a_trigger_keeps() -> None:
    """Also what was kept before a field was there; a waiting task is resumed after an upgrade."""
    for target in fleet_targets(PROJECT).values():
        kept = json.loads(json.dumps(target.to_json()))
        assert DeployTarget.from_json(kept) == target
        del kept["keep_failed"], kept["drop"]
        trigger = FleetTrigger(
            gate="healthy", environment=kept, image=make_image("1").to_json(), since=0.0, poll=1.0
        )
        path, arguments = trigger.serialize()
        assert path == "slipway.triggers.fleet.FleetTrigger"
        assert set(arguments) == {"gate", "environment", "image", "since", "poll"}
        assert arguments["environment"] == kept


def test_a_repository_is_told_without_a_secret() -> None:
    assert repository_of(PROJECT).url == PROJECT.repository.url
    assert repository_of(PROJECT).connection == PROJECT.repository.connection
