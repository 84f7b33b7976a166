"""What becomes of a run, and of the fleet, when one of its tasks fails: in Airflow itself."""

from __future__ import annotations

from typing import Any

import pytest

from tests.include.delivery.runs.own_airflow import told_by

NONE = "-"
NOTHING_RAN = "skip:test"
# The old fleet serves all along; in the order in which they come.
RISKY = ("launch", "fleet_healthy", "shift_traffic", "fleet_in_service", "soak")
IN_SWAP = ("migrate", *RISKY, "retire_old")
CASES = (NONE, NOTHING_RAN, "preflight", "bake_image", *(f"swap.{one}" for one in IN_SWAP))


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return told_by(tmp_path_factory.mktemp("airflow"), "swap_run", *CASES)


def test_a_release_gets_through(outcomes: dict[str, Any]) -> None:
    seen = outcomes[NONE]
    assert seen["run"] == "success"
    skipped = [task for task, state in seen["tasks"].items() if state != "success"]
    assert skipped == ["swap.roll_back"]
    assert (seen["there"], seen["attached"], seen["leases"]) == (["2"], ["2"], [])


@pytest.mark.parametrize("failing", ["preflight", "bake_image", "swap.migrate"])
def test_what_fails_before_the_launch_leaves_the_fleet_alone(
    outcomes: dict[str, Any], failing: str
) -> None:
    seen = outcomes[failing]
    assert seen["run"] == "failed"
    assert seen["tasks"]["swap.launch"] == "upstream_failed"
    assert (seen["changes"], seen["there"], seen["attached"]) == ([], ["1"], ["1"])
    assert seen["leases"] == []


@pytest.mark.parametrize("failing", [f"swap.{one}" for one in RISKY])
def test_what_fails_within_the_swap_is_rolled_back(outcomes: dict[str, Any], failing: str) -> None:
    seen = outcomes[failing]
    assert seen["run"] == "failed"
    assert seen["tasks"]["swap.roll_back"] == "success"
    assert seen["tasks"]["swap.retire_old"] == "upstream_failed"
    assert seen["tasks"]["swap.record_deployment"] == "upstream_failed"
    assert (seen["there"], seen["attached"], seen["held"]) == (["1"], ["1"], [])
    assert seen["leases"] == []


def test_a_release_that_passed_its_soak_stays(outcomes: dict[str, Any]) -> None:
    """Nothing speaks against it: whoever clears the task goes on from here."""
    seen = outcomes["swap.retire_old"]
    assert seen["run"] == "failed"
    assert seen["tasks"]["swap.roll_back"] == "skipped"
    assert seen["attached"] == ["1", "2"]
    assert len(seen["leases"]) == 1


def test_a_commit_of_which_nothing_ran_becomes_no_release_and_changes_nothing(
    outcomes: dict[str, Any],
) -> None:
    seen = outcomes[NOTHING_RAN]
    # And what is baked beside the tests: nobody takes it on.
    before = ("checkout", "build_deb", "rehearse_migrations", "bake_early")
    after = {task: state for task, state in seen["tasks"].items() if task not in before}
    assert set(after.values()) == {"skipped"}, after
    assert {"publish_apt", "record_release", "bake_image", "swap.launch"} <= after.keys()
    assert (seen["run"], seen["changes"], seen["attached"]) == ("success", [], ["1"])
