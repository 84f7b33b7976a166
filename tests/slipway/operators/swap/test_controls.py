"""Held, stopped, rejected, not allowed: asked where the change is made, whatever was marked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.controls import ControlBook
from slipway.model.controls import Action
from slipway.operators.roll_back import RollBackOperator
from slipway.operators.swap import LaunchOperator
from slipway.policies.freeze_windows import FreezeWindow
from slipway.policies.rights import May, Rules
from slipway.tasks.consent import Admission
from slipway.tasks.controls import opening
from tests.slipway.fleet.worlds import serving
from tests.slipway.operators.swap.begin.runs import BEGINS, GOES_ON, state
from tests.slipway.operators.swap.controls import situations
from tests.slipway.operators.swap.controls.situations import (
    BY_HAND,
    BY_ITSELF,
    DEV,
    RUN,
    WAY,
    context,
    say,
    task,
)

if TYPE_CHECKING:
    from tests.fakes.fleet_cloud import FakeFleetCloud

pytestmark = pytest.mark.usefixtures("artifacts")
cloud = situations.cloud


@pytest.mark.parametrize("kind", BEGINS)
class TestNothingBegins:
    """Whichever task comes first, with all before it marked as successful."""

    def test_a_commit_where_it_is_held(self, kind: Any, cloud: FakeFleetCloud) -> None:
        say(Action.HOLD)
        before, own = state(cloud), replace(RUN, xcoms={})
        with pytest.raises(AirflowSkipException, match=r"held by ann since .*it loses orders"):
            task(kind, BY_ITSELF).execute(context(own, user=None))
        assert state(cloud) == before
        assert "held by ann" in own.xcoms["held"]

    @pytest.mark.parametrize("scope", [{"project": ""}, {}, {"environment": "dev"}])
    def test_anybody_where_the_line_is_stopped(
        self, kind: Any, scope: dict[str, str], cloud: FakeFleetCloud
    ) -> None:
        say(Action.STOP, **{"environment": "", **scope})
        before = state(cloud)
        with pytest.raises(AirflowFailException, match=r"the line is stopped for .* by ann since"):
            task(kind).execute(context(pass_stop="it burns", override_freeze="it burns"))
        with pytest.raises(AirflowSkipException, match="the line is stopped"):
            task(kind, BY_ITSELF).execute(context(user=None))
        assert state(cloud) == before

    def test_a_rejected_release(self, kind: Any, cloud: FakeFleetCloud) -> None:
        say(Action.REJECT, version="2")
        before = state(cloud)
        for admission, failure in (
            (BY_HAND, AirflowFailException),
            (BY_ITSELF, AirflowSkipException),
        ):
            with pytest.raises(failure, match=r"2 was rejected by ann since .*it loses orders"):
                task(kind, admission).execute(context())
        assert state(cloud) == before

    def test_for_whoever_may_not_deploy(self, kind: Any, cloud: FakeFleetCloud) -> None:
        may = Admission(
            project="shop", environment="dev", rules=Rules(may=May(deploy=("ann", "role:leads")))
        )
        before = state(cloud)
        for user in ("bob", None, "role:leads"):
            with pytest.raises(AirflowFailException, match="may not deploy to dev: ann, whoever"):
                task(kind, may).execute(context(user=user))
        with pytest.raises(AirflowFailException, match="tasks of this run were cleared"):
            task(kind, may).execute(context(user="ann", cleared=1))
        assert state(cloud) == before

    def test_by_a_forged_resume(self, kind: Any, cloud: FakeFleetCloud, artifacts: Any) -> None:
        say(Action.HOLD)
        folder = artifacts / "controls/environments/shop/dev"
        (folder / "00000002.json").write_text((folder / "00000001.json").read_text())
        before = state(cloud)
        with pytest.raises(AirflowFailException, match="not what was signed there"):
            task(kind, BY_ITSELF).execute(context(user=None))
        assert state(cloud) == before


def test_a_person_deploys_while_commits_are_held(cloud: FakeFleetCloud) -> None:
    say(Action.HOLD)
    for kind in WAY:
        task(kind).execute(context())
    assert serving(cloud) == ["2"]


def test_whoever_is_named_passes_a_stop_with_a_reason_which_is_kept(cloud: FakeFleetCloud) -> None:
    say(Action.STOP, may_pass=("bob",))
    with pytest.raises(AirflowFailException, match="bob with `pass_stop` and a reason"):
        task(LaunchOperator).execute(context())
    for kind in WAY:
        task(kind).execute(context(pass_stop="the fix"))
    assert serving(cloud) == ["2"]
    noted = ControlBook(artifact_store()).events(DEV)[-1]
    assert (noted.action, noted.by, noted.why, noted.version) == (
        Action.PASSED_STOP,
        "bob",
        "the fix",
        "2",
    )


@pytest.mark.parametrize("action", [Action.HOLD, Action.STOP, Action.REJECT])
def test_what_has_begun_goes_on_and_what_failed_goes_back(
    action: Action, cloud: FakeFleetCloud
) -> None:
    task(LaunchOperator, BY_ITSELF).execute(context(user=None))
    say(action, version="2" if action is Action.REJECT else "")
    for kind in GOES_ON:
        task(kind, BY_ITSELF).execute(context(user=None))
    assert serving(cloud) == ["2"]


def test_the_way_back_of_a_swap_is_open_to_everybody(cloud: FakeFleetCloud) -> None:
    task(LaunchOperator, BY_ITSELF).execute(context(user=None))
    say(Action.STOP, project="", environment="")
    say(Action.REJECT, "c2", version="1")
    back = task(RollBackOperator, BY_ITSELF)
    back.execute(context(user=None))
    assert serving(cloud) == ["1"]


def test_a_hold_that_comes_while_a_run_takes_its_lease_counts(
    cloud: FakeFleetCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its first look and the lease: it looks once more, and gives the lease back."""
    begins = opening.Opening.begins

    def held_meanwhile(self: Any, **frozen: bool) -> None:
        begins(self, **frozen)
        say(Action.HOLD)

    monkeypatch.setattr(opening.Opening, "begins", held_meanwhile)
    cloud.observe()
    before = len(cloud.calls)
    with pytest.raises(AirflowSkipException, match="held by ann"):
        task(LaunchOperator, BY_ITSELF).execute(context(user=None))
    assert (len(cloud.calls), cloud.ssm.parameters) == (before, {})


def test_a_freeze_is_overridden_by_those_who_may_and_that_is_kept(cloud: FakeFleetCloud) -> None:
    window = FreezeWindow(
        begin="2026-12-19T00:00", until="2027-01-05T00:00", zone="UTC", reason="r"
    )
    rules = Rules(may=May(override_freeze=("ann",)))
    admission = replace(BY_HAND, rules=rules)
    params: Any = {"override_freeze": "it burns"}
    before = state(cloud)
    with pytest.raises(AirflowFailException, match="bob may not override a freeze of dev: ann may"):
        task(LaunchOperator, admission, windows=(window,)).execute(context(**params))
    assert state(cloud) == before
    task(LaunchOperator, admission, windows=(window,)).execute(context(user="ann", **params))
    (noted,) = ControlBook(artifact_store()).events(DEV)
    assert (noted.action, noted.by, noted.why) == (Action.PASSED_FREEZE, "ann", "it burns")
