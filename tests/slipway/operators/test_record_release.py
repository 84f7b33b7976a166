"""What becomes a release: what the tasks of the run signed, and not what its XComs say."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.environments.snapshots import snapshots
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.model.board.snapshot import Hold
from slipway.model.facts import BuiltFiles, DebPackage, StepReport, TestReport
from slipway.operators.record_release import RecordReleaseOperator
from slipway.tasks.board.housekeeping import Listed
from tests.slipway.operators.commit_runs import facts_of, sign, sign_all
from tests.slipway.operators.record_release import runs
from tests.slipway.operators.record_release.runs import RUN, enter, refused, released
from tests.slipway.operators.releases import make_record

pytestmark = pytest.mark.usefixtures("artifacts")
apt = runs.apt
TASKS = ("checkout", "test", "rehearse_migrations", "build_deb", "publish_apt")


def step(name: str, state: str, exit_code: int | None) -> StepReport:
    return StepReport(name=name, image="i", state=state, seconds=1.0, exit_code=exit_code)


@pytest.mark.parametrize(
    "steps",
    [
        (step("a", "skipped", None), step("web", "passed", None)),
        (step("clone", "passed", 0),),
        (step("lint", "failed", 1),),
    ],
)
def test_a_report_in_which_nothing_passed_never_becomes_a_release(
    steps: tuple[StepReport, ...],
) -> None:
    sign_all(RUN, "1", *steps)
    refused("no step ran and passed for 1")


def test_what_did_not_run_and_why_stays_with_the_release() -> None:
    skipped = dataclasses.replace(step("docs", "skipped", None), note="when.event is [tag], ...")
    sign_all(RUN, "1", step("unit", "passed", 0), skipped)
    enter(schema={})
    record = ReleaseCatalogue(artifact_store()).find("shop", "1")
    assert record.tests is not None
    assert record.tests.steps[1].note == "when.event is [tag], ..."
    assert record.schema is not None
    assert record.schema.version == 3


def test_with_its_first_release_a_project_stands_on_the_board() -> None:
    sign_all(RUN, "1")
    places = {"dev": Listed(place=0, continuous=True), "prod": Listed(place=1, asks=True)}
    enter(schema={}, environments=places)
    dev, prod = snapshots().project("shop").environments
    assert (dev.environment, dev.continuous, dev.serving, dev.newer) == ("dev", True, None, 1)
    assert (prod.environment, prod.asks, prod.serving, prod.newer) == ("prod", True, None, 1)


def test_what_the_board_says_of_an_environment_stays_with_a_release() -> None:
    held = Hold(by="ann", why="load test")
    snapshots().change("shop", "dev", lambda before: dataclasses.replace(before, hold=held))
    sign_all(RUN, "1")
    enter(schema={}, environments={"dev": Listed(), "prod": Listed(place=1)})
    dev, prod = snapshots().project("shop").environments
    assert (dev.hold, dev.newer, prod.hold) == (held, 1, None)


def test_edited_xcoms_are_not_what_is_entered() -> None:
    sign_all(RUN, "1")
    enter(told="2")
    assert released() == ["1"]
    assert ReleaseCatalogue(artifact_store()).find("shop", "1").package == make_record("1").package


def test_a_forged_release_of_edited_xcoms_alone_is_refused() -> None:
    refused("signed nothing in this run")


@pytest.mark.parametrize("marked", TASKS)
def test_a_task_that_was_marked_as_successful_makes_no_release(marked: str) -> None:
    record = make_record("1")
    facts = {task: fact for task, fact in facts_of(record).items() if task != marked}
    sign(RUN, record.checkout.release, **facts)
    refused(f"{marked} signed nothing .*\n.*run the DAG again for this commit", schema={})


def test_a_rehearsal_whose_xcom_was_taken_away_is_asked_for_all_the_same() -> None:
    record = make_record("1")
    facts = facts_of(record)
    del facts["rehearse_migrations"]
    sign(RUN, record.checkout.release, **facts)
    made = facts_of(record)
    operator = RecordReleaseOperator(
        task_id="record_release",
        project="shop",
        checkout=made["checkout"].to_json(),
        package=made["publish_apt"].to_json(),
        tests=made["test"].to_json(),
        schema={"version": 1},
    )
    operator.schema = None
    with pytest.raises(AirflowFailException, match="rehearse_migrations signed nothing"):
        operator.execute(RUN.context)


@pytest.mark.parametrize("other", [{"run_id": "commit__2"}, {"dag_id": "bank"}])
def test_the_facts_of_another_run_do_not_count(other: dict[str, str]) -> None:
    sign_all(dataclasses.replace(RUN, **other), "1")  # type: ignore[arg-type]
    refused("signed nothing in this run")


@pytest.mark.parametrize("other", TASKS)
def test_the_tests_of_one_commit_release_no_package_of_another(other: str) -> None:
    sign_all(RUN, "1")
    record = make_record("2")
    sign(RUN, record.checkout.release, **{other: facts_of(record)[other]})
    refused("about more than one release", schema={})


def test_the_dag_of_one_project_releases_nothing_of_another() -> None:
    sign_all(RUN, "1")
    refused("a release of shop, and the DAG makes those of bank", project="bank")


@pytest.mark.parametrize("field", ["sha256", "name", "architecture", "version"])
def test_a_package_that_was_not_built_in_this_run_is_refused(field: str) -> None:
    edit: dict[str, Any] = {field: "e"}
    package = dataclasses.replace(make_record("1").package, **edit)
    sign_all(RUN, "1", publish_apt=package)
    refused("build_deb built .* but publish_apt published")


@pytest.mark.parametrize("field", ["repository_url", "distribution", "component"])
def test_a_package_in_somebody_elses_repository_is_refused(field: str) -> None:
    edit: dict[str, Any] = {field: "https://evil.example"}
    package = dataclasses.replace(make_record("1").package, **edit)
    sign_all(RUN, "1", publish_apt=package)
    refused("published to .*evil.example")


def test_facts_that_were_written_into_the_bucket_are_refused(artifacts: Any) -> None:
    sign_all(RUN, "1")
    (file,) = artifacts.glob("runs/*/test.json")
    file.write_text(file.read_text().replace('"passed"', '"failed"'))
    refused("is not what was signed there")


def test_facts_that_were_copied_from_another_task_are_refused(artifacts: Any) -> None:
    sign_all(RUN, "1")
    (file,) = artifacts.glob("runs/*/test.json")
    file.write_bytes(file.with_name("checkout.json").read_bytes())
    refused("is not what was signed there")


def built(sha256: str) -> BuiltFiles:
    return BuiltFiles(artifact="built/x", sha256=sha256, size=1, files=1)


def test_a_release_ships_what_its_own_pipeline_built() -> None:
    facts = facts_of(make_record("1"))
    tests, deb = facts["test"], facts["build_deb"]
    assert isinstance(tests, TestReport)
    assert isinstance(deb, DebPackage)
    mine = dataclasses.replace(tests, built=built("a"))
    for packaged in ("", "b"):
        sign_all(RUN, "1", test=mine, build_deb=dataclasses.replace(deb, built=packaged))
        refused("build_deb packaged something else than what this run's pipeline built")
    sign_all(RUN, "1", build_deb=dataclasses.replace(deb, built="a"))
    refused("build_deb packaged something else")
    sign_all(RUN, "1", test=mine, build_deb=dataclasses.replace(deb, built="a"))
    enter()
    assert ReleaseCatalogue(artifact_store()).find("shop", "1").tests == mine
