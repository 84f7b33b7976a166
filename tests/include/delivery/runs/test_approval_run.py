"""What becomes of a run that asks a person, whatever is done to it: in Airflow itself."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.exceptions import ParamValidationError
from airflow.serialization.serialized_objects import DagSerialization

from include.delivery.commit_dag import build
from include.project.loader import PROJECTS, load_project
from tests.include.delivery.runs.own_airflow import told_by


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return told_by(tmp_path_factory.mktemp("airflow"), "approval_run", timeout=280)


@pytest.fixture(scope="module")
def at_a_time(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return told_by(tmp_path_factory.mktemp("airflow"), "approval_run", "at a time", timeout=280)


def changed_nothing(seen: dict[str, Any]) -> bool:
    return bool((seen["changes"], seen["attached"], seen["leases"]) == ([], ["1"], []))


@pytest.mark.parametrize("case", ["a yes", "production", "approve cleared"])
def test_a_yes_deploys(outcomes: dict[str, Any], case: str) -> None:
    seen = outcomes[case]
    assert (seen["run"], seen["attached"], seen["leases"]) == ("success", ["2"], [])
    assert len(seen["shown"]) == (2 if case == "approve cleared" else 1)
    assert "- `release: 2, in place of 1`" in seen["shown"][0]


def test_a_commit_is_asked_about_before_anything_is_baked(outcomes: dict[str, Any]) -> None:
    seen = outcomes["a no"]
    assert seen["run"] == "failed"
    assert seen["tasks"]["record_release"] == "success"
    assert (seen["tasks"]["approve"], seen["tasks"]["bake_image"]) == ("failed", "upstream_failed")
    assert changed_nothing(seen)


@pytest.mark.parametrize("case", ["approve marked", "plan and approve marked", "production marked"])
def test_a_task_that_is_marked_as_successful_by_hand_is_no_yes(
    outcomes: dict[str, Any], case: str
) -> None:
    seen = outcomes[case]
    assert (seen["tasks"]["approve"], seen["tasks"]["swap.launch"]) == ("success", "failed")
    assert changed_nothing(seen)


def test_what_is_set_for_a_time_waits_for_it_and_begins_then(at_a_time: dict[str, Any]) -> None:
    seen = at_a_time["at a time"]
    assert (seen["run"], seen["attached"], seen["leases"]) == ("success", ["2"], [])
    assert "- `at: 2026-12-01 06:00 UTC`" in seen["shown"][0]
    assert seen["waited"]


def test_a_wait_that_is_marked_as_successful_by_hand_lets_nothing_begin(
    at_a_time: dict[str, Any],
) -> None:
    seen = at_a_time["at a time marked"]
    assert (seen["tasks"]["wait_for_time"], seen["tasks"]["swap.launch"]) == ("success", "failed")
    assert changed_nothing(seen)


def test_an_image_that_is_edited_after_the_yes_is_not_launched(outcomes: dict[str, Any]) -> None:
    seen = outcomes["image edited"]
    assert seen["tasks"]["swap.launch"] == "failed"
    assert changed_nothing(seen)


@pytest.mark.parametrize("case", ["plan's XComs edited", "release's XComs edited"])
def test_other_xcoms_that_are_edited_change_nothing_of_what_was_approved(
    outcomes: dict[str, Any], case: str
) -> None:
    seen = outcomes[case]
    assert (seen["run"], seen["attached"]) == ("success", ["2"])


def test_a_commit_whose_place_a_newer_one_took_ends_and_a_late_yes_does_nothing(
    outcomes: dict[str, Any],
) -> None:
    seen = outcomes["superseded"]
    assert seen["run"] == "success"
    assert seen["tasks"]["record_release"] == "success"
    behind = {state for task, state in seen["tasks"].items() if task.startswith("swap.")}
    assert behind == {"skipped"}
    assert changed_nothing(seen)


def test_a_plan_that_was_cleared_with_the_question_is_not_approved_by_the_old_page(
    outcomes: dict[str, Any],
) -> None:
    seen = outcomes["plan and approve cleared"]
    assert seen["tasks"]["approve"] == "failed"
    assert changed_nothing(seen)


@pytest.mark.parametrize(
    ("case", "first"), [("dry run of a commit", "checkout"), ("misspelt", "choose_release")]
)
def test_a_key_that_the_dag_does_not_know_stops_the_run_at_its_first_task(
    outcomes: dict[str, Any], case: str, first: str
) -> None:
    seen = outcomes[case]
    assert seen["run"] == "failed"
    states = dict(seen["tasks"])
    assert (states.pop(first), states.pop("swap.roll_back")) == ("failed", "skipped")
    assert set(states.values()) == {"upstream_failed"}
    assert changed_nothing(seen)


@pytest.mark.parametrize(
    ("dag_id", "conf"),
    [
        ("guestbook", {"ref": 5}),
        ("guestbook", {"ref": ""}),
        ("guestbook", {"ref": None}),
        ("guestbook.prod", {"dry_run": "true"}),
        ("guestbook.prod", {"dry_run": 1}),
        ("guestbook.prod", {"dry_run": None}),
        ("guestbook.prod", {"version": 2}),
        ("guestbook.prod", {"version": ["1", "2"]}),
    ],
)
def test_a_value_of_the_wrong_kind_makes_no_run(dag_id: str, conf: dict[str, Any]) -> None:
    """Airflow compares it itself, wherever the run is asked for."""
    dag = build(load_project(PROJECTS / "guestbook.yaml"), dag_id)
    known: Any = DagSerialization.from_dict(DagSerialization.to_dict(dag))
    with pytest.raises((ParamValidationError, ValueError)):
        known.params.deep_merge(conf).validate()
