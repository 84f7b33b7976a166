from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.facts import StepReport, TestReport
from slipway.hooks.artifact_store import artifact_store
from slipway.hooks.release_catalogue import ReleaseCatalogue
from slipway.operators.release import RecordReleaseOperator
from tests.slipway.operators.releases import make_record

CONTEXT: Any = {}
pytestmark = pytest.mark.usefixtures("artifacts")


def enter(*steps: StepReport) -> None:
    record = make_record("1")
    tests = TestReport(release=record.checkout.release, seconds=1.0, steps=steps)
    record = dataclasses.replace(record, tests=tests)
    RecordReleaseOperator(
        task_id="record_release", checkout=record.checkout.to_json(),
        package=record.package.to_json(), tests=tests.to_json(),
    ).execute(CONTEXT)  # fmt: skip


def step(name: str, state: str, exit_code: int | None) -> StepReport:
    return StepReport(name=name, image="i", state=state, seconds=1.0, exit_code=exit_code)


@pytest.mark.parametrize(
    "steps",
    [
        (),
        (step("a", "skipped", None), step("web", "passed", None)),
        (step("clone", "passed", 0),),
        (step("lint", "failed", 1),),
    ],
)
def test_a_report_in_which_nothing_passed_never_becomes_a_release(
    steps: tuple[StepReport, ...],
) -> None:
    with pytest.raises(AirflowFailException, match="no step ran and passed for 1"):
        enter(*steps)
    assert ReleaseCatalogue(artifact_store()).versions("shop") == []


def test_what_did_not_run_and_why_stays_with_the_release() -> None:
    skipped = dataclasses.replace(step("docs", "skipped", None), note="when.event is [tag], ...")
    enter(step("unit", "passed", 0), skipped)
    tests = ReleaseCatalogue(artifact_store()).find("shop", "1").tests
    assert tests is not None
    assert tests.steps[1].note == "when.event is [tag], ..."


@pytest.mark.parametrize("edited", ["checkout", "package", "tests"])
def test_the_tests_of_one_commit_release_no_package_of_another(edited: str) -> None:
    one, other = make_record("1"), make_record("2")
    passed = (step("unit", "passed", 0),)
    told = {
        name: {
            "checkout": record.checkout.to_json(),
            "package": record.package.to_json(),
            "tests": TestReport(
                release=record.checkout.release, seconds=1.0, steps=passed
            ).to_json(),
        }
        for name, record in (("one", one), ("other", other))
    }
    xcoms = {**told["one"], edited: told["other"][edited]}
    with pytest.raises(AirflowFailException, match="somebody edited"):
        RecordReleaseOperator(task_id="record_release", **xcoms).execute(CONTEXT)
    assert ReleaseCatalogue(artifact_store()).versions("shop") == []
