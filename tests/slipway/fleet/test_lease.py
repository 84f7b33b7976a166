"""One at a time: who gets the lease, who is refused, and who only seemed to be dead."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from slipway.exceptions import ApprovalUsedUp, CloudUnavailable, LeaseHeld
from slipway.fleet.goals import Goal
from slipway.hooks.aws import errors as cloud_failure
from slipway.hooks.fleet.lease import FleetLease
from slipway.model.cloud.lease import LeaseRecord, UnfinishedSwap
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.slipway.fleet.fake_ssm import FakeSsm
from tests.slipway.fleet.worlds import make_swap

NAME = "/slipway-leases/shop/dev"


@pytest.fixture
def ssm() -> FakeSsm:
    return FakeSsm()


def _lease(ssm: FakeSsm, owner: str, *, dead: tuple[str, ...] = (), env: str = "dev") -> FleetLease:
    return FleetLease(ssm, project="shop", environment=env, owner=owner, is_dead=dead.__contains__)


def test_the_second_is_refused_with_the_name_of_the_first(ssm: FakeSsm) -> None:
    _lease(ssm, "commit__abc").acquire()
    with pytest.raises(LeaseHeld, match="commit__abc is changing this environment"):
        _lease(ssm, "anna@laptop").acquire()


def test_each_environment_has_its_own(ssm: FakeSsm) -> None:
    _lease(ssm, "first").acquire()
    assert _lease(ssm, "second", env="production").acquire().generation == 1


def test_given_back_it_is_free_and_leaves_nothing(ssm: FakeSsm) -> None:
    lease = _lease(ssm, "first")
    lease.acquire()
    lease.release()
    assert ssm.parameters == {}
    assert _lease(ssm, "second").acquire().owner == "second"


def test_the_next_task_of_a_run_goes_on_and_the_one_before_is_refused(ssm: FakeSsm) -> None:
    stale, fresh = _lease(ssm, "run"), _lease(ssm, "run")
    assert (stale.acquire().generation, fresh.acquire().generation) == (1, 2)
    fresh.check()
    with pytest.raises(LeaseHeld, match="generation 2"):
        stale.check()
    stale.release()
    fresh.check()


def test_it_is_taken_over_from_the_dead_alone(ssm: FakeSsm) -> None:
    dead = _lease(ssm, "gone")
    dead.acquire()
    with pytest.raises(LeaseHeld):
        _lease(ssm, "next", dead=("somebody else",)).acquire()
    heir = _lease(ssm, "next", dead=("gone",))
    assert heir.acquire().generation == 2
    with pytest.raises(LeaseHeld, match="next is changing"):
        dead.check()


def test_of_two_heirs_one_wins(ssm: FakeSsm, monkeypatch: pytest.MonkeyPatch) -> None:
    _lease(ssm, "gone").acquire()
    first, second = (
        _lease(ssm, "first", dead=("gone",)),
        _lease(ssm, "second", dead=("gone", "first")),
    )
    put = ssm.put_parameter

    def overtaken(**asked: Any) -> None:
        monkeypatch.setattr(ssm, "put_parameter", put)
        put(**asked)
        second.acquire()

    monkeypatch.setattr(ssm, "put_parameter", overtaken)
    with pytest.raises(LeaseHeld, match="second is changing"):
        first.acquire()


def test_of_two_who_find_it_free_one_wins(ssm: FakeSsm, monkeypatch: pytest.MonkeyPatch) -> None:
    late, look = _lease(ssm, "late"), ssm.get_parameter

    def slow_look(**asked: str) -> Any:
        monkeypatch.setattr(ssm, "get_parameter", look)
        try:
            return look(**asked)
        finally:
            _lease(ssm, "quick").acquire()

    monkeypatch.setattr(ssm, "get_parameter", slow_look)
    with pytest.raises(LeaseHeld, match="quick is changing"):
        late.acquire()


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
    assert _lease(ssm, "mine").acquire().owner == "mine"


def test_a_second_try_takes_nothing_from_a_rival(
    ssm: FakeSsm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud_failure, "PAUSE", 0.0)
    _lease(ssm, "gone").acquire()
    rival, put = _lease(ssm, "rival", dead=("gone",)), ssm.put_parameter

    def away(**asked: Any) -> None:
        monkeypatch.setattr(ssm, "put_parameter", put)
        rival.acquire()
        raise EndpointConnectionError(endpoint_url="http://cloud")

    monkeypatch.setattr(ssm, "put_parameter", away)
    with pytest.raises(LeaseHeld, match="rival is changing"):
        _lease(ssm, "late", dead=("gone",)).acquire()
    rival.check()


def test_a_second_try_to_give_back_leaves_the_next_one_alone(
    ssm: FakeSsm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cloud_failure, "PAUSE", 0.0)
    lease, following, delete = _lease(ssm, "first"), _lease(ssm, "next"), ssm.delete_parameter
    lease.acquire()

    def lost(**asked: str) -> None:
        monkeypatch.setattr(ssm, "delete_parameter", delete)
        delete(**asked)
        following.acquire()
        raise EndpointConnectionError(endpoint_url="http://cloud")

    monkeypatch.setattr(ssm, "delete_parameter", lost)
    lease.release()
    following.check()


def test_removed_by_hand_nothing_is_changed_any_more(ssm: FakeSsm) -> None:
    lease = _lease(ssm, "mine")
    lease.acquire()
    ssm.parameters.clear()
    with pytest.raises(LeaseHeld, match="taken away"):
        lease.check()
    lease.release()


def test_a_note_written_by_hand_keeps_everybody_away(ssm: FakeSsm) -> None:
    ssm.parameters[NAME] = "frozen by anna until monday"
    with pytest.raises(LeaseHeld, match="frozen by anna until monday"):
        _lease(ssm, "mine").acquire()


def test_without_the_cloud_there_is_no_lease(ssm: FakeSsm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud_failure, "PATIENCE", 0.0)
    lease = _lease(ssm, "mine")
    lease.acquire()

    def away(**_: str) -> None:
        raise EndpointConnectionError(endpoint_url="http://cloud")

    monkeypatch.setattr(ssm, "get_parameter", away)
    with pytest.raises(CloudUnavailable):
        lease.check()


def test_a_stale_swap_changes_nothing(ssm: FakeSsm) -> None:
    cloud = FakeFleetCloud(healthy={"1"})
    stale = _lease(ssm, "run")
    stale.acquire()
    guarded = cloud.with_fence(stale.check)
    make_swap(guarded, "1").converge(Goal.LAUNCHED, timeout=10)
    _lease(ssm, "run").acquire()
    calls = len(cloud.calls)
    with pytest.raises(LeaseHeld):
        make_swap(guarded, "1").converge(Goal.IN_TRAFFIC, timeout=10)
    assert len(cloud.calls) == calls


def test_it_is_asked_for_at_each_change(ssm: FakeSsm) -> None:
    """Also within one action: a launch is a template and a group."""
    cloud = FakeFleetCloud(healthy={"1"})
    asked: list[int] = []
    guarded = cloud.with_fence(lambda: asked.append(len(cloud.calls)))
    make_swap(guarded, "1").converge(Goal.LAUNCHED, timeout=10)
    assert asked == [0, 1]


def test_what_is_half_done_says_by_which_plan_and_which_swap_it_is(ssm: FakeSsm) -> None:
    lease = _lease(ssm, "run")
    lease.acquire("2", plan="p", admit=lambda _: "n")
    held = lease.holder()
    assert held is not None
    first = UnfinishedSwap(release="2", plan="p", name="n")
    assert held.swaps == (first,)
    lease.acquire("3")
    held = lease.holder()
    assert held is not None
    assert held.swaps == (first, UnfinishedSwap(release="3"))


def test_a_lease_of_the_version_before_is_read(ssm: FakeSsm) -> None:
    swaps = [{"release": "2", "passed": True}]
    ssm.parameters[NAME] = json.dumps(
        {"owner": "run", "generation": 4, "token": "t", "swaps": swaps}
    )
    held = _lease(ssm, "run").holder()
    assert held is not None
    assert held.swaps == (UnfinishedSwap(release="2", soaked=True),)
    _lease(ssm, "run").acquire("2", soaked=True)
    assert json.loads(ssm.parameters[NAME])["swaps"] == swaps


def test_who_may_not_begin_leaves_the_lease_as_it_was(ssm: FakeSsm) -> None:
    _lease(ssm, "gone").acquire("1", plan="p")
    before, seen = dict(ssm.parameters), []

    def admit(held: LeaseRecord | None) -> str:
        seen.append(held)
        msg = "the yes was used up"
        raise ApprovalUsedUp(msg)

    with pytest.raises(ApprovalUsedUp):
        _lease(ssm, "run", dead=("gone",)).acquire("2", admit=admit)
    assert ssm.parameters == before
    assert [one.owner for one in seen if one] == ["gone"]
