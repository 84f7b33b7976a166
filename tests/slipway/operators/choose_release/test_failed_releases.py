"""A release that failed where it was tried first is not the newest one, unless it is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskAwaitingInput

from slipway.fleet import swap as loop
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.deployments import DeploymentHistory
from slipway.hooks.store.failed_deployments import FailedDeployments
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.hooks.store.runs.facts import RunFacts
from slipway.operators import swap
from slipway.operators.choose_release import ChooseReleaseOperator
from slipway.operators.roll_back import RollBackOperator
from slipway.operators.swap import LaunchOperator
from slipway.tasks import release_form
from tests.fakes.airflow_run import FakeTask
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.fakes.git_server import Repository
from tests.slipway.fleet.worlds import deploy, make_image, make_target, serving
from tests.slipway.operators.plan.planned import Planned
from tests.slipway.operators.releases import catalogue, make_record

DEV, PROD = make_target(), make_target(environment="prod")

pytestmark = pytest.mark.usefixtures("artifacts")


@pytest.fixture(autouse=True)
def cloud(monkeypatch: pytest.MonkeyPatch) -> FakeFleetCloud:
    cloud = FakeFleetCloud(healthy={"1.0", "2.0", "3.0"})
    monkeypatch.setattr(swap, "fleet_cloud", lambda *_, **__: cloud)
    monkeypatch.setattr(swap, "require_recorded", lambda *_: None)
    monkeypatch.setattr(loop, "_AFTER_CHANGE", 0.0)
    monkeypatch.setattr(loop, "_WHILE_WAITING", 0.0)
    return cloud


class SwapTask(FakeTask):
    """A task of a run in which the machines never got healthy."""

    def get_task_states(self, *, dag_id: str, run_ids: list[str]) -> dict[str, Any]:
        assert (dag_id, run_ids) == (self.dag_id, [self.run_id])
        states = {"test": "success", "swap.fleet_healthy": "failed", "swap.soak": "upstream_failed"}
        return {self.run_id: states}


def launch_and_roll_back(version: str, *, twice: bool = False) -> None:
    facts: dict[str, Any] = {"target": DEV, "image": make_image(version).to_json()}
    LaunchOperator(task_id="launch", **facts).execute(SwapTask().context)
    for _ in range(1 + twice):
        RollBackOperator(task_id="roll_back", **facts).execute(SwapTask().context)


def failed(*versions: str, on: str = "dev") -> None:
    for version in versions:
        release = make_record(version).checkout.release
        FailedDeployments(artifact_store()).note(release, on, run_id="r", tasks=["fleet_healthy"])


def notes(environment: str = "dev") -> dict[str, str]:
    found = FailedDeployments(artifact_store()).find("shop", environment, ["1.0", "2.0", "3.0"])
    return {version: str(note) for version, note in found.items()}


def choose(version: str, *, before: bool = True, **more: Any) -> str:
    operator = ChooseReleaseOperator(
        task_id="choose_release",
        target=PROD,
        version=version,
        before=DEV if before else None,
        **more,
    )
    context: Any = {"ti": FakeTask()}
    return str(operator.execute(context)["release"]["version"])


@pytest.mark.parametrize("twice", [False, True])
def test_a_swap_that_went_back_stays_on_record(cloud: FakeFleetCloud, twice: bool) -> None:
    deploy(cloud, "1.0")
    launch_and_roll_back("3.0", twice=twice)
    assert serving(cloud) == ["1.0"]
    assert notes() == {"3.0": "failed on dev (fleet_healthy)"}
    assert notes("prod") == {}


def test_a_run_that_began_no_swap_to_it_says_nothing_of_a_release(cloud: FakeFleetCloud) -> None:
    """Its roll back was told of another release than the one that it launched."""
    deploy(cloud, "1.0")
    facts: dict[str, Any] = {"target": DEV, "image": make_image("3.0").to_json()}
    RollBackOperator(task_id="roll_back", **facts).execute(SwapTask().context)
    assert notes() == {}
    run = FakeTask()
    RunFacts(artifact_store(), dag_id=run.dag_id, run_id=run.run_id).begin_swap("2.0", "swap")
    RollBackOperator(task_id="roll_back", **facts).execute(SwapTask().context)
    assert notes() == {}


def test_a_release_that_serves_on_has_not_failed(cloud: FakeFleetCloud) -> None:
    """Somebody put on dev what dev runs already, and the run failed for another reason."""
    deploy(cloud, "1.0")
    launch_and_roll_back("1.0")
    assert serving(cloud) == ["1.0"]
    assert notes() == {}


def test_a_release_that_proves_itself_later_has_not_failed() -> None:
    failed("2.0")
    release = make_record("2.0").checkout.release
    DeploymentHistory(artifact_store()).record(release, "prod", run_id="r")
    assert notes() == {"2.0": "failed on dev (fleet_healthy)"}
    DeploymentHistory(artifact_store()).record(release, "dev", run_id="r")
    assert notes() == {}


def test_the_newest_release_is_the_newest_one_that_has_not_failed_on_dev(
    capsys: pytest.CaptureFixture[str],
) -> None:
    catalogue("1.0", "2.0", "3.0")
    failed("3.0")
    assert choose("newest") == "2.0"
    said = capsys.readouterr().out
    assert "3.0 failed on dev (fleet_healthy), so it is passed over; name it" in said
    failed("2.0")
    assert choose("newest") == "1.0"


def test_a_failed_release_that_is_named_is_taken_with_a_warning(
    capsys: pytest.CaptureFixture[str],
) -> None:
    catalogue("1.0", "2.0")
    failed("2.0")
    failed("2.0", on="prod")
    assert choose("2.0") == "2.0"
    said = capsys.readouterr().out
    assert "2.0 failed on dev (fleet_healthy) the last time it went there" in said
    assert "2.0 failed on prod (fleet_healthy) the last time it went there" in said


def test_what_failed_on_production_alone_may_be_tried_there_again() -> None:
    catalogue("1.0", "2.0")
    failed("2.0", on="prod")
    assert choose("newest") == "2.0"


def test_where_no_environment_comes_before_it_what_failed_there_is_passed_over() -> None:
    catalogue("1.0", "2.0")
    failed("2.0", on="prod")
    assert choose("", before=False) == "1.0"


def test_when_all_have_failed_the_newest_is_named() -> None:
    catalogue("1.0", "2.0")
    failed("1.0", "2.0")
    with pytest.raises(
        AirflowFailException, match=r"no release of shop may be taken.*\n.*2\.0 say"
    ):
        choose("newest")


def test_along_the_branch_the_failed_one_is_passed_over_too(repository: Repository) -> None:
    shas = [repository.commit(readme=str(n)) for n in range(3)]
    versions = [f"1.0.0+{n}.g{sha[:7]}" for n, sha in enumerate(shas)]
    for version, sha in zip(versions, shas, strict=True):
        record = make_record(version)
        release = replace(record.checkout.release, sha=sha)
        record = replace(record, checkout=replace(record.checkout, release=release))
        ReleaseCatalogue(artifact_store()).record(record)
    source: dict[str, Any] = {"repository": repository.source, "branch": "main"}
    assert choose("newest", **source) == versions[2]
    failed(versions[2])
    assert choose("newest", **source) == versions[1]


def list_for_a_person(enter: Callable[[], None]) -> dict[str, Any]:
    enter()
    operator = ChooseReleaseOperator(
        task_id="choose_release", target=PROD, version="choose", before=DEV
    )
    context: Any = {"ti": FakeTask()}
    context["ti"].id = "x"
    with (
        mock.patch.object(release_form, "upsert_hitl_detail", autospec=True) as asked,
        pytest.raises(TaskAwaitingInput),
    ):
        operator.execute(context)
    return dict(asked.call_args.kwargs)


def test_a_person_sees_in_the_list_what_failed() -> None:
    def enter() -> None:
        catalogue("1.0", "2.0", "3.0")
        failed("3.0")
        failed("2.0", on="prod")

    asked = list_for_a_person(enter)
    assert asked["options"] == ["3.0", "2.0", "1.0"]
    rows = asked["body"].split("\n")
    assert rows[2].endswith("| **failed on dev (fleet_healthy)** |")
    assert rows[3].endswith("| **failed on prod (fleet_healthy)** |")
    assert rows[4].endswith("|  |")


def test_a_note_that_somebody_else_wrote_steers_nothing(artifacts: Path) -> None:
    catalogue("1.0", "2.0")
    failed("1.0")
    forged = artifacts / "failures" / "shop" / "dev" / "2.0.json"
    forged.write_text((forged.parent / "1.0.json").read_text())
    with pytest.raises(AirflowFailException, match="not what was signed there"):
        choose("newest")


def test_whoever_approves_reads_that_it_failed(cloud: FakeFleetCloud) -> None:
    deploy(cloud, "1.0")
    planned = Planned(always=True, version="2.0")
    planned.run(dry_run=False)
    assert not [line for line in planned.pushed["plan"] if "warning" in line]
    failed("2.0")
    planned.run(dry_run=False)
    assert planned.pushed["plan"][:2] == [
        "release: 2.0, in place of 1.0",
        "warning: 2.0 failed on dev (fleet_healthy) the last time it went there",
    ]
