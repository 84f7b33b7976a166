"""What is remembered of a run, and what a dry run does not do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.deployments import DeploymentHistory
from slipway.model.cloud.account import Account
from slipway.operators import bake_image
from slipway.operators.bake_image import BakeImageOperator
from slipway.operators.record_release import RecordDeploymentOperator
from slipway.operators.roll_back import RollBackOperator
from slipway.operators.swap import LaunchOperator, ShiftTrafficOperator
from tests.slipway.operators.releases import make_record
from tests.slipway.operators.swap.begin import runs
from tests.slipway.operators.swap.begin.runs import (
    ADMISSION,
    BEFORE,
    CHANGES,
    GOES_ON,
    OTHER_RUN,
    context,
    make,
    state,
)

if TYPE_CHECKING:
    from tests.fakes.fleet_cloud import FakeFleetCloud

pytestmark = pytest.mark.usefixtures("artifacts")
cloud, migrated = runs.cloud, runs.migrated


def remember() -> list[str]:
    """Let the last task of a run write into the history; returns what stands there."""
    RecordDeploymentOperator(
        task_id="t",
        release=make_record("2").checkout.release.to_json(),
        environment="dev",
        admission=ADMISSION,
    ).execute(context())
    return DeploymentHistory(artifact_store()).versions("shop", "dev")


def test_a_release_that_served_is_remembered(cloud: FakeFleetCloud) -> None:
    for kind in (LaunchOperator, *GOES_ON):
        make(kind, BEFORE).execute(context())
    assert remember() == ["2"]


@pytest.mark.parametrize(
    "done",
    [
        (),
        (LaunchOperator,),
        (LaunchOperator, ShiftTrafficOperator),
        (LaunchOperator, ShiftTrafficOperator, RollBackOperator),
        (LaunchOperator, *GOES_ON, RollBackOperator),
    ],
)
def test_a_release_is_not_remembered_by_marking_what_should_bring_it(
    done: tuple[Any, ...], cloud: FakeFleetCloud
) -> None:
    for kind in done:
        make(kind, BEFORE).execute(context())
    with pytest.raises(AirflowFailException, match="no swap of this run has brought 2 into"):
        remember()
    assert DeploymentHistory(artifact_store()).versions("shop", "dev") == []


def test_another_runs_swap_is_not_this_ones_to_remember(cloud: FakeFleetCloud) -> None:
    for kind in (LaunchOperator, *GOES_ON):
        make(kind, BEFORE).execute(context(OTHER_RUN))
    with pytest.raises(AirflowFailException, match="no swap of this run"):
        remember()


@pytest.mark.parametrize("kind", CHANGES)
def test_a_dry_run_whose_plan_was_marked_changes_nothing(
    kind: Any, cloud: FakeFleetCloud, migrated: mock.Mock
) -> None:
    before = state(cloud)
    with pytest.raises(AirflowFailException, match=r"this is a dry run(?s:.*)what to do"):
        make(kind, BEFORE).execute(context(dry_run=True))
    assert state(cloud) == before
    migrated.assert_not_called()


def test_a_dry_run_has_nothing_to_roll_back(cloud: FakeFleetCloud) -> None:
    before = state(cloud)
    with pytest.raises(AirflowSkipException, match="nothing was launched"):
        make(RollBackOperator, BEFORE).execute(context(dry_run=True))
    assert state(cloud) == before


def test_a_dry_run_bakes_nothing_and_is_no_deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    aws = mock.Mock()
    monkeypatch.setattr(bake_image, "aws_client", aws)
    record = make_record("2")
    tasks: list[Any] = [
        BakeImageOperator(
            task_id="t",
            package=record.package.to_json(),
            unit="u",
            config={},
            account=Account(aws_conn_id="a", region="r"),
            admission=ADMISSION,
        ),
        RecordDeploymentOperator(
            task_id="t",
            release=record.checkout.release.to_json(),
            environment="dev",
            admission=ADMISSION,
        ),
    ]
    for task in tasks:
        with pytest.raises(AirflowFailException, match="this is a dry run"):
            task.execute(context(dry_run=True))
    aws.assert_not_called()
    assert DeploymentHistory(artifact_store()).versions("shop", "dev") == []
