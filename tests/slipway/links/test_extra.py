"""The buttons beside a task, from the task's end to Airflow's server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from unittest import mock

import pytest
from airflow.sdk import DAG
from airflow.sdk.execution_time.xcom import XCom

from include.delivery.commit_dag import commit_dag
from include.delivery.environment_dag import environment_dag
from include.project.loader import PROJECTS, load_project
from slipway.links.extra import (
    BalancerLink,
    BoardLink,
    CommitLink,
    MachineImageLink,
    ReleaseLink,
    ServerGroupLink,
)
from slipway.model.git.repository import Repository
from slipway.operators.checkout import CheckoutOperator
from slipway.operators.swap import LaunchOperator
from tests.slipway.links.linked import REPOSITORY, SHA, checkout, target

KEY: Any = object()


@pytest.fixture
def returned() -> Iterator[Any]:
    with mock.patch.object(XCom, "get_value", autospec=True) as value:
        yield value


def _checkout() -> CheckoutOperator:
    where = Repository(url=REPOSITORY)
    with DAG(dag_id="shop", schedule=None):
        return CheckoutOperator(
            task_id="checkout", project="shop", repository=where, ref="main", branch="main"
        )


def _launch() -> LaunchOperator:
    with DAG(dag_id="shop.prod", schedule=None):
        return LaunchOperator(task_id="launch", target=target(), image="")


def test_a_commits_host_is_the_project_files_whatever_the_task_returned(returned: Any) -> None:
    returned.return_value = {
        **checkout().to_json(),
        "repository": "https://evil.example.com/acme/shop.git",
    }
    link = CommitLink().get_link(_checkout(), ti_key=KEY)
    assert link == f"https://bitbucket.org/acme/shop/commits/{SHA}"


@pytest.mark.parametrize("edited", [None, "text", {}, {"release": None}, {"release": {"sha": 7}}])
def test_a_task_that_failed_or_was_edited_has_no_link_and_no_error(
    returned: Any, edited: Any
) -> None:
    returned.return_value = edited
    for link in (CommitLink(), ReleaseLink(), MachineImageLink(), ServerGroupLink()):
        for operator in (_checkout(), _launch()):
            assert link.get_link(operator, ti_key=KEY) == ""


def test_a_swap_leads_to_the_board_and_the_cloud(returned: Any) -> None:
    returned.return_value = {"server_group": "shop-prod-1"}
    found = [one.get_link(_launch(), ti_key=KEY) for one in LaunchOperator.operator_extra_links]
    assert found[0] == "/slipway/board/e/shop/prod"
    assert "TargetGroups:search=shop-prod" in found[1]
    assert "AutoScalingGroupDetails:id=shop-prod-1" in found[2]


def test_a_link_of_a_place_asks_for_no_xcom(returned: Any) -> None:
    assert BoardLink().get_link(_launch(), ti_key=KEY)
    assert BalancerLink().get_link(_launch(), ti_key=KEY)
    assert not returned.called


def _kept(dag: DAG) -> Mapping[str, set[str]]:
    from airflow.serialization.serialized_objects import DagSerialization

    loaded = DagSerialization.from_dict(DagSerialization.to_dict(dag))
    return {one: set(task.extra_links) for one, task in loaded.task_dict.items()}


def test_airflows_server_knows_the_links_of_whole_dags() -> None:
    project = load_project(PROJECTS / "guestbook.yaml")
    commit, prod = _kept(commit_dag(project)), _kept(environment_dag(project, "prod"))
    assert commit["checkout"] == {"Commit"}
    assert commit["record_release"] == {"Release"}
    assert prod["choose_release"] == {"Board", "Release"}
    assert prod["plan"] == {"Board"}
    for dag in (commit, prod):
        assert dag["bake_image"] == {"Board", "AMI"}
        assert dag["swap.launch"] == {"Board", "Load balancer", "Server group"}
        assert dag["swap.soak"] == {"Board", "Load balancer"}
        assert dag["swap.migrate"] == {"Board"}
