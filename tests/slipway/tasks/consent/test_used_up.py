"""When a yes is used up, and when work that it allowed goes on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.operators.housekeeping.retire_standbys import RetireStandbysOperator
from slipway.operators.roll_back import RollBackOperator
from slipway.operators.swap import LaunchOperator, RetireOldOperator, ShiftTrafficOperator
from slipway.tasks.lease.owner import run_owner
from tests.fakes.airflow_run import FakeTask
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.fakes.fleet_faults import Crash
from tests.slipway.fleet.worlds import make_target, serving
from tests.slipway.tasks.consent import approvals
from tests.slipway.tasks.consent.approvals import (
    ADMISSION,
    CHANGES,
    LEASE,
    OTHER_RUN,
    RUN,
    WAY,
    approve,
    changes,
    go,
    make,
    propose,
    refused,
)

pytestmark = pytest.mark.usefixtures("artifacts")
cloud = approvals.cloud


@pytest.mark.parametrize("kind", CHANGES)
def test_a_yes_is_used_up_by_the_swap_and_no_good_after_a_roll_back(
    cloud: FakeFleetCloud, kind: Any
) -> None:
    """1 -> 2, back to 1, and then the first run is cleared: its plan is right again."""
    approve(propose())
    go(*WAY)
    approve(propose("1", run=OTHER_RUN, replaces="2"))
    go(*WAY, version="1", task=OTHER_RUN)
    assert serving(cloud) == ["1"]
    refused(cloud, make(kind), "the yes to 2 was used up by the swap that began on")
    assert serving(cloud) == ["1"]


def test_a_yes_is_used_up_by_a_swap_that_failed(cloud: FakeFleetCloud) -> None:
    approve(propose())
    go(LaunchOperator, ShiftTrafficOperator, RollBackOperator)
    assert serving(cloud) == ["1"]
    refused(cloud, make(LaunchOperator), "used up")


def test_a_yes_is_used_up_by_a_swap_that_housekeeping_ended(cloud: FakeFleetCloud) -> None:
    approve(propose())
    go(LaunchOperator, ShiftTrafficOperator)
    keeper = RetireStandbysOperator(task_id="t", target=make_target())
    keeper.execute(FakeTask(dag_id="housekeeping").context)
    assert serving(cloud) == ["1"]
    refused(cloud, make(LaunchOperator), "used up")
    refused(cloud, make(ShiftTrafficOperator), "used up")


def test_a_swap_that_is_half_done_goes_on_by_the_same_yes(cloud: FakeFleetCloud) -> None:
    proposal = approve(propose())
    go(LaunchOperator, LaunchOperator)
    held = json.loads(cloud.ssm.parameters[LEASE])
    (half,) = held["swaps"]
    assert half == {**half, "release": "2", "passed": False, "plan": proposal.name}
    go(ShiftTrafficOperator, LaunchOperator, ShiftTrafficOperator, RetireOldOperator)
    assert serving(cloud) == ["2"]


@pytest.mark.parametrize("calls", range(4))
def test_a_worker_that_dies_in_the_middle_of_a_launch_is_followed_by_one_that_goes_on(
    cloud: FakeFleetCloud, calls: int
) -> None:
    approve(propose())
    cloud.faults.crash_at = changes(cloud) + calls
    with pytest.raises(Crash):
        go(*WAY)
    go(*WAY)
    assert serving(cloud) == ["2"]


@pytest.mark.parametrize("dies_at", ["acquire_lease", "use_up"])
def test_a_worker_that_dies_around_the_mark_is_followed_by_one_that_goes_on(
    cloud: FakeFleetCloud, dies_at: str
) -> None:
    """Having the lease but not the mark, and having both but no machine yet."""
    proposal = approve(propose())
    cloud.lease(owner=run_owner(RUN.dag_id, RUN.run_id), is_dead=lambda _: False).acquire(
        "2", plan=proposal.name
    )
    if dies_at == "use_up":
        ADMISSION.book.use_up(proposal, 1)
    go(*WAY)
    assert serving(cloud) == ["2"]


def test_somebody_elses_half_done_swap_does_not_open_a_used_one_again(
    cloud: FakeFleetCloud,
) -> None:
    approve(propose())
    go(*WAY)
    approve(propose("1", run=OTHER_RUN, replaces="2"))
    go(LaunchOperator, version="1", task=OTHER_RUN)
    refused(cloud, make(LaunchOperator), "used up")


def test_a_plan_that_something_else_came_before_does_not_use_the_yes_up(
    cloud: FakeFleetCloud,
) -> None:
    proposal = approve(propose(replaces="0"))
    before = changes(cloud)
    with pytest.raises(AirflowFailException, match="replaces 0, but 1 serves"):
        make(LaunchOperator).execute(RUN.context)
    assert changes(cloud) == before
    assert ADMISSION.book.used_at(proposal) is None


def test_a_swap_that_came_to_its_end_just_now_may_be_run_again(cloud: FakeFleetCloud) -> None:
    """The answer to its last change was lost."""
    approve(propose())
    go(LaunchOperator, ShiftTrafficOperator)
    cloud.faults.crash_at = changes(cloud)
    with pytest.raises(Crash):
        go(RetireOldOperator)
    go(RetireOldOperator)
    assert serving(cloud) == ["2"]
