"""An older commit never lands after a newer one by itself, whatever was retried or cleared."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.exceptions import RepositoryUnreachable
from slipway.fleet import swap
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.model.cloud.lease import LeaseRecord, UnfinishedSwap
from slipway.model.facts import SchemaVersion
from slipway.model.git.deliverable import Deliverable
from slipway.model.git.repository import Repository as Source
from slipway.operators import leased, migrations
from slipway.operators import swap as fleet
from slipway.operators.migrations import GooseMigrateOperator
from slipway.operators.swap import (
    LaunchCanaryOperator,
    LaunchOperator,
    RetireOldOperator,
    ShiftTrafficOperator,
)
from slipway.tasks.consent import Admission
from slipway.tasks.making_way.superseded_run import SUPERSEDED_BY, Superseded
from slipway.tasks.order.branch_order import BranchOrder
from slipway.tasks.order.landing import landed, overtaken
from tests.fakes.airflow_run import FakeTask
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.fakes.git_server import Repository
from tests.slipway.fleet.worlds import deploy, make_image, make_target, serving
from tests.slipway.operators.releases import make_record

MAIN = Deliverable(branch="main")
BEGINS = (GooseMigrateOperator, LaunchCanaryOperator, LaunchOperator)
CHANGES = (*BEGINS, ShiftTrafficOperator, RetireOldOperator)
RUN, OTHER_RUN = FakeTask(run_id="commit__1"), FakeTask(run_id="commit__2")

pytestmark = pytest.mark.usefixtures("artifacts", "cloud")


@pytest.fixture
def migrated(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(migrations, "container_engine", mock.Mock())
    monkeypatch.setattr(migrations, "migration_files", mock.Mock())
    monkeypatch.setattr(migrations, "database_url", lambda _: "postgres://x")
    with mock.patch.object(migrations, "SchemaChange", autospec=True) as made:
        made.return_value.apply.return_value = SchemaVersion(version=2, before=1, seconds=1.0)
        yield made.return_value.apply


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> FakeFleetCloud:
    cloud = FakeFleetCloud(healthy={"0", "1", "2", "3"})
    monkeypatch.setattr(fleet, "fleet_cloud", lambda *_, **__: cloud)
    monkeypatch.setattr(fleet, "require_recorded", lambda *_: None)
    for module, name in ((swap, "_AFTER_CHANGE"), (swap, "_WHILE_WAITING"), (leased, "_PAUSE")):
        monkeypatch.setattr(module, name, 0.0)
    return cloud


def release(version: str, sha: str, **more: Any) -> None:
    """Enter a commit into the catalogue."""
    record = make_record(version)
    told = replace(record.checkout.release, sha=sha)
    ReleaseCatalogue(artifact_store()).record(
        replace(
            record,
            checkout=replace(record.checkout, release=told, **more),
            package=replace(record.package, release=told),
        )
    )


@pytest.fixture
def shas(repository: Repository, artifacts: object) -> list[str]:
    """Three commits, each of them a release."""
    made = [repository.commit(name) for name in ("first", "second", "third")]
    for number, sha in enumerate(made, start=1):
        release(str(number), sha)
    return made


def order(repository: Repository) -> BranchOrder:
    return BranchOrder(repository=repository.source, delivered=MAIN)


def make(kind: Any, version: str, repository: Repository, *, by_itself: bool = True) -> Any:
    found = ReleaseCatalogue(artifact_store()).find("shop", version).checkout.release
    image = replace(make_image(version), release=found).to_json()
    more: dict[str, Any] = {"image": image}
    if kind is GooseMigrateOperator:
        more |= {
            "release": found.to_json(),
            "repository": Source(url="u"),
            "directory": "m",
            "database_conn_id": "d",
        }
    return kind(
        task_id="t",
        target=make_target(keep_old=3600.0),
        admission=Admission(project="shop", environment="dev"),
        order=order(repository) if by_itself else None,
        **more,
    )


def lands(version: str, repository: Repository, run: FakeTask) -> None:
    for kind in (LaunchOperator, ShiftTrafficOperator, RetireOldOperator):
        make(kind, version, repository).execute(run.context)


def state(cloud: FakeFleetCloud) -> Any:
    cloud.observe()
    return len(cloud.calls), dict(cloud.ssm.parameters)


@pytest.mark.usefixtures("migrated")
@pytest.mark.parametrize("kind", CHANGES)
def test_a_cleared_run_of_an_older_commit_changes_nothing(
    kind: Any,
    cloud: FakeFleetCloud,
    repository: Repository,
    shas: list[str],
    migrated: mock.Mock,
) -> None:
    deploy(cloud, "3")
    before, run = state(cloud), replace(RUN)
    with pytest.raises(Superseded, match=r"^1 does not go to dev, where 3 has landed") as told:
        make(kind, "1", repository).execute(run.context)
    assert f"{shas[2][:7]} comes after {shas[0][:7]} on main" in str(told.value)
    assert "run shop.dev with it: `fab deploy shop dev 1`" in str(told.value)
    assert run.xcoms == {SUPERSEDED_BY: shas[2][:7]}
    assert (state(cloud), serving(cloud)) == (before, ["3"])
    migrated.assert_not_called()


@pytest.mark.usefixtures("shas")
def test_a_newer_commit_lands_and_the_one_before_it_does_not_any_more(
    cloud: FakeFleetCloud, repository: Repository
) -> None:
    """Two runs side by side, of which the older one ends later."""
    deploy(cloud, "1")
    lands("3", repository, replace(RUN))
    assert serving(cloud) == ["3"]
    with pytest.raises(Superseded):
        lands("2", repository, replace(OTHER_RUN))
    assert (serving(cloud), cloud.ssm.parameters) == (["3"], {})


@pytest.mark.usefixtures("shas")
def test_what_a_person_chose_goes_back(cloud: FakeFleetCloud, repository: Repository) -> None:
    deploy(cloud, "3")
    make(LaunchOperator, "1", repository, by_itself=False).execute(RUN.context)
    assert "1" in {group.version for group in cloud.observe().groups}


@pytest.mark.usefixtures("shas")
def test_the_same_commit_lands_again(cloud: FakeFleetCloud, repository: Repository) -> None:
    deploy(cloud, "3")
    lands("3", repository, replace(RUN))
    assert serving(cloud) == ["3"]


@pytest.mark.usefixtures("shas")
def test_what_has_begun_is_not_cut(cloud: FakeFleetCloud, repository: Repository) -> None:
    """While it holds the lease nothing newer can land, so nobody asks again."""
    deploy(cloud, "1")
    make(LaunchOperator, "2", repository).execute(RUN.context)
    with mock.patch.object(leased, "overtaken", autospec=True) as asked:
        make(ShiftTrafficOperator, "2", repository).execute(RUN.context)
        make(RetireOldOperator, "2", repository).execute(RUN.context)
    asked.assert_not_called()
    assert serving(cloud) == ["2"]


@pytest.mark.usefixtures("shas")
def test_a_swap_that_was_quick_between_look_and_lease_is_seen(
    cloud: FakeFleetCloud, repository: Repository
) -> None:
    """Another Airflow's, say: it took the lease, landed, and gave it back."""
    deploy(cloud, "1")
    real, seen = landed, list[list[str]]()

    def look(*told: Any) -> list[str]:
        seen.append(real(*told))
        if len(seen) == 1:
            deploy(cloud, "3")
        return seen[-1]

    with (
        mock.patch.object(leased, "landed", autospec=True, side_effect=look),
        pytest.raises(Superseded),
    ):
        make(LaunchOperator, "2", repository).execute(replace(RUN).context)
    assert seen == [["1"], ["3"]]
    assert (serving(cloud), cloud.ssm.parameters) == (["3"], {})


@pytest.mark.usefixtures("shas")
def test_what_passed_its_soak_counts_before_housekeeping_has_ended_it(
    cloud: FakeFleetCloud,
) -> None:
    deploy(cloud, "1")
    swaps = (UnfinishedSwap(release="3", soaked=True), UnfinishedSwap(release="2"))
    held = LeaseRecord(owner="o", generation=1, token="t", swaps=swaps)
    assert landed(cloud.observe(), held) == ["1", "3"]
    assert landed(cloud.observe(), None) == ["1"]


def behind(repository: Repository, version: str, other: str) -> bool:
    said: list[str] = []
    found = overtaken(order(repository), "shop", "dev", version, [other], said.append)
    return found is not None


def test_the_branch_of_today_decides_after_a_force_push(repository: Repository) -> None:
    base = repository.commit("base")
    dropped = repository.commit("dropped")
    repository.git("reset", "--quiet", "--hard", base)
    instead = repository.commit("instead")
    for version, sha in (("1", base), ("2", dropped), ("3", instead)):
        release(version, sha)
    assert not behind(repository, "3", "2")
    assert behind(repository, "2", "3")
    assert not behind(repository, "1", "2")  # the branch went back: so may what serves
    assert behind(repository, "1", "3")


def test_a_branch_beside_it_that_is_delivered_too_lands(repository: Repository) -> None:
    """A hot fix, made of what production runs."""
    base = repository.commit("base")
    repository.git("checkout", "--quiet", "-b", "release/1")
    fix = repository.commit("fix")
    repository.git("checkout", "--quiet", "main")
    ahead = repository.commit("ahead")
    release("1", fix)
    release("2", ahead)
    release("3", base)
    delivered = Deliverable(branch="main", branches=("release/*",))
    both = BranchOrder(repository=repository.source, delivered=delivered)
    assert overtaken(both, "shop", "dev", "1", ["2"], print) is None
    assert overtaken(both, "shop", "dev", "2", ["1"], print) is None
    assert overtaken(both, "shop", "dev", "3", ["1"], print) is not None


def test_a_version_of_before_the_tag_was_moved_is_the_same_commit(repository: Repository) -> None:
    sha = repository.commit("only")
    release("1", sha)
    release("2", sha)
    assert not behind(repository, "1", "2")
    assert not behind(repository, "2", "1")


def test_what_is_not_on_record_cannot_be_compared(repository: Repository) -> None:
    release("2", repository.commit("only"))
    said: list[str] = []
    assert overtaken(order(repository), "shop", "dev", "2", ["0.1"], said.append) is None
    assert said == ["0.1 is no release on record, so nobody can say whether it is the newer one"]


@pytest.mark.usefixtures("shas")
def test_a_record_that_somebody_wrote_stops_it(
    cloud: FakeFleetCloud, repository: Repository, artifacts: Path
) -> None:
    """Whoever writes the bucket may not make an old commit the newest."""
    deploy(cloud, "3")
    [path] = artifacts.rglob("shop/3.json")
    record = json.loads(path.read_text())
    record["checkout"]["release"]["sha"] = "0" * 40
    path.write_text(json.dumps(record))
    before = state(cloud)
    with pytest.raises(AirflowFailException, match="not what was signed"):
        make(LaunchOperator, "1", repository).execute(RUN.context)
    assert state(cloud) == before


@pytest.mark.parametrize(("own", "there", "lands"), [(3, 2, True), (2, 3, False), (2, 2, False)])
def test_while_the_git_server_is_away_what_was_noted_lets_the_newer_one_land(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, own: int, there: int, *, lands: bool
) -> None:
    release("1", "a" * 40, position=own, delivered="main")
    release("2", "b" * 40, position=there, delivered="main")
    away = RepositoryUnreachable("away")
    monkeypatch.setattr(BranchOrder, "precedes", mock.Mock(side_effect=away))
    if lands:
        assert not behind(repository, "1", "2")
    else:
        with pytest.raises(RepositoryUnreachable):
            behind(repository, "1", "2")
