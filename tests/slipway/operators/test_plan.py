"""The plan of a deployment: what it says, and that it touches nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast
from unittest import mock

import pytest
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowSkipException,
    DownstreamTasksSkipped,
)

from slipway.exceptions import CloudUnavailable, SchemaAhead
from slipway.hooks.store.approvals import ApprovalBook
from slipway.hooks.store.artifacts import artifact_store
from slipway.model.board.difference import ChangedCommit, ChangedMigration, Difference
from slipway.operators import swap
from slipway.operators.approve import question
from slipway.operators.plan import PlanOperator
from slipway.operators.preview import ImageOutlook, SchemaOutlook
from slipway.tasks.board.between import Between
from slipway.tasks.consent import Admission
from slipway.tasks.supersede import BranchOrder
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.slipway.fleet.worlds import deploy, make_image, make_target
from tests.slipway.operators.releases import catalogue, make_record


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> FakeFleetCloud:
    cloud = FakeFleetCloud(healthy={"1", "2"})
    monkeypatch.setattr(swap, "fleet_cloud", lambda *_, **__: cloud)
    deploy(cloud, "1")
    cloud.observe()
    cloud.calls.clear()
    return cloud


class Planned:
    """A plan task with what it was told, and two tasks behind it."""

    def __init__(
        self,
        *,
        always: bool = False,
        version: str = "2",
        admission: Admission | None = None,
        order: BranchOrder | None = None,
        between: Between | None = None,
    ) -> None:
        self.image = mock.create_autospec(ImageOutlook, instance=True)
        self.image.look.return_value = (make_image(version), "uses ami-2")
        self.schema = mock.create_autospec(SchemaOutlook, instance=True)
        self.schema.look.return_value = "1 -> 2, applies 2_x.sql"
        with DAG(dag_id="shop.prod", schedule=None):
            self.task = PlanOperator(
                task_id="plan",
                package=make_record(version).package.to_json(),
                target=make_target(),
                image=self.image,
                schema=self.schema,
                always=always,
                admission=admission,
                order=order,
                between=between,
            )
            launch, roll_back = (BaseOperator(task_id=name) for name in ("launch", "roll_back"))
            self.task >> launch >> roll_back
        self.pushed: dict[str, Any] = {}

    def run(self, *, dry_run: bool, run_id: str = "r") -> None:
        def push(key: str, value: Any) -> None:
            self.pushed[key] = value

        ti = SimpleNamespace(
            xcom_push=push, map_index=-1, dag_id="shop.prod", run_id=run_id, task_id="plan"
        )
        run = SimpleNamespace(triggering_user_name="bob")
        context: Any = {"params": {"dry_run": dry_run}, "ti": ti, "dag_run": run}
        self.task.execute(context)


def test_a_dry_run_tells_everything_and_skips_all_that_follows(
    cloud: FakeFleetCloud, capsys: pytest.CaptureFixture[str]
) -> None:
    planned = Planned()
    with pytest.raises(DownstreamTasksSkipped) as skipped:
        planned.run(dry_run=True)
    assert set(skipped.value.tasks) == {"launch", "roll_back"}
    lines = planned.pushed["plan"]
    assert lines[:3] == [
        "release: 2, in place of 1",
        "image: uses ami-2",
        "schema: 1 -> 2, applies 2_x.sql",
    ]
    said = "\n".join(lines[3:])
    words = ("suspend scaling of", "launch shop-dev-2", "attach shop-dev-2", "detach shop-dev-1")
    places = [said.index(word) for word in words]
    assert places == sorted(places)
    assert said.rpartition("\n")[2].startswith(f"{len(lines) - 3}. ")
    told = capsys.readouterr().out
    assert [line for line in lines if line not in told] == []
    assert cloud.calls == []


def test_it_is_told_to_whoever_must_approve_and_the_run_goes_on(cloud: FakeFleetCloud) -> None:
    planned = Planned(always=True)
    planned.run(dry_run=False)
    assert planned.pushed["plan"][0] == "release: 2, in place of 1"
    assert planned.pushed["replaces"] == "1"
    assert cloud.calls == []


def test_without_anybody_to_read_it_nobody_is_asked(cloud: FakeFleetCloud) -> None:
    planned = Planned()
    planned.run(dry_run=False)
    assert planned.pushed == {}
    planned.image.look.assert_not_called()
    planned.schema.look.assert_not_called()


def test_what_would_stop_the_deployment_stops_it_here(cloud: FakeFleetCloud) -> None:
    planned = Planned(always=True)
    planned.schema.look.side_effect = SchemaAhead("schema 3, release 2 knows 2", advice="no")
    with pytest.raises(AirflowFailException, match="schema 3, release 2 knows 2"):
        planned.run(dry_run=False)


def test_an_alarm_that_does_not_exist_stops_it_here(cloud: FakeFleetCloud) -> None:
    planned = Planned(always=True)
    planned.task.target = make_target(alarms=("shop errors",))
    with pytest.raises(AirflowFailException, match="do not exist: 'shop errors'"):
        planned.run(dry_run=False)


def test_a_dry_run_says_that_it_would_stop(cloud: FakeFleetCloud) -> None:
    planned = Planned()
    planned.schema.look.side_effect = SchemaAhead("schema 3, release 2 knows 2", advice="no")
    with pytest.raises(DownstreamTasksSkipped):
        planned.run(dry_run=True)
    stop = "schema: the deployment would stop here: schema 3, release 2 knows 2"
    assert planned.pushed["plan"][2] == stop


def test_a_world_that_does_not_answer_is_asked_again(cloud: FakeFleetCloud) -> None:
    planned = Planned()
    planned.image.look.side_effect = CloudUnavailable("away")
    with pytest.raises(CloudUnavailable):
        planned.run(dry_run=True)


def test_killing_it_removes_the_container_of_goose(cloud: FakeFleetCloud) -> None:
    planned = Planned(always=True)
    planned.task.on_kill()
    planned.schema.clean_up.assert_not_called()
    planned.run(dry_run=False)
    planned.task.on_kill()
    planned.schema.clean_up.assert_called_once()


ASKING = Admission(project="shop", environment="dev", asks=True)


def order(*shas: str) -> BranchOrder:
    """A branch of these commits, the oldest first; whatever else there is lies elsewhere."""

    def precedes(older: str, newer: str) -> bool:
        return older in shas and newer in shas and shas.index(older) < shas.index(newer)

    found = mock.create_autospec(BranchOrder, instance=True)
    found.precedes.side_effect = precedes
    return cast("BranchOrder", found)


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
