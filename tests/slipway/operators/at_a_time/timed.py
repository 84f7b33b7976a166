"""A deployment that is set for a time: its plan, its wait, and what people do meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest import mock

from airflow.sdk import DAG

from slipway.hooks.store.approvals import Approval, Proposal
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.controls import ControlBook
from slipway.model.controls import Action, ControlEvent
from slipway.operators.at_a_time.wait_for_time import WaitForTimeOperator
from slipway.operators.plan import PlanOperator
from slipway.operators.preview import ImageOutlook, SchemaOutlook
from slipway.policies.controls import after
from slipway.tasks.at_a_time.agreed import keep_planned_again
from slipway.tasks.consent import Admission
from tests.fakes.airflow_run import FakeTask
from tests.slipway.fleet.worlds import make_image, make_target
from tests.slipway.operators.releases import make_record

if TYPE_CHECKING:
    from slipway.policies.freeze_windows import FreezeWindow

ASKS = Admission(project="shop", environment="dev", asks=True)
ASKS_NOBODY = Admission(project="shop", environment="dev")
PARAMS = ("version", "dry_run", "override_freeze", "urgent", "pass_stop", "at")


def in_a(**more: float) -> str:
    """Return the time so far from now, as people write it."""
    return f"{datetime.now(UTC) + timedelta(**more):%Y-%m-%d %H:%M} UTC"


def context(task_id: str, at: str, run_id: str = "manual__1", **params: Any) -> Any:
    """Return what a task of a run is given that was asked for ten minutes ago."""
    asked = datetime.now(UTC) - timedelta(minutes=10)
    task = FakeTask(run_id=run_id, task_id=task_id)
    run = SimpleNamespace(triggering_user_name="bob", clear_number=0, run_after=asked)
    given = params | ({"at": at} if at else {})
    dag = SimpleNamespace(params=dict.fromkeys(PARAMS))
    return {**task.context, "params": given, "dag": dag, "dag_run": run}


class Timed:
    """The tasks of one run, and what they are told of the world.

    :param admission: of the environment.
    :param windows: of the environment.
    :param run_id: the run's.
    """

    def __init__(
        self,
        admission: Admission = ASKS_NOBODY,
        windows: tuple[FreezeWindow, ...] = (),
        run_id: str = "manual__1",
    ) -> None:
        self.admission, self.run_id = admission, run_id
        self.image = mock.create_autospec(ImageOutlook, instance=True)
        self.image.look.return_value = (make_image("2"), "uses shop-2-abc (ami-2), which is there")
        self.schema = mock.create_autospec(SchemaOutlook, instance=True)
        self.schema.look.return_value = "1 -> 2, applies 2_x.sql"
        looks: dict[str, Any] = {
            "package": make_record("2").package.to_json(),
            "target": make_target(),
            "image": self.image,
            "schema": self.schema,
            "admission": admission,
        }
        with DAG(dag_id="shop.dev", schedule=None):
            self.planning = PlanOperator(task_id="plan", always=False, **looks)
            self.waiting = WaitForTimeOperator(
                task_id="wait_for_time", always=True, windows=windows, **looks
            )
        self.said: dict[str, Any] = {}

    def plan(self, at: str, **params: Any) -> None:
        """Plan beforehand."""
        self.planning.execute(context("plan", at, self.run_id, **params))

    def wait(self, at: str, *, again: bool = False, **params: Any) -> None:
        """Wait for the time, or come back from the trigger."""
        given = context("wait_for_time", at, self.run_id, **params)
        self.said = given["ti"].xcoms
        if again:
            self.waiting.resume(given, {})
        else:
            self.waiting.execute(given)

    def begin(self, at: str) -> None:
        """Plan for a time to come, which then comes; `at` is the time that is over by now."""
        later = datetime.now(UTC) - timedelta(days=1)
        with mock.patch("slipway.tasks.at_a_time.moment.datetime") as clock:
            clock.now.return_value = later
            self.plan(at)

    def proposal(self) -> Proposal:
        """Return what somebody is asked about."""
        found = self.admission.book.proposal("shop.dev", self.run_id)
        assert found is not None
        return found

    def approve(self) -> None:
        """Say yes to the plan."""
        said = Approval(approved=True, by="ann", at=0, digest=self.proposal().digest)
        self.admission.book.answer(self.proposal(), said)


def say(action: Action, said_by: str = "c1", **more: Any) -> None:
    """Have ann hold, stop, reject or cancel."""
    facts: dict[str, Any] = {"project": "shop", "environment": "dev", "by": "ann"}
    facts["why"] = "it loses orders"
    event = ControlEvent(
        action=action,
        at=0,
        dag_id="controls",
        run_id=said_by,
        **(facts | more),
    )
    ControlBook(artifact_store()).note(event, after)


def planned_again(at: str, version: str = "2", replaces: str = "1") -> None:
    release = make_record(version).checkout.release
    keep_planned_again(context("wait_for_time", at), release, replaces)
