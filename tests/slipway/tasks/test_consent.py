"""What a yes is bound to, and when it is used up: asked by each task that changes something."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from unittest import mock

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from slipway.exceptions import ApprovalMissing, ReleaseAltered
from slipway.fleet import swap
from slipway.hooks.store.approvals import Approval, Proposal
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.deployments import DeploymentHistory
from slipway.hooks.store.image_records import ImageRecord
from slipway.model.cloud.account import Account
from slipway.model.facts import Json
from slipway.model.git.repository import Repository
from slipway.operators import bake_image, leased, migrations
from slipway.operators import swap as fleet
from slipway.operators.bake_image import BakeImageOperator
from slipway.operators.housekeeping.retire_standbys import RetireStandbysOperator
from slipway.operators.migrations import GooseMigrateOperator
from slipway.operators.record_release import RecordDeploymentOperator
from slipway.operators.roll_back import RollBackOperator
from slipway.operators.swap import (
    LaunchCanaryOperator,
    LaunchOperator,
    RetireOldOperator,
    ShiftTrafficOperator,
)
from slipway.tasks.consent import Admission
from slipway.tasks.images.search import Found
from slipway.tasks.lease_owner import run_owner
from tests.fakes.airflow_run import FakeTask
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.fakes.fleet_faults import Crash
from tests.slipway.fleet.worlds import deploy, make_image, make_target, serving
from tests.slipway.operators.releases import catalogue, make_proposal, make_record

ADMISSION = Admission(project="shop", environment="dev", asks=True)
LEASE = "/slipway-leases/shop/dev"
RUN, OTHER_RUN = FakeTask(run_id="manual__1"), FakeTask(run_id="manual__2")
WAY = (LaunchOperator, ShiftTrafficOperator, RetireOldOperator)
CHANGES = (LaunchCanaryOperator, *WAY)

pytestmark = pytest.mark.usefixtures("artifacts")


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch, artifacts: object) -> FakeFleetCloud:
    cloud = FakeFleetCloud(healthy={"1", "2"})
    monkeypatch.setattr(fleet, "fleet_cloud", lambda *_, **__: cloud)
    monkeypatch.setattr(fleet, "require_recorded", lambda *_: None)
    for module, name in ((swap, "_AFTER_CHANGE"), (swap, "_WHILE_WAITING"), (leased, "_PAUSE")):
        monkeypatch.setattr(module, name, 0.0)
    deploy(cloud, "1")
    catalogue("1", "2")
    return cloud


def image(version: str, **more: Any) -> Json:
    record = make_record(version)
    made = replace(
        make_image(version), release=record.checkout.release, deb_sha256=record.package.sha256
    )
    return {**made.to_json(), **more}


def make(kind: Any, version: str = "2", **more: Any) -> Any:
    return kind(
        task_id="t",
        target=make_target(keep_old=3600.0),
        image=image(version, **more),
        admission=ADMISSION,
    )


def propose(version: str = "2", *, run: FakeTask = RUN, **more: Any) -> Proposal:
    proposal = make_proposal(version, dag_id=run.dag_id, run_id=run.run_id, **more)
    ADMISSION.book.propose(proposal)
    return proposal


def approve(proposal: Proposal, *, approved: bool = True) -> Proposal:
    answer = Approval(approved=approved, by="Ada", at=1, digest=proposal.digest)
    ADMISSION.book.answer(proposal, answer)
    return proposal


def changes(cloud: FakeFleetCloud) -> int:
    cloud.observe()
    return len(cloud.calls)


def refused(cloud: FakeFleetCloud, operator: Any, words: str, task: FakeTask = RUN) -> None:
    before, lease = changes(cloud), cloud.ssm.parameters.get(LEASE)
    with pytest.raises(AirflowFailException, match=words) as told:
        operator.execute(task.context)
    assert "what to do" in str(told.value)
    assert (changes(cloud), cloud.ssm.parameters.get(LEASE)) == (before, lease)


def go(*kinds: Any, version: str = "2", task: FakeTask = RUN) -> None:
    for kind in kinds:
        make(kind, version).execute(task.context)


def test_a_yes_lets_the_whole_swap_through(cloud: FakeFleetCloud) -> None:
    approve(propose())
    go(*WAY)
    assert serving(cloud) == ["2"]
    assert cloud.ssm.parameters == {}


@pytest.mark.parametrize("kind", CHANGES)
class TestNoYes:
    """Nobody said yes to what the task would do."""

    def test_approve_was_marked_as_successful(self, cloud: FakeFleetCloud, kind: Any) -> None:
        propose()
        refused(cloud, make(kind), "nobody approved 2 for dev in this run")

    def test_plan_and_approve_were_marked_as_successful(
        self, cloud: FakeFleetCloud, kind: Any
    ) -> None:
        refused(cloud, make(kind), "nobody approved 2 for dev in this run")

    def test_it_was_a_no_and_the_task_was_marked_as_successful(
        self, cloud: FakeFleetCloud, kind: Any
    ) -> None:
        approve(propose(), approved=False)
        refused(cloud, make(kind), "nobody approved 2")

    def test_it_was_another_runs(self, cloud: FakeFleetCloud, kind: Any) -> None:
        approve(propose(run=OTHER_RUN))
        refused(cloud, make(kind), "nobody approved 2")

    def test_it_was_to_a_plan_that_was_made_anew_since(
        self, cloud: FakeFleetCloud, kind: Any
    ) -> None:
        """Also where the new plan says the very same: the run was deleted, and made once more."""
        approve(propose())
        propose(name="another")
        refused(cloud, make(kind), "nobody approved 2")

    def test_the_image_was_edited_to_one_of_another_release(
        self, cloud: FakeFleetCloud, kind: Any
    ) -> None:
        approve(propose("2"))
        refused(cloud, make(kind, "1"), "2 was approved for dev .* not 1 for dev")

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("deb_sha256", "e" * 64),
            ("release", {"project": "shop", "sha": "f" * 40, "version": "2"}),
            ("release", {"project": "till", "sha": "2" * 40, "version": "2"}),
            ("release", {"project": "shop", "sha": "2" * 40, "version": "9"}),
        ],
    )
    def test_the_image_was_edited(
        self, cloud: FakeFleetCloud, kind: Any, field: str, value: Any
    ) -> None:
        approve(propose())
        refused(cloud, make(kind, **{field: value}), "edited|no release '9'")

    def test_the_release_was_published_anew_since(self, cloud: FakeFleetCloud, kind: Any) -> None:
        approve(propose(sha256="of yesterday"))
        refused(cloud, make(kind), "2 was approved for dev")

    def test_it_was_for_another_environment(self, cloud: FakeFleetCloud, kind: Any) -> None:
        approve(propose(environment="prod"))
        refused(cloud, make(kind), "2 was approved for prod")

    def test_the_book_was_edited_after_the_yes(self, cloud: FakeFleetCloud, kind: Any) -> None:
        proposal = approve(propose("1"))
        ADMISSION.book.propose(replace(proposal, release=make_record("2").checkout.release))
        refused(cloud, make(kind), "nobody approved 2")


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


class TestRollBack:
    """The way back of a swap that failed is never held up, and no way around a yes."""

    def test_it_asks_nobody(self, cloud: FakeFleetCloud) -> None:
        proposal = approve(propose())
        go(LaunchOperator, ShiftTrafficOperator)
        ADMISSION.book.answer(proposal, Approval(approved=False, by="Eve", at=2))
        go(RollBackOperator)
        assert serving(cloud) == ["1"]
        assert "shop-dev-2" not in {one.name for one in cloud.observe().groups}

    def test_what_was_never_launched_has_nothing_to_roll_back(self, cloud: FakeFleetCloud) -> None:
        propose()
        refused(cloud, make(LaunchOperator), "nobody approved")
        before = changes(cloud)
        go(RollBackOperator)
        assert (changes(cloud), serving(cloud), cloud.ssm.parameters) == (before, ["1"], {})

    def test_an_old_run_whose_soak_was_marked_as_failed_takes_nothing_back(
        self, cloud: FakeFleetCloud
    ) -> None:
        approve(propose())
        go(*WAY)
        refused(cloud, make(RollBackOperator), "came to its end, so there is nothing to roll back")
        assert serving(cloud) == ["2"]

    def test_nor_does_one_whose_image_was_edited_to_what_serves(
        self, cloud: FakeFleetCloud
    ) -> None:
        approve(propose())
        go(*WAY)
        approve(propose("1", run=OTHER_RUN, replaces="2"))
        go(LaunchOperator, version="1", task=OTHER_RUN)
        refused(cloud, make(RollBackOperator, "2"), "nothing to roll back", OTHER_RUN)
        assert serving(cloud) == ["2"]

    def test_a_lease_that_was_removed_by_hand_is_no_reason_to_leave_machines_behind(
        self, cloud: FakeFleetCloud
    ) -> None:
        approve(propose())
        go(LaunchOperator)
        cloud.ssm.parameters.clear()
        refused(cloud, make(LaunchOperator), "used up")
        go(RollBackOperator)
        assert [one.name for one in cloud.observe().groups] == ["shop-dev-1"]


class TestMigrate:
    """It comes before the launch, and changes the database."""

    @pytest.fixture
    def run_goose(self, monkeypatch: pytest.MonkeyPatch, cloud: FakeFleetCloud) -> mock.Mock:
        monkeypatch.setattr(migrations, "open_cloud", lambda _: cloud)
        found = mock.Mock(side_effect=AirflowSkipException("as far as the files"))
        monkeypatch.setattr(migrations, "migration_files", found)
        return found

    def migrate(self, task: FakeTask = RUN, **release: str) -> None:
        known = make_record("2").checkout.release.to_json()
        GooseMigrateOperator(
            task_id="migrate",
            target=make_target(),
            release=known | release,
            repository=Repository(url="u"),
            directory="migrations",
            database_conn_id="db",
            admission=ADMISSION,
        ).execute(task.context)

    def test_without_a_yes_no_database_is_touched(self, run_goose: mock.Mock) -> None:
        propose()
        with pytest.raises(AirflowFailException, match="nobody approved 2"):
            self.migrate()
        run_goose.assert_not_called()

    def test_the_commit_whose_migrations_run_is_the_catalogues(self, run_goose: mock.Mock) -> None:
        approve(propose())
        with pytest.raises(AirflowFailException, match="edited what the tasks told"):
            self.migrate(sha="f" * 40)
        run_goose.assert_not_called()
        with pytest.raises(AirflowSkipException):
            self.migrate()
        assert run_goose.call_args.args[-1] == "2" * 40

    def test_it_uses_the_yes_up_and_the_launch_goes_on_by_it(
        self, run_goose: mock.Mock, cloud: FakeFleetCloud
    ) -> None:
        proposal = approve(propose())
        with pytest.raises(AirflowSkipException):
            self.migrate()
        assert ADMISSION.book.used_at(proposal) is not None
        go(*WAY)
        with pytest.raises(AirflowFailException, match="used up"):
            self.migrate()


class TestBake:
    """What is put into an image is the catalogue's."""

    @pytest.fixture
    def baked(self, monkeypatch: pytest.MonkeyPatch, artifacts: object) -> mock.Mock:
        catalogue("2")
        monkeypatch.setattr(bake_image, "aws_client", mock.Mock())
        made = make_image("2")
        record = ImageRecord(
            image_id=made.image_id, name=made.name, owner="1", region=made.region, tags={}
        )
        found = mock.Mock(return_value=Found(record=record))
        monkeypatch.setattr(bake_image, "baked_before", found)
        return found

    def bake(self, *, asks: bool = True, **package: Any) -> None:
        told = make_record("2").package.to_json() | package
        BakeImageOperator(
            task_id="bake_image",
            package=told,
            unit="shop.service",
            config={},
            account=Account(aws_conn_id="aws_default", region="eu-west-1"),
            reuse=True,
            admission=replace(ADMISSION, asks=asks),
        ).execute(RUN.context)

    def test_nothing_is_baked_without_a_yes(self, baked: mock.Mock) -> None:
        propose()
        with pytest.raises(AirflowFailException, match="nobody approved"):
            self.bake()
        baked.assert_not_called()

    @pytest.mark.parametrize("asks", [True, False])
    @pytest.mark.parametrize("field", ["repository_url", "signing_key", "name", "version"])
    def test_a_repository_that_was_edited_is_not_used(
        self, baked: mock.Mock, field: str, asks: bool
    ) -> None:
        approve(propose())
        self.bake(asks=asks, **{field: "http://evil.example"})
        assert baked.call_args.args[1] == make_record("2").package

    @pytest.mark.parametrize("asks", [True, False])
    def test_a_digest_that_was_edited_is_refused(self, baked: mock.Mock, asks: bool) -> None:
        approve(propose())
        with pytest.raises(AirflowFailException, match="edited what the tasks told each other"):
            self.bake(asks=asks, sha256="e" * 64)
        baked.assert_not_called()

    @pytest.mark.parametrize("asks", [True, False])
    def test_another_projects_release_is_refused(self, baked: mock.Mock, asks: bool) -> None:
        approve(propose())
        other = {"project": "till", "sha": "2" * 40, "version": "2"}
        with pytest.raises(AirflowFailException, match="told of till 2"):
            self.bake(asks=asks, release=other)
        baked.assert_not_called()


def test_the_history_is_of_what_was_approved(cloud: FakeFleetCloud) -> None:
    """`previous` would otherwise lead to what somebody wrote into an XCom."""
    approve(propose("2"))

    def remember(version: str) -> None:
        RecordDeploymentOperator(
            task_id="t",
            release=make_record(version).checkout.release.to_json(),
            environment="dev",
            admission=ADMISSION,
        ).execute(RUN.context)

    with pytest.raises(AirflowFailException, match="2 was approved"):
        remember("1")
    go(*WAY)
    remember("2")
    assert DeploymentHistory(artifact_store()).versions("shop", "dev") == ["2"]


@pytest.mark.usefixtures("cloud")
@pytest.mark.parametrize(("field", "value"), [("project", "till"), ("sha", "3" * 40)])
def test_also_where_nobody_is_asked_the_history_is_of_releases(field: str, value: str) -> None:
    release = make_record("2").checkout.release.to_json()
    operator = RecordDeploymentOperator(
        task_id="t",
        release={**release, field: value},
        environment="dev",
        admission=replace(ADMISSION, asks=False),
    )
    with pytest.raises(AirflowFailException, match="somebody edited"):
        operator.execute(RUN.context)
    assert DeploymentHistory(artifact_store()).versions("shop", "dev") == []


def test_where_nobody_is_asked_nothing_is_looked_for(cloud: FakeFleetCloud) -> None:
    unasked = replace(ADMISSION, asks=False)
    for kind in WAY:
        operator = make(kind)
        operator.admission = unasked
        operator.execute(RUN.context)
    assert serving(cloud) == ["2"]
    assert ADMISSION.book.latest() is None


def test_a_start_of_a_sha_is_no_version(cloud: FakeFleetCloud) -> None:
    """A person may name a release so; a task is told the whole."""
    catalogue("3+1.g3333333")
    release = replace(make_record("3+1.g3333333").checkout.release, version="3333333")
    with pytest.raises(ReleaseAltered):
        ADMISSION.record(release)
    with pytest.raises(ApprovalMissing):
        ADMISSION.consent(RUN.context, make_record("2").checkout.release)
