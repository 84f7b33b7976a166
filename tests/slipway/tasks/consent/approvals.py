"""An environment that asks, with its tasks and a yes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.fleet import swap
from slipway.hooks.store.approvals import Approval, Proposal
from slipway.operators import leased
from slipway.operators import swap as fleet
from slipway.operators.swap import (
    LaunchCanaryOperator,
    LaunchOperator,
    RetireOldOperator,
    ShiftTrafficOperator,
)
from slipway.tasks.consent import Admission
from tests.fakes.airflow_run import FakeTask
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.slipway.fleet.worlds import deploy, make_image, make_target
from tests.slipway.operators.releases import catalogue, make_proposal, make_record

if TYPE_CHECKING:
    from slipway.model.facts import Json

ADMISSION = Admission(project="shop", environment="dev", asks=True)
LEASE = "/slipway-leases/shop/dev"
RUN, OTHER_RUN = FakeTask(run_id="manual__1"), FakeTask(run_id="manual__2")
WAY = (LaunchOperator, ShiftTrafficOperator, RetireOldOperator)
CHANGES = (LaunchCanaryOperator, *WAY)


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
