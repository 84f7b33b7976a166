"""What a yes is bound to, and when it is used up: asked by each task that changes something."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.exceptions import ApprovalMissing, ReleaseAltered
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.deployments import DeploymentHistory
from slipway.operators.record_release import RecordDeploymentOperator
from tests.slipway.fleet.worlds import serving
from tests.slipway.operators.releases import catalogue, make_record
from tests.slipway.tasks.consent import approvals
from tests.slipway.tasks.consent.approvals import (
    ADMISSION,
    CHANGES,
    OTHER_RUN,
    RUN,
    WAY,
    approve,
    go,
    make,
    propose,
    refused,
)

if TYPE_CHECKING:
    from tests.fakes.fleet_cloud import FakeFleetCloud

pytestmark = pytest.mark.usefixtures("artifacts")
cloud = approvals.cloud


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
