"""The way back, and what is urgent, within a hold or a stop."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from unittest import mock

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from slipway.exceptions import RepositoryUnreachable
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.controls import ControlBook
from slipway.hooks.store.editions import Editions
from slipway.hooks.store.outcomes import DeploymentOutcomes
from slipway.model.controls import Action, ControlEvent
from slipway.model.launched import Launched, LaunchSettings
from slipway.operators.swap import LaunchOperator
from slipway.policies.controls import after
from slipway.tasks.at_a_time.agreed import keep_planned_again
from slipway.tasks.controls import opening
from slipway.tasks.controls.refusals import EnvironmentHeld
from tests.fakes.airflow_run import FakeTask
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.fakes.fleet_faults import Crash
from tests.slipway.fleet.worlds import make_image, make_target, serving
from tests.slipway.operators.at_a_time.timed import in_a
from tests.slipway.operators.releases import make_record
from tests.slipway.operators.swap.controls import situations
from tests.slipway.operators.swap.controls.situations import (
    BY_ITSELF,
    DEV,
    OTHER,
    RUN,
    WAY,
    context,
    say,
    task,
)

pytestmark = pytest.mark.usefixtures("artifacts")
cloud = situations.cloud


def events() -> list[Action]:
    return [one.action for one in ControlBook(artifact_store()).events(DEV)]


class TestWayBack:
    """On an environment that commits land on by themselves."""

    @pytest.fixture(autouse=True)
    def order(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        def behind(_: Any, __: str, ___: str, version: str, others: Any, ____: Any) -> Any:
            return next((one for one in others if one > version), None)

        monkeypatch.setattr(opening, "overtaken", behind)
        return mock.Mock()

    def go(self, version: str, order: Any, run: FakeTask = RUN, asked: str = "") -> None:
        for kind in WAY:
            task(kind, version=version, back=order).execute(context(run, version=asked))

    def test_it_holds_the_environment_and_the_next_push_does_not_undo_it(
        self, order: Any, cloud: FakeFleetCloud
    ) -> None:
        self.go("2", order)
        assert events() == []
        self.go("1", order, OTHER)
        assert serving(cloud) == ["1"]
        held = ControlBook(artifact_store()).of("shop", "dev").hold
        assert held is not None
        assert (held.by, held.why) == ("bob", "back from 2 to 1")
        push = FakeTask(run_id="commit__3")
        with pytest.raises(AirflowSkipException, match="back from 2 to 1"):
            task(LaunchOperator, BY_ITSELF, version="3").execute(context(push, user=None))
        say(Action.RESUME)
        for kind in WAY:
            task(kind, BY_ITSELF, version="3").execute(context(push, user=None))
        assert serving(cloud) == ["3"]

    def test_going_back_from_other_settings_of_the_same_release_holds_it_as_well(
        self, order: Any, cloud: FakeFleetCloud, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The next push would bring those settings again."""
        monkeypatch.setattr(opening, "overtaken", lambda *_: None)
        name = "2@0123abcd"
        self.go("2", order)
        image = make_image(name)
        settings = LaunchSettings.of(make_target())
        Editions(artifact_store()).note(
            Launched(
                release=image.release,
                environment="dev",
                settings=settings,
                image_id=image.image_id,
                replaces="2",
            )
        )
        cloud.healthy.add(name)
        self.go(name, order, FakeTask(run_id="manual__3"))
        assert serving(cloud) == [name]
        assert events() == []
        self.go("2", order, OTHER)
        assert serving(cloud) == ["2"]
        assert events() == [Action.HOLD]

    def test_who_asks_for_the_settings_of_today_goes_forward_wherever_that_leads(
        self, order: Any, cloud: FakeFleetCloud, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.go("2", order)
        monkeypatch.setattr(opening, "takes_back", lambda *_: True)
        name = "2@0123abcd"
        cloud.healthy.add(name)
        launched = Launched(
            release=make_image(name).release,
            environment="dev",
            settings=LaunchSettings.of(make_target()),
            image_id=make_image(name).image_id,
        )
        Editions(artifact_store()).note(launched)
        self.go(name, order, OTHER, asked="same")
        assert serving(cloud) == [name]
        assert events() == []

    def test_it_is_held_before_the_first_change_wherever_it_is_killed(
        self, order: Any, cloud: FakeFleetCloud
    ) -> None:
        self.go("2", order)
        cloud.observe()
        cloud.faults.crash_at = len(cloud.calls)
        with pytest.raises(Crash):
            task(LaunchOperator, version="1", back=order).execute(context(OTHER))
        assert events() == [Action.HOLD]
        self.go("1", order, OTHER)
        assert events() == [Action.HOLD]

    @pytest.mark.parametrize("held", [False, True])
    def test_one_that_was_set_for_a_time_is_not_in_its_own_way(
        self, held: bool, order: Any, cloud: FakeFleetCloud
    ) -> None:
        self.go("2", order)
        at = in_a(minutes=-1)
        waited: Any = {**replace(OTHER, task_id="wait_for_time").context, "params": {"at": at}}
        keep_planned_again(waited, make_record("1").checkout.release, "2")
        tasks = [task(kind, version="1", back=order) for kind in WAY]
        for one in tasks:
            one.clock = lambda: datetime.now(UTC)
        if held:
            say(Action.HOLD)
            with pytest.raises(AirflowFailException, match="held by ann"):
                tasks[0].execute(context(OTHER, at=at))
            return
        for one in tasks:
            one.execute(context(OTHER, at=at))
            one.execute(context(OTHER, at=at))
        assert serving(cloud) == ["1"]
        assert events() == [Action.HOLD]

    def test_what_the_second_look_refuses_holds_nothing(
        self, order: Any, cloud: FakeFleetCloud, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.go("2", order)
        looks = iter([None, EnvironmentHeld("not now")])
        monkeypatch.setattr(opening, "require_open", mock.Mock(side_effect=looks))
        with pytest.raises(AirflowFailException, match="not now"):
            task(LaunchOperator, version="1", back=order).execute(context(OTHER))
        assert events() == []
        assert serving(cloud) == ["2"]

    def test_one_that_was_killed_before_it_held_does_so_when_it_goes_on(
        self, order: Any, cloud: FakeFleetCloud, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.go("2", order)
        with monkeypatch.context() as killed:
            killed.setattr(opening, "hold_after_way_back", mock.Mock(side_effect=Crash))
            with pytest.raises(Crash):
                task(LaunchOperator, version="1", back=order).execute(context(OTHER))
        assert (events(), serving(cloud)) == ([], ["2"])
        self.go("1", order, OTHER)
        assert events() == [Action.HOLD]

    def test_where_git_does_not_answer_it_counts_as_one(
        self, order: Any, cloud: FakeFleetCloud, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        away = mock.Mock(side_effect=RepositoryUnreachable("git is away"))
        monkeypatch.setattr(opening, "overtaken", away)
        self.go("2", order)
        assert events() == [Action.HOLD]


class TestUrgent:
    def test_it_goes_ahead_of_one_that_waits_and_is_marked_for_good(
        self, cloud: FakeFleetCloud
    ) -> None:
        states = {("shop.dev", "manual__2"): "running"}
        waits, urgent = replace(RUN, states=states), replace(OTHER, states=states)
        note = ControlEvent(
            action=Action.URGENT,
            by="bob",
            at=0,
            why="shop is down",
            dag_id="shop.dev",
            run_id="manual__2",
            project="shop",
            environment="dev",
            version="3",
        )
        ControlBook(artifact_store()).note(note, after)
        one = task(LaunchOperator)
        one._waiting_since = 1.0
        with pytest.raises(AirflowFailException, match="3 goes first, which is urgent: shop is"):
            one.execute(context(waits))
        for kind in WAY:
            task(kind, version="3").execute(context(urgent, urgent="shop is down"))
        assert serving(cloud) == ["3"]
        assert events() == [Action.URGENT]
        past = DeploymentOutcomes(artifact_store()).past("shop", "dev", 5)
        assert [one.urgent for one in past] == ["shop is down"]
        task(LaunchOperator).execute(context(waits))

    def test_one_whose_run_is_over_is_waited_for_by_nobody(self, cloud: FakeFleetCloud) -> None:
        say(Action.REJECT, version="3")
        with pytest.raises(AirflowFailException, match="rejected"):
            task(LaunchOperator, version="3").execute(context(OTHER, urgent="x"))
        assert events() == []
        task(LaunchOperator).execute(context())
