"""The plan of a deployment: what it says, and that it touches nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest import mock

import pytest
from airflow.sdk.exceptions import AirflowFailException, DownstreamTasksSkipped

from slipway.exceptions import CloudUnavailable, SchemaAhead
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.deployments import DeploymentHistory
from slipway.hooks.store.editions import Editions
from slipway.model.cloud.group_seen import GroupSeen
from slipway.model.launched import Launched, LaunchSettings
from tests.slipway.fleet.worlds import make_image, make_target
from tests.slipway.operators.plan import planned
from tests.slipway.operators.plan.planned import Planned

if TYPE_CHECKING:
    from tests.fakes.fleet_cloud import FakeFleetCloud

cloud = planned.cloud


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


def test_what_somebody_changed_by_hand_is_in_the_plan(cloud: FakeFleetCloud) -> None:
    name = "shop-dev-1"
    cloud.close[name] = GroupSeen(name=name, live_since=1000, asked=2, size=(1, 5, 8))
    planned = Planned(always=True)
    planned.run(dry_run=False)
    line = f"changed by hand in {name} since 1970-01-01 00:16 UTC: desired: 2 -> 5"
    assert line in planned.pushed["plan"]
    assert cloud.calls == []


def test_a_cloud_that_shows_no_group_closely_stops_no_plan(
    cloud: FakeFleetCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: str) -> None:
        msg = "throttled"
        raise CloudUnavailable(msg, advice="wait")

    monkeypatch.setattr(cloud, "seen", refuse)
    planned = Planned(always=True)
    planned.run(dry_run=False)
    assert "not known: what was changed by hand: throttled" in planned.pushed["plan"]


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
    planned.task.target = make_target(alarms=("shop errors",))
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


@pytest.mark.usefixtures("artifacts")
def test_of_other_settings_it_says_what_they_bring_and_launches_as_many_as_they_ask_for(
    cloud: FakeFleetCloud,
) -> None:
    name, brings = "1@0123abcd", ("size.desired: 2 -> 5", "size.max: 4 -> 8")
    editions, release = Editions(artifact_store()), make_image("1").release
    before = LaunchSettings.of(make_target())
    editions.note(Launched(release=release, environment="dev", settings=before, proven=True))
    settings = LaunchSettings.of(make_target(desired_size=5, max_size=8))
    editions.note(
        Launched(
            release=make_image(name).release,
            environment="dev",
            settings=settings,
            replaces="1",
            brings=brings,
        )
    )
    DeploymentHistory(artifact_store()).record(release, "dev", run_id="r")
    between = mock.Mock()
    planned = Planned(always=True, version=name, between=between)
    planned.run(dry_run=False)
    lines = planned.pushed["plan"]
    assert lines[0] == f"release: {name}, in place of 1"
    assert lines[-2:] == list(brings)
    launch = next(line for line in lines if "launch shop-dev-1-0123abcd" in line)
    assert "(5 machines, 1 to 8), because its settings ask for 5 machines" in launch
    # The commits and migrations are the same ones.
    between.look.assert_not_called()


def test_killing_it_removes_the_container_of_goose(cloud: FakeFleetCloud) -> None:
    planned = Planned(always=True)
    planned.task.on_kill()
    planned.schema.clean_up.assert_not_called()
    planned.run(dry_run=False)
    planned.task.on_kill()
    planned.schema.clean_up.assert_called_once()
