"""Held, stopped, rejected, not allowed: asked where the change is made, whatever was marked."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any
from unittest import mock

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from slipway.exceptions import RepositoryUnreachable
from slipway.fleet import swap
from slipway.hooks.store.approvals import Approval
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.controls import ControlBook
from slipway.hooks.store.deployments import DeploymentHistory
from slipway.hooks.store.outcomes import DeploymentOutcomes
from slipway.model.controls import Action, ControlEvent, Scope
from slipway.model.target import DeployTarget
from slipway.operators import choose_release, leased, migrations
from slipway.operators import swap as fleet
from slipway.operators.choose_release import ChooseReleaseOperator
from slipway.operators.roll_back import RollBackOperator
from slipway.operators.swap import (
    LaunchCanaryOperator,
    LaunchOperator,
    RetireOldOperator,
    ShiftTrafficOperator,
)
from slipway.policies.controls import after
from slipway.policies.freeze_windows import FreezeWindow
from slipway.policies.rights import May, Rules
from slipway.tasks.consent import Admission
from slipway.tasks.controls import opening
from tests.fakes.airflow_run import FakeTask
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.fakes.fleet_faults import Crash
from tests.slipway.fleet.worlds import deploy, make_target, serving
from tests.slipway.operators.releases import catalogue, make_record
from tests.slipway.operators.test_begin import BEGINS, GOES_ON, make, state
from tests.slipway.tasks.test_consent import propose

BY_ITSELF = Admission(project="shop", environment="dev", by_itself=True)
BY_HAND = Admission(project="shop", environment="dev")
RUN, OTHER = FakeTask(run_id="manual__1"), FakeTask(run_id="manual__2")
WAY = (LaunchOperator, *GOES_ON)
DEV = Scope(project="shop", environment="dev")

pytestmark = pytest.mark.usefixtures("artifacts")


@pytest.fixture(autouse=True)
def cloud(monkeypatch: pytest.MonkeyPatch, artifacts: object) -> FakeFleetCloud:
    cloud = FakeFleetCloud(healthy={"1", "2", "3"})
    for module in (fleet, choose_release):
        monkeypatch.setattr(module, "open_cloud", lambda *_, **__: cloud)
    monkeypatch.setattr(migrations, "open_cloud", lambda *_, **__: cloud)
    monkeypatch.setattr(fleet, "require_recorded", lambda *_: None)
    for module, name in ((swap, "_AFTER_CHANGE"), (swap, "_WHILE_WAITING"), (leased, "_PAUSE")):
        monkeypatch.setattr(module, name, 0.0)
    monkeypatch.setattr(migrations, "container_engine", mock.Mock())
    monkeypatch.setattr(migrations, "migration_files", mock.Mock())
    monkeypatch.setattr(migrations, "database_url", lambda _: "postgres://x")
    deploy(cloud, "1")
    catalogue("1", "2", "3")
    return cloud


def say(action: Action, run: str = "c1", **more: Any) -> None:
    facts: dict[str, Any] = {"project": "shop", "environment": "dev", "by": "ann"}
    event = ControlEvent(
        action=action, at=0, why="it loses orders", dag_id="controls", run_id=run, **(facts | more)
    )
    ControlBook(artifact_store()).note(event, after)


def task(kind: Any, admission: Admission = BY_HAND, version: str = "2", **more: Any) -> Any:
    made = make(kind, admission=admission, version=version, skip=admission.by_itself)
    made.windows = ()
    for name, value in more.items():
        setattr(made, name, value)
    return made


def context(run: FakeTask = RUN, user: str | None = "bob", cleared: int = 0, **params: Any) -> Any:
    known = ("dry_run", "override_freeze", "urgent", "pass_stop")
    return {
        **run.context,
        "params": params,
        "dag": SimpleNamespace(params=dict.fromkeys(known)),
        "dag_run": SimpleNamespace(triggering_user_name=user, clear_number=cleared),
    }


def events() -> list[Action]:
    return [one.action for one in ControlBook(artifact_store()).events(DEV)]


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


class TestWayBack:
    """On an environment that commits land on by themselves."""

    @pytest.fixture(autouse=True)
    def order(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        def behind(_: Any, __: str, ___: str, version: str, others: Any, ____: Any) -> Any:
            return next((one for one in others if one > version), None)

        monkeypatch.setattr(opening, "overtaken", behind)
        return mock.Mock()

    def go(self, version: str, order: Any, run: FakeTask = RUN) -> None:
        for kind in WAY:
            task(kind, version=version, back=order).execute(context(run))

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


class TestConsent:
    """Launch reads each yes itself, by the project file as it is now."""

    def asks(self, **rules: Any) -> Admission:
        return replace(BY_HAND, asks=True, rules=Rules(**rules))

    def yes(self, proposal: Any, *people: str) -> None:
        for number, by in enumerate(people, start=1):
            answer = Approval(approved=True, by=by, at=1, digest=proposal.digest)
            BY_HAND.book.answer(proposal, answer, number)

    @pytest.mark.parametrize(
        ("rules", "people", "words"),
        [
            ({"approvals": 2}, ("ann",), "2 lacks 1 yes for dev in this run"),
            ({"approvals": 2}, ("ann", "ann"), "ann has said yes already"),
            ({"may": May(approve=("ann",))}, ("carl",), "carl may not approve deployments to dev"),
            ({"four_eyes": True}, ("Bob",), "who starts a run does not approve it"),
            ({"four_eyes": True}, ("eve",), "a commit of it is by Eve <eve@x>"),
            ({"four_eyes": True}, ("an unnamed user",), "it has to be known who says it"),
        ],
    )
    def test_a_yes_that_does_not_count(
        self, rules: dict[str, Any], people: tuple[str, ...], words: str, cloud: FakeFleetCloud
    ) -> None:
        self.yes(propose(authors=("Eve <eve@x>",)), *people)
        before = state(cloud)
        for kind in (LaunchCanaryOperator, LaunchOperator, ShiftTrafficOperator, RetireOldOperator):
            with pytest.raises(AirflowFailException, match=words):
                task(kind, self.asks(**rules)).execute(context())
        assert state(cloud) == before

    def test_two_people_who_may(self, cloud: FakeFleetCloud) -> None:
        self.yes(propose(authors=("Eve <eve@x>",)), "ann", "carl")
        rules = {"approvals": 2, "four_eyes": True, "may": May(approve=("ann", "carl"))}
        for kind in WAY:
            task(kind, self.asks(**rules)).execute(context())
        assert serving(cloud) == ["2"]
        past = DeploymentOutcomes(artifact_store()).past("shop", "dev", 5)
        assert past[0].by == "bob, approved by ann, carl"

    def test_a_right_that_is_taken_away_ends_no_swap_that_has_begun(
        self, cloud: FakeFleetCloud
    ) -> None:
        self.yes(propose(), "ann")
        task(LaunchOperator, self.asks()).execute(context())
        for kind in GOES_ON:
            task(kind, self.asks(approvals=2, may=May(approve=("carl",)))).execute(context())
        assert serving(cloud) == ["2"]


class TestChoice:
    """Rejected is not offered, not newest, not previous, and not what is named."""

    def choose(self, asked: str, **more: Any) -> Any:
        target: DeployTarget = make_target()
        chosen = ChooseReleaseOperator(
            task_id="choose", target=target, version=asked, admission=BY_HAND
        )
        return chosen.execute(context(**more))["release"]["version"]

    def test_newest_and_what_is_named(self) -> None:
        assert self.choose("newest") == "3"
        say(Action.REJECT, version="3")
        assert self.choose("newest") == "2"
        with pytest.raises(AirflowFailException, match=r"3 was rejected by ann since .*loses"):
            self.choose("3")
        assert self.choose("3", dry_run=True) == "3"
        say(Action.ACCEPT, "c2", version="3")
        assert self.choose("3") == "3"

    def test_previous(self, cloud: FakeFleetCloud) -> None:
        history = DeploymentHistory(artifact_store())
        for version in ("3", "2", "1"):
            history.record(make_record(version).checkout.release, "dev", run_id="r")
        assert self.choose("previous") == "2"
        say(Action.REJECT, version="2")
        assert self.choose("previous") == "3"

    def test_the_list(self, monkeypatch: pytest.MonkeyPatch) -> None:
        offered: list[str] = []

        def ask(_: Any, releases: Any, **__: Any) -> None:
            offered.extend(one.checkout.release.version for one in releases)
            raise AirflowSkipException

        monkeypatch.setattr(choose_release, "ask_which", ask)
        say(Action.REJECT, version="2")
        with pytest.raises(AirflowSkipException):
            self.choose("choose")
        assert offered == ["3", "1"]
