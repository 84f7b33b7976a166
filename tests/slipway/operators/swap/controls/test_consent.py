"""What a yes and a choice are worth within a hold, a stop or a rejection."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from slipway.hooks.store.approvals import Approval
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.deployments import DeploymentHistory
from slipway.hooks.store.outcomes import DeploymentOutcomes
from slipway.model.controls import Action
from slipway.operators import choose_release
from slipway.operators.choose_release import ChooseReleaseOperator
from slipway.operators.swap import (
    LaunchCanaryOperator,
    LaunchOperator,
    RetireOldOperator,
    ShiftTrafficOperator,
)
from slipway.policies.rights import May, Rules
from tests.slipway.fleet.worlds import make_target, serving
from tests.slipway.operators.releases import make_record
from tests.slipway.operators.swap.begin.runs import GOES_ON, state
from tests.slipway.operators.swap.controls import situations
from tests.slipway.operators.swap.controls.situations import BY_HAND, WAY, context, say, task
from tests.slipway.tasks.consent.approvals import propose

if TYPE_CHECKING:
    from slipway.model.target import DeployTarget
    from slipway.tasks.consent import Admission
    from tests.fakes.fleet_cloud import FakeFleetCloud

pytestmark = pytest.mark.usefixtures("artifacts")
cloud = situations.cloud


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
