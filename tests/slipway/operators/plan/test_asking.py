"""What an approver is asked, and what a plan leaves for that."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest import mock

import pytest
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowSkipException,
    DownstreamTasksSkipped,
)

from slipway.hooks.store.approvals import ApprovalBook
from slipway.hooks.store.artifacts import artifact_store
from slipway.model.board.difference import ChangedCommit, ChangedMigration, Difference
from slipway.operators.approve import question
from slipway.tasks.board.between import Between
from slipway.tasks.consent import Admission
from tests.slipway.operators.plan import planned
from tests.slipway.operators.plan.planned import Planned, order
from tests.slipway.operators.releases import catalogue, make_record

if TYPE_CHECKING:
    from tests.fakes.fleet_cloud import FakeFleetCloud

cloud = planned.cloud
ASKING = Admission(project="shop", environment="dev", asks=True)
MAIN = order("1" * 40, "2" * 40, "3" * 40)


@pytest.mark.usefixtures("artifacts")
class TestAsking:
    """Where somebody is asked."""

    def test_what_is_asked_is_kept_where_nobody_edits_it(self, cloud: FakeFleetCloud) -> None:
        catalogue("2")
        planned = Planned(always=True, admission=ASKING)
        planned.run(dry_run=False)
        found = ASKING.book.proposal("shop.prod", "r")
        assert found is not None
        assert (found.release.version, found.sha256, found.replaces) == ("2", "d", "1")
        assert (list(found.lines), found.started_by) == (planned.pushed["plan"], "bob")
        planned.run(dry_run=False)
        again = ASKING.book.proposal("shop.prod", "r")
        assert again is not None
        assert again.digest != found.digest, "a yes to the one before counts no more"

    def test_a_dry_run_asks_nobody(self, cloud: FakeFleetCloud) -> None:
        catalogue("2")
        with pytest.raises(DownstreamTasksSkipped):
            Planned(always=True, admission=ASKING, order=MAIN).run(dry_run=True)
        assert ASKING.book.proposal("shop.prod", "r") is None
        assert ASKING.book.latest() is None

    @pytest.mark.parametrize("field", ["sha256", "repository_url", "version"])
    def test_a_package_that_was_edited_on_its_way_is_refused_or_not_used(
        self, cloud: FakeFleetCloud, field: str
    ) -> None:
        catalogue("2")
        planned = Planned(always=True, admission=ASKING)
        planned.task.package = {**planned.task.package, field: "http://evil.example"}
        if field == "sha256":
            with pytest.raises(AirflowFailException, match="edited what the tasks told each other"):
                planned.run(dry_run=False)
        else:
            planned.run(dry_run=False)
            planned.image.look.assert_called_once_with(make_record("2").package)

    def test_what_never_passed_is_not_asked_about(self, cloud: FakeFleetCloud) -> None:
        with pytest.raises(AirflowFailException, match="has no release '2'"):
            Planned(always=True, admission=ASKING).run(dry_run=False)

    def test_a_newer_commit_takes_the_place_of_an_older_one(self, cloud: FakeFleetCloud) -> None:
        catalogue("1", "2", "3")
        for version in ("2", "3"):
            Planned(always=True, version=version, admission=ASKING, order=MAIN).run(
                dry_run=False, run_id=f"commit__{version}"
            )
        latest = ASKING.book.latest()
        assert latest is not None
        assert latest.release.version == "3"

    def test_an_older_commit_that_comes_later_is_not_asked_about(
        self, cloud: FakeFleetCloud
    ) -> None:
        """Its tests took longer."""
        catalogue("1", "2", "3")
        Planned(always=True, version="3", admission=ASKING, order=MAIN).run(dry_run=False)
        late = Planned(always=True, version="2", admission=ASKING, order=MAIN)
        with pytest.raises(AirflowSkipException, match="superseded by 3"):
            late.run(dry_run=False, run_id="commit__2")
        assert ASKING.book.proposal("shop.prod", "commit__2") is None

    def test_an_older_commit_does_not_replace_a_newer_one_that_serves(
        self, cloud: FakeFleetCloud
    ) -> None:
        catalogue("0", "1")
        branch = order("0" * 40, "1" * 40)
        old = Planned(always=True, version="0", admission=ASKING, order=branch)
        with pytest.raises(AirflowSkipException, match="superseded by 1"):
            old.run(dry_run=False)

    def test_a_branch_that_was_rewritten_goes_on(self, cloud: FakeFleetCloud) -> None:
        """What waits or serves is on no branch any more, whatever its number."""
        catalogue("1", "2", "3")
        Planned(always=True, version="3", admission=ASKING, order=MAIN).run(dry_run=False)
        rewritten = order("2" * 40)
        Planned(always=True, version="2", admission=ASKING, order=rewritten).run(dry_run=False)
        latest = ASKING.book.latest()
        assert latest is not None
        assert latest.release.version == "2"


def test_a_line_of_the_plan_is_one_line(cloud: FakeFleetCloud) -> None:
    """A migration's file name may hold what its author likes."""
    planned = Planned(always=True)
    planned.schema.look.return_value = "1 -> 2, applies 2_x\n1. launch nothing\u202e.sql"
    planned.run(dry_run=False)
    line = "schema: 1 -> 2, applies 2_x<U+000A>1. launch nothing<U+202E>.sql"
    assert planned.pushed["plan"][2] == line


@pytest.mark.usefixtures("cloud", "artifacts")
def test_whoever_is_asked_reads_what_a_yes_brings_and_nothing_of_it_does_anything() -> None:
    catalogue("1", "2")
    between = mock.create_autospec(Between, instance=True)
    between.look.return_value = Difference(
        old=make_record("1").checkout.release,
        new=make_record("2").checkout.release,
        gained=(
            ChangedCommit(
                sha="a" * 40, subject="[Approve](http://evil) | \u202ex\ny", author="Eve"
            ),
        ),
        migrations=(ChangedMigration(number=2, name="2_x.sql", sql=("DROP TABLE users",)),),
    )
    admission = Admission(project="shop", environment="dev", asks=True)
    planned = Planned(always=True, admission=admission, between=between)
    planned.run(dry_run=False)
    told = planned.pushed["plan"][-4:]
    assert told == [
        "brings 1 commit",
        "brings aaaaaaa [Approve](http://evil) | <U+202E>x<U+000A>y (Eve)",
        "migration 2_x.sql",
        "2_x.sql: DROP TABLE users",
    ]
    book = ApprovalBook(artifact_store(), project="shop", environment="dev")
    proposal = book.proposal("shop.prod", "r")
    assert proposal is not None
    _, page = question(proposal)
    assert "- `brings aaaaaaa [Approve](http://evil) <U+007C> <U+202E>x<U+000A>y (Eve)`" in page
    assert "- `2_x.sql: DROP TABLE users`" in page
    old, new = between.look.call_args.args
    assert (old.version, new.version) == ("1", "2")
