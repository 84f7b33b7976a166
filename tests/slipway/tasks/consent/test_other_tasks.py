"""The way back, a migration and a bake ask for the yes as well."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from slipway.hooks.store.approvals import Approval
from slipway.hooks.store.image_records import ImageRecord
from slipway.model.cloud.account import Account
from slipway.model.git.repository import Repository
from slipway.operators import bake_image, migrations
from slipway.operators.bake_image import BakeImageOperator
from slipway.operators.migrations import GooseMigrateOperator
from slipway.operators.roll_back import RollBackOperator
from slipway.operators.swap import LaunchOperator, ShiftTrafficOperator
from slipway.tasks.images.search import Found
from tests.slipway.fleet.worlds import make_image, make_target, serving
from tests.slipway.operators.releases import catalogue, make_record
from tests.slipway.tasks.consent import approvals
from tests.slipway.tasks.consent.approvals import (
    ADMISSION,
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

if TYPE_CHECKING:
    from tests.fakes.airflow_run import FakeTask
    from tests.fakes.fleet_cloud import FakeFleetCloud

pytestmark = pytest.mark.usefixtures("artifacts")
cloud = approvals.cloud


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

    def test_nor_has_a_release_that_serves_already_where_the_run_was_never_let_in(
        self, cloud: FakeFleetCloud
    ) -> None:
        """Nobody said yes to it, and an earlier run's group is there."""
        approve(propose())
        go(*WAY)
        refused(cloud, make(LaunchOperator), "nobody approved", OTHER_RUN)
        before = changes(cloud)
        with pytest.raises(AirflowSkipException, match="nothing"):
            make(RollBackOperator).execute(OTHER_RUN.context)
        assert (changes(cloud), serving(cloud)) == (before, ["2"])

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
