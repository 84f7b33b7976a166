"""One at a time: who gets the lease, who is refused, and who only seemed to be dead."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from slipway.exceptions import ApprovalUsedUp, CloudUnavailable, LeaseHeld
from slipway.fleet.goals import Wish
from slipway.hooks.aws import errors as cloud_failure
from slipway.hooks.fleet.lease import FleetLease, HalfDone, Holder
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.slipway.fleet.fake_ssm import FakeSsm
from tests.slipway.fleet.worlds import make_swap

NAME = "/slipway-leases/shop/dev"


@pytest.fixture
def ssm() -> FakeSsm:
    return FakeSsm()


def _lease(ssm: FakeSsm, owner: str, *, dead: tuple[str, ...] = (), env: str = "dev") -> FleetLease:
    return FleetLease(ssm, project="shop", environment=env, owner=owner, dead=dead.__contains__)


def test_the_second_is_refused_with_the_name_of_the_first(ssm: FakeSsm) -> None:
    _lease(ssm, "commit__abc").take()
    with pytest.raises(LeaseHeld, match="commit__abc is changing this environment"):
        _lease(ssm, "anna@laptop").take()


def test_each_environment_has_its_own(ssm: FakeSsm) -> None:
    _lease(ssm, "first").take()
    assert _lease(ssm, "second", env="production").take().generation == 1


def test_given_back_it_is_free_and_leaves_nothing(ssm: FakeSsm) -> None:
    lease = _lease(ssm, "first")
    lease.take()
    lease.give_back()
    assert ssm.parameters == {}
    assert _lease(ssm, "second").take().owner == "second"


def test_the_next_task_of_a_run_goes_on_and_the_one_before_is_refused(ssm: FakeSsm) -> None:
    stale, fresh = _lease(ssm, "run"), _lease(ssm, "run")
    assert (stale.take().generation, fresh.take().generation) == (1, 2)
    fresh.check()
    with pytest.raises(LeaseHeld, match="generation 2"):
        stale.check()
    stale.give_back()
    fresh.check()


def test_it_is_taken_over_from_the_dead_alone(ssm: FakeSsm) -> None:
    dead = _lease(ssm, "gone")
    dead.take()
    with pytest.raises(LeaseHeld):
        _lease(ssm, "next", dead=("somebody else",)).take()
    heir = _lease(ssm, "next", dead=("gone",))
    assert heir.take().generation == 2
    with pytest.raises(LeaseHeld, match="next is changing"):
        dead.check()


def test_of_two_heirs_one_wins(ssm: FakeSsm, monkeypatch: pytest.MonkeyPatch) -> None:
    _lease(ssm, "gone").take()
    first, second = (
        _lease(ssm, "first", dead=("gone",)),
        _lease(ssm, "second", dead=("gone", "first")),
    )
    put = ssm.put_parameter

    def overtaken(**asked: Any) -> None:
        monkeypatch.setattr(ssm, "put_parameter", put)
        put(**asked)
        second.take()

    monkeypatch.setattr(ssm, "put_parameter", overtaken)
    with pytest.raises(LeaseHeld, match="second is changing"):
        first.take()


def test_of_two_who_find_it_free_one_wins(ssm: FakeSsm, monkeypatch: pytest.MonkeyPatch) -> None:
    late, look = _lease(ssm, "late"), ssm.get_parameter

    def slow_look(**asked: str) -> Any:
        monkeypatch.setattr(ssm, "get_parameter", look)
        try:
            return look(**asked)
        finally:
            _lease(ssm, "quick").take()

    monkeypatch.setattr(ssm, "get_parameter", slow_look)
    with pytest.raises(LeaseHeld, match="quick is changing"):
        late.take()


def test_an_answer_that_was_lost_is_not_a_rival(
    ssm: FakeSsm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud_failure, "PAUSE", 0.0)
    put = ssm.put_parameter

    def lost(**asked: Any) -> None:
        monkeypatch.setattr(ssm, "put_parameter", put)
        put(**asked)
        raise EndpointConnectionError(endpoint_url="http://cloud")

    monkeypatch.setattr(ssm, "put_parameter", lost)
    assert _lease(ssm, "mine").take().owner == "mine"


def test_a_second_try_takes_nothing_from_a_rival(
    ssm: FakeSsm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud_failure, "PAUSE", 0.0)
    _lease(ssm, "gone").take()
    rival, put = _lease(ssm, "rival", dead=("gone",)), ssm.put_parameter

    def away(**asked: Any) -> None:
        monkeypatch.setattr(ssm, "put_parameter", put)
        rival.take()
        raise EndpointConnectionError(endpoint_url="http://cloud")

    monkeypatch.setattr(ssm, "put_parameter", away)
    with pytest.raises(LeaseHeld, match="rival is changing"):
        _lease(ssm, "late", dead=("gone",)).take()
    rival.check()


def test_a_second_try_to_give_back_leaves_the_next_one_alone(
    ssm: FakeSsm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud_failure, "PAUSE", 0.0)
    lease, following, delete = _lease(ssm, "first"), _lease(ssm, "next"), ssm.delete_parameter
    lease.take()

    def lost(**asked: str) -> None:
        monkeypatch.setattr(ssm, "delete_parameter", delete)
        delete(**asked)
        following.take()
        raise EndpointConnectionError(endpoint_url="http://cloud")

    monkeypatch.setattr(ssm, "delete_parameter", lost)
    lease.give_back()
    following.check()


def test_removed_by_hand_nothing_is_changed_any_more(ssm: FakeSsm) -> None:
    lease = _lease(ssm, "mine")
    lease.take()
    ssm.parameters.clear()
    with pytest.raises(LeaseHeld, match="taken away"):
        lease.check()
    lease.give_back()


def test_a_note_written_by_hand_keeps_everybody_away(ssm: FakeSsm) -> None:
    ssm.parameters[NAME] = "frozen by anna until monday"
    with pytest.raises(LeaseHeld, match="frozen by anna until monday"):
        _lease(ssm, "mine").take()


def test_without_the_cloud_there_is_no_lease(ssm: FakeSsm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud_failure, "PATIENCE", 0.0)
    lease = _lease(ssm, "mine")
    lease.take()

    def away(**_: str) -> None:
        raise EndpointConnectionError(endpoint_url="http://cloud")

    monkeypatch.setattr(ssm, "get_parameter", away)
    with pytest.raises(CloudUnavailable):
        lease.check()


def test_a_stale_swap_changes_nothing(ssm: FakeSsm) -> None:
    cloud = FakeFleetCloud(healthy={"1"})
    stale = _lease(ssm, "run")
    stale.take()
    guarded = cloud.guarded(stale.check)
    make_swap(guarded, "1").converge(Wish.LAUNCHED, timeout=10)
    _lease(ssm, "run").take()
    calls = len(cloud.calls)
    with pytest.raises(LeaseHeld):
        make_swap(guarded, "1").converge(Wish.IN_TRAFFIC, timeout=10)
    assert len(cloud.calls) == calls


def test_it_is_asked_for_at_each_change(ssm: FakeSsm) -> None:
    """Also within one action: a launch is a template and a group."""
    cloud = FakeFleetCloud(healthy={"1"})
    asked: list[int] = []
    guarded = cloud.guarded(lambda: asked.append(len(cloud.calls)))
    make_swap(guarded, "1").converge(Wish.LAUNCHED, timeout=10)
    assert asked == [0, 1]


def test_what_is_half_done_says_by_which_plan_and_which_swap_it_is(ssm: FakeSsm) -> None:
    lease = _lease(ssm, "run")
    lease.take("2", plan="p", admit=lambda _: "n")
    held = lease.holder()
    assert held is not None
    first = HalfDone(release="2", plan="p", name="n")
    assert held.swaps == (first,)
    lease.take("3")
    held = lease.holder()
    assert held is not None
    assert held.swaps == (first, HalfDone(release="3"))


def test_a_lease_of_the_version_before_is_read(ssm: FakeSsm) -> None:
    swaps = [{"release": "2", "passed": True}]
    ssm.parameters[NAME] = json.dumps(
        {"owner": "run", "generation": 4, "token": "t", "swaps": swaps}
    )
    held = _lease(ssm, "run").holder()
    assert held is not None
    assert held.swaps == (HalfDone(release="2", passed=True),)
    _lease(ssm, "run").take("2", passed=True)
    assert json.loads(ssm.parameters[NAME])["swaps"] == swaps


def test_who_may_not_begin_leaves_the_lease_as_it_was(ssm: FakeSsm) -> None:
    _lease(ssm, "gone").take("1", plan="p")
    before, seen = dict(ssm.parameters), []

    def admit(held: Holder | None) -> str:
        seen.append(held)
        msg = "the yes was used up"
        raise ApprovalUsedUp(msg)

    with pytest.raises(ApprovalUsedUp):
        _lease(ssm, "run", dead=("gone",)).take("2", admit=admit)
    assert ssm.parameters == before
    assert [one.owner for one in seen if one] == ["gone"]
