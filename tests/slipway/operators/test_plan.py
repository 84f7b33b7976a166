"""The plan of a deployment: what it says, and that it touches nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import AirflowFailException, DownstreamTasksSkipped

from slipway.exceptions import CloudUnavailable, SchemaAhead
from slipway.operators import fleet
from slipway.operators.outlook import ImageOutlook, SchemaOutlook
from slipway.operators.plan import PlanOperator
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.slipway.fleet.worlds import deploy, make_image, make_target
from tests.slipway.operators.releases import make_record


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> FakeFleetCloud:
    cloud = FakeFleetCloud(healthy={"1", "2"})
    monkeypatch.setattr(fleet, "fleet_cloud", lambda *_, **__: cloud)
    deploy(cloud, "1")
    cloud.observe()
    cloud.calls.clear()
    return cloud


class Planned:
    """A plan task with what it was told, and two tasks behind it."""

    def __init__(self, *, always: bool = False) -> None:
        self.image = mock.create_autospec(ImageOutlook, instance=True)
        self.image.look.return_value = (make_image("2"), "uses ami-2")
        self.schema = mock.create_autospec(SchemaOutlook, instance=True)
        self.schema.look.return_value = "1 -> 2, applies 2_x.sql"
        with DAG(dag_id="shop.prod", schedule=None):
            self.task = PlanOperator(
                task_id="plan", package=make_record("2").package.to_json(),
                environment=make_target().to_json(), image=self.image, schema=self.schema,
                always=always,
            )  # fmt: skip
            launch, roll_back = (BaseOperator(task_id=name) for name in ("launch", "roll_back"))
            self.task >> launch >> roll_back
        self.pushed: dict[str, Any] = {}

    def run(self, *, dry_run: bool) -> None:
        def push(key: str, value: Any) -> None:
            self.pushed[key] = value

        ti = SimpleNamespace(
            xcom_push=push, map_index=-1, dag_id="shop.prod", run_id="r", task_id="plan"
        )
        context: Any = {"params": {"dry_run": dry_run}, "ti": ti}
        self.task.execute(context)


def test_a_dry_run_tells_everything_and_skips_all_that_follows(
    cloud: FakeFleetCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    planned = Planned()
    with pytest.raises(DownstreamTasksSkipped) as skipped:
        planned.run(dry_run=True)
    assert set(skipped.value.tasks) == {"launch", "roll_back"}
    lines = planned.pushed["plan"]
    assert lines[:3] == [
        "release: 2, in place of 1",
        "image: uses ami-2",
        "schema: 1 -> 2, applies 2_x.sql",
    ]
    said = "\n".join(lines[3:])
    words = ("suspend scaling of", "launch shop-dev-2", "attach shop-dev-2", "detach shop-dev-1")
    places = [said.index(word) for word in words]
    assert places == sorted(places)
    assert said.rpartition("\n")[2].startswith(f"{len(lines) - 3}. ")
    told = capsys.readouterr().out
    assert [line for line in lines if line not in told] == []
    assert cloud.calls == []


def test_it_is_told_to_whoever_must_approve_and_the_run_goes_on(cloud: FakeFleetCloud) -> None:
    planned = Planned(always=True)
    planned.run(dry_run=False)
    assert planned.pushed["plan"][0] == "release: 2, in place of 1"
    assert planned.pushed["replaces"] == "1"
    assert cloud.calls == []


def test_without_anybody_to_read_it_nobody_is_asked(cloud: FakeFleetCloud) -> None:
    planned = Planned()
    planned.run(dry_run=False)
    assert planned.pushed == {}
    planned.image.look.assert_not_called()
    planned.schema.look.assert_not_called()


def test_what_would_stop_the_deployment_stops_it_here(cloud: FakeFleetCloud) -> None:
    planned = Planned(always=True)
    planned.schema.look.side_effect = SchemaAhead("schema 3, release 2 knows 2", advice="no")
    with pytest.raises(AirflowFailException, match="schema 3, release 2 knows 2"):
        planned.run(dry_run=False)


def test_an_alarm_that_does_not_exist_stops_it_here(cloud: FakeFleetCloud) -> None:
    planned = Planned(always=True)
    planned.task.environment = make_target(alarms=("shop errors",)).to_json()
    with pytest.raises(AirflowFailException, match="do not exist: 'shop errors'"):
        planned.run(dry_run=False)


def test_a_dry_run_says_that_it_would_stop(cloud: FakeFleetCloud) -> None:
    planned = Planned()
    planned.schema.look.side_effect = SchemaAhead("schema 3, release 2 knows 2", advice="no")
    with pytest.raises(DownstreamTasksSkipped):
        planned.run(dry_run=True)
    stop = "schema: the deployment would stop here: schema 3, release 2 knows 2"
    assert planned.pushed["plan"][2] == stop


def test_a_world_that_does_not_answer_is_asked_again(cloud: FakeFleetCloud) -> None:
    planned = Planned()
    planned.image.look.side_effect = CloudUnavailable("away")
    with pytest.raises(CloudUnavailable):
        planned.run(dry_run=True)


def test_killing_it_removes_the_container_of_goose(cloud: FakeFleetCloud) -> None:
    planned = Planned(always=True)
    planned.task.on_kill()
    planned.schema.clean_up.assert_not_called()
    planned.run(dry_run=False)
    planned.task.on_kill()
    planned.schema.clean_up.assert_called_once()
