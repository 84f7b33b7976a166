"""Before a swap the release's own pipeline runs for its promotion, and can stop it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from slipway.hooks.store.approvals import Approval
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.model.event import Event
from slipway.model.facts import TestReport
from slipway.model.git.deliverable import Deliverable
from slipway.operators import run_pipeline
from slipway.operators import swap as fleet
from slipway.operators.promotion.run_promotion import RunPromotionOperator
from slipway.policies.freeze_windows import FreezeWindow
from slipway.tasks.at_a_time.agreed import keep_planned_again
from slipway.tasks.consent import Admission
from slipway.tasks.making_way.superseded_run import Superseded
from slipway.tasks.order.branch_order import BranchOrder
from tests.fakes.airflow_run import FakeTask
from tests.fakes.container_engine import FakeEngine, Play
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.fakes.git_server import Repository
from tests.slipway.fleet.worlds import deploy, make_target
from tests.slipway.operators.at_a_time.timed import in_a
from tests.slipway.operators.releases import make_proposal, make_record

PIPELINE = """\
kind: pipeline
name: tests
trigger: {event: [push]}
steps: [{name: unit, image: python, commands: [pytest]}]
---
kind: pipeline
name: announce
trigger: {event: [promote], target: [dev]}
steps: [{name: tell, image: python, commands: [./announce]}]
---
kind: pipeline
name: back
trigger: {event: [rollback]}
steps: [{name: sorry, image: python, commands: [./sorry]}]
"""

pytestmark = pytest.mark.usefixtures("artifacts")


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    engine = FakeEngine()
    monkeypatch.setattr(run_pipeline, "container_engine", lambda _: engine)
    return engine


@pytest.fixture(autouse=True)
def cloud(monkeypatch: pytest.MonkeyPatch) -> FakeFleetCloud:
    cloud = FakeFleetCloud(healthy={"1", "2", "3", "2@0123abcd"})
    monkeypatch.setattr(fleet, "fleet_cloud", lambda *_, **__: cloud)
    return cloud


@pytest.fixture
def shas(repository: Repository, artifacts: object) -> list[str]:
    """Two releases, the second of which has another pipeline than the branch has by now."""
    made = [repository.commit(name, _dot_drone_dot_yml=PIPELINE) for name in ("first", "second")]
    repository.commit(_dot_drone_dot_yml="kind: nonsense\n")
    for version, sha in zip("12", made, strict=True):
        record = make_record(version)
        release = replace(record.checkout.release, sha=sha)
        checkout = replace(
            record.checkout,
            release=release,
            repository=repository.url,
            event=Event.push("main", by="ann"),
        )
        package = replace(record.package, release=release)
        ReleaseCatalogue(artifact_store()).record(
            replace(record, checkout=checkout, package=package)
        )
    return made


def operator(repository: Repository, version: str, **more: Any) -> RunPromotionOperator:
    record = ReleaseCatalogue(artifact_store()).find("shop", version)
    settings: dict[str, Any] = {
        "admission": Admission(project="shop", environment="dev"),
        "images": {"python": "own/python:3"},
        **more,
    }
    return RunPromotionOperator(
        task_id="promote",
        target=make_target(),
        release=record.checkout.release.to_json(),
        order=BranchOrder(repository=repository.source, delivered=Deliverable(branch="main")),
        repository=repository.source,
        **settings,
    )


def context(**params: Any) -> Any:
    run = FakeTask(task_id="promote")
    dag = SimpleNamespace(params={"dry_run": False, "override_freeze": None, "at": None})
    who = SimpleNamespace(triggering_user_name="Bob")
    return {**run.context, "params": params, "dag": dag, "dag_run": who}


def test_a_promotion_runs_what_is_for_it_with_the_releases_own_file(
    repository: Repository, engine: FakeEngine, shas: list[str], cloud: FakeFleetCloud
) -> None:
    deploy(cloud, "1")
    report = TestReport.from_json(operator(repository, "2").execute(context()))
    ran = [(step.name, step.image) for step in report.steps if step.state == "passed"]
    assert ran == [("tell", "own/python:3")]
    [spec] = engine.specs
    names = ("DRONE_BUILD_EVENT", "DRONE_DEPLOY_TO", "DRONE_COMMIT_SHA", "DRONE_BRANCH")
    assert [spec.environment[name] for name in names] == ["promote", "dev", shas[1], "main"]


@pytest.mark.usefixtures("shas")
@pytest.mark.parametrize(
    ("minutes", "signed", "words"),
    [
        (180, True, r"is set for .* UTC, which is in (2 h 5\d|3 h 0) min"),
        (-1, False, "the task wait_for_time signed nothing"),
    ],
)
def test_what_is_set_for_a_time_runs_nothing_before_it_and_without_its_plan(
    minutes: int,
    signed: bool,
    words: str,
    repository: Repository,
    engine: FakeEngine,
    cloud: FakeFleetCloud,
) -> None:
    """Whoever marked its wait as successful."""
    deploy(cloud, "1")
    at = in_a(minutes=minutes)
    if signed:
        planned(at, repository)
    with pytest.raises(AirflowFailException, match=words):
        operator(repository, "2").execute(context(at=at))
    assert engine.specs == []


@pytest.mark.usefixtures("shas")
def test_what_is_set_for_a_time_runs_at_it_and_not_in_place_of_another_release(
    repository: Repository, engine: FakeEngine, cloud: FakeFleetCloud
) -> None:
    deploy(cloud, "1")
    at = in_a(minutes=-1)
    planned(at, repository)
    operator(repository, "2").execute(context(at=at))
    assert len(engine.specs) == 1
    deploy(cloud, "3")
    with pytest.raises(AirflowFailException, match="in place of 1, but this is 2, and 3 serves"):
        operator(repository, "2").execute(context(at=at))
    assert len(engine.specs) == 1


def planned(at: str, repository: Repository) -> None:
    waited: Any = {**FakeTask(task_id="wait_for_time").context, "params": {"at": at}}
    keep_planned_again(
        waited, ReleaseCatalogue(artifact_store()).find("shop", "2").checkout.release, "1"
    )


def test_the_way_back_is_a_rollback(
    repository: Repository, engine: FakeEngine, shas: list[str], cloud: FakeFleetCloud
) -> None:
    deploy(cloud, "2")
    operator(repository, "1").execute(context())
    [spec] = engine.specs
    names = ("DRONE_BUILD_EVENT", "DRONE_DEPLOY_TO", "DRONE_COMMIT_SHA")
    assert [spec.environment[name] for name in names] == ["rollback", "dev", shas[0]]


@pytest.mark.usefixtures("shas")
def test_a_failure_stops_the_deployment(
    repository: Repository, engine: FakeEngine, cloud: FakeFleetCloud
) -> None:
    deploy(cloud, "1")
    engine.plays["tell"] = Play(exit_code=1, lines=("nobody listens",))
    with pytest.raises(AirflowFailException, match="'tell' failed with exit code 1"):
        operator(repository, "2").execute(context())
    assert engine.leftovers() == []


def test_where_nothing_is_for_it_the_deployment_goes_on(
    repository: Repository, engine: FakeEngine
) -> None:
    text = "kind: pipeline\ntrigger: {event: [push]}\nsteps: [{name: a, image: b, commands: [c]}]\n"
    sha = repository.commit(_dot_drone_dot_yml=text)
    record = make_record("2")
    release = replace(record.checkout.release, sha=sha)
    ReleaseCatalogue(artifact_store()).record(
        replace(
            record,
            checkout=replace(record.checkout, release=release),
            package=replace(record.package, release=release),
        )
    )
    assert operator(repository, "2").execute(context()) == {}
    assert engine.specs == []


@pytest.mark.usefixtures("shas")
def test_nobody_promotes_what_nobody_approved(repository: Repository, engine: FakeEngine) -> None:
    asks = Admission(project="shop", environment="dev", asks=True)
    with pytest.raises(AirflowFailException, match="nobody approved 2 for dev"):
        operator(repository, "2", admission=asks).execute(context())
    with pytest.raises(AirflowFailException, match="dry run"):
        operator(repository, "2").execute(context(dry_run=True))
    assert engine.specs == []


@pytest.mark.usefixtures("cloud")
def test_a_yes_whose_swap_is_over_promotes_nothing_more(
    repository: Repository, engine: FakeEngine, shas: list[str]
) -> None:
    asks = Admission(project="shop", environment="dev", asks=True)
    known = context()
    release = replace(make_record("2").checkout.release, sha=shas[1])
    ti = known["ti"]
    yes = make_proposal("2", dag_id=ti.dag_id, run_id=ti.run_id, release=release)
    asks.book.propose(yes)
    asks.book.answer(yes, Approval(approved=True, by="Ada", at=1, digest=yes.digest))
    operator(repository, "2", admission=asks).execute(known)
    assert len(engine.specs) == 1
    asks.book.use_up(yes, 1)
    with pytest.raises(AirflowFailException, match="used up"):
        operator(repository, "2", admission=asks).execute(known)
    assert len(engine.specs) == 1


@pytest.mark.usefixtures("shas")
def test_a_release_that_was_altered_on_its_way_is_not_promoted(
    repository: Repository, engine: FakeEngine
) -> None:
    task = operator(repository, "2")
    task.release = {**task.release, "sha": "a" * 40}
    with pytest.raises(AirflowFailException, match="this task was told of"):
        task.execute(context())
    assert engine.specs == []


@pytest.mark.usefixtures("shas")
@pytest.mark.parametrize(("skip", "error"), [(True, AirflowSkipException), (False, Exception)])
def test_within_a_freeze_nothing_is_told_to_anybody(
    repository: Repository, engine: FakeEngine, *, skip: bool, error: type[Exception]
) -> None:
    now = datetime.now(UTC)
    window = FreezeWindow(
        begin=f"{now - timedelta(days=1):%Y-%m-%dT%H:%M}",
        until=f"{now + timedelta(days=1):%Y-%m-%dT%H:%M}",
        zone="UTC",
        reason="nobody is here",
    )
    with pytest.raises(error, match="nobody is here"):
        operator(repository, "2", windows=[window], skip_frozen=skip).execute(context())
    assert engine.specs == []


@pytest.mark.usefixtures("shas")
def test_an_older_commit_that_would_not_land_is_not_announced(
    repository: Repository, engine: FakeEngine, cloud: FakeFleetCloud
) -> None:
    deploy(cloud, "2")
    with pytest.raises(Superseded, match="1 does not go to dev"):
        operator(repository, "1", by_itself=True).execute(context())
    assert engine.specs == []


@pytest.mark.usefixtures("shas")
def test_a_commit_that_would_take_newer_settings_back_is_not_announced(
    repository: Repository, engine: FakeEngine, cloud: FakeFleetCloud
) -> None:
    deploy(cloud, "2@0123abcd")
    with pytest.raises(AirflowSkipException, match=r"^2 has landed on dev already"):
        operator(repository, "2", by_itself=True).execute(context())
    assert engine.specs == []
    operator(repository, "2").execute(context())
    assert engine.specs
