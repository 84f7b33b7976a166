"""A plan that was made, and what it said."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from unittest import mock

import pytest
from airflow.sdk import DAG, BaseOperator

from slipway.operators import swap
from slipway.operators.plan import PlanOperator
from slipway.operators.preview import ImageOutlook, SchemaOutlook
from slipway.tasks.order.branch_order import BranchOrder
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.slipway.fleet.worlds import deploy, make_image, make_target
from tests.slipway.operators.releases import make_record

if TYPE_CHECKING:
    from slipway.tasks.board.between import Between
    from slipway.tasks.consent import Admission


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


def order(*shas: str) -> BranchOrder:
    """A branch of these commits, the oldest first; whatever else there is lies elsewhere."""

    def precedes(older: str, newer: str) -> bool:
        return older in shas and newer in shas and shas.index(older) < shas.index(newer)

    found = mock.create_autospec(BranchOrder, instance=True)
    found.precedes.side_effect = precedes
    return cast("BranchOrder", found)
