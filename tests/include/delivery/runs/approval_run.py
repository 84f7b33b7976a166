"""Runs the DAGs of a project that asks, in Airflow itself, and notes what came of each case.

A program of its own, since it needs a database of its own: ``AIRFLOW_HOME`` says where. The one
argument is the file for the outcomes, as JSON. What changes the fleet is real, as are the plan, the
question and the answer; the answer is given as Airflow's API gives it.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from airflow.models.hitl import HITLDetail
from airflow.models.taskinstance import TaskInstance, clear_task_instances
from airflow.models.xcom import XComModel
from airflow.sdk import BaseSensorOperator
from airflow.utils.session import create_session
from sqlalchemy import select

from include.delivery.commit_dag import build
from include.project.loader import PROJECTS, load_project
from slipway.fleet import swap
from slipway.hooks.store.approvals import ApprovalBook, Proposal
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.operators import leased
from slipway.operators import swap as fleet
from slipway.operators.approve import ApproveReleaseOperator
from slipway.operators.bake_image import BakeImageOperator
from slipway.operators.choose_release import ChooseReleaseOperator
from slipway.operators.plan import PlanOperator
from slipway.operators.preflight_look import Preflight
from slipway.operators.record_release import RecordReleaseOperator, parts
from slipway.operators.roll_back import RollBackOperator
from slipway.operators.swap import LaunchOperator, RetireOldOperator, ShiftTrafficOperator
from slipway.tasks.at_a_time import moment
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.include.delivery.runs.approval_stand_ins import (
    APPROVE,
    REJECT,
    Answer,
    Case,
    Looks,
    Order,
    image,
    newer,
    release,
    say,
    soon,
    waiting,
)
from tests.slipway.fleet.worlds import deploy

if TYPE_CHECKING:
    from collections.abc import Callable

    from include.project.model import Project
    from slipway.model.facts import Json

_REAL = (
    ApproveReleaseOperator,
    ChooseReleaseOperator,
    LaunchOperator,
    PlanOperator,
    RetireOldOperator,
    RollBackOperator,
    ShiftTrafficOperator,
)
# Looks that a gate has at the fleet before it opens: the cloud's time passes by them.
_LOOKS = 3


def edit(task_id: str, key: str, value: Any) -> Answer:
    """Edit an XCom, then say yes."""

    def answer(case: Case) -> None:
        with create_session(scoped=False) as session:
            ti, _ = waiting(session)
            XComModel.set(
                key=key,
                value=value,
                dag_id=ti.dag_id,
                task_id=task_id,
                run_id=ti.run_id,
                session=session,
            )
        say(APPROVE)(case)

    return answer


def clear(*task_ids: str) -> Answer:
    """Clear tasks while the question stands there."""

    def answer(case: Case) -> None:
        with create_session(scoped=False) as session:
            ti, _ = waiting(session)
            every = session.scalars(select(TaskInstance).where(TaskInstance.run_id == ti.run_id))
            clear_task_instances([one for one in every if one.task_id in task_ids], session)

    return answer


TIMED: dict[str, Any] = {"version": "2", "at": "2026-12-01 06:00 UTC"}
CASES = {
    "a yes": Case(answers=[say(APPROVE)]),
    "a no": Case(answers=[say(REJECT)]),
    "approve marked": Case(marked="approve"),
    "plan and approve marked": Case(marked="plan|approve"),
    "image edited": Case(
        answers=[say(APPROVE)], image={"release": release("1").checkout.release.to_json()}
    ),
    "plan's XComs edited": Case(answers=[edit("plan", "replaces", "9")]),
    "release's XComs edited": Case(
        answers=[edit("record_release", "release", release("1").checkout.release.to_json())]
    ),
    "superseded": Case(answers=[newer]),
    "plan and approve cleared": Case(answers=[clear("plan", "approve"), say(APPROVE)]),
    "approve cleared": Case(answers=[clear("approve"), say(APPROVE)]),
    "dry run of a commit": Case(conf={"dry_run": True}),
    "misspelt": Case(dag_id="guestbook.prod", conf={"versoin": "previous"}),
    "production": Case(dag_id="guestbook.prod", conf={"version": "2"}, answers=[say(APPROVE)]),
    "production marked": Case(dag_id="guestbook.prod", conf={"version": "2"}, marked="approve"),
}

# Run apart from the others, since they wait for half a minute each.
AT_A_TIME = {
    "at a time": Case(dag_id="guestbook.prod", conf=TIMED, answers=[say(APPROVE)]),
    "at a time marked": Case(
        dag_id="guestbook.prod", conf=TIMED, marked="wait_for_time", answers=[say(APPROVE)]
    ),
}


def main(file: str, which: str = "") -> None:
    """Run each case before a cloud of its own.

    :param which: ``at a time`` for those; all the others if not given.
    """
    pauses: Any = swap
    pauses._AFTER_CHANGE = pauses._WHILE_WAITING = 0.0
    catalogue = ReleaseCatalogue(artifact_store())
    for version in ("1", "2", "3"):
        catalogue.record(release(version))
    told = {}
    for number, (name, case) in enumerate((AT_A_TIME if which else CASES).items()):
        book = ApprovalBook(artifact_store(), project="guestbook", environment="dev")
        book.supersede(_nobody(number))
        print(f"case: {name}", flush=True)
        told[name] = _outcome(case)
    Path(file).write_text(json.dumps(told))


def _nobody(number: int) -> Proposal:
    """An older commit that once asked, so that the cases do not see each other."""
    return Proposal(
        name=f"before-{number}",
        dag_id="guestbook",
        run_id="x",
        environment="dev",
        release=release("1").checkout.release,
        sha256="d",
        replaces="",
        lines=(),
        made_at=0,
        started_by="",
    )


def _project() -> Project:
    project = load_project(PROJECTS / "guestbook.yaml")
    dev = project.environments["dev"].model_copy(update={"approval": True})
    changed = {
        # Airflow's tests have one line to the server, which no thread beside a task may use.
        "repository": project.repository.model_copy(update={"statuses": False}),
        "environments": {**project.environments, "dev": dev},
    }
    return project.model_copy(update=changed)


def _outcome(case: Case) -> Json:
    cloud = FakeFleetCloud(healthy={"1", "2"})
    deploy(cloud, "1")
    before = len(cloud.calls)
    doors: Any = fleet
    doors.fleet_cloud = lambda *_, **__: cloud
    doors.require_recorded = lambda *_: None
    # The cloud in memory has server groups and no more.
    looks: Any = Preflight
    looks.look, looks.require_open = (lambda *_: ()), (lambda *_: None)
    # No commit of these is in a repository, in which one would come after the other.
    order: Any = leased
    order.overtaken = lambda *_: None
    dag = build(_project(), case.dag_id)
    for task in dag.tasks:
        _stand_in(task, cloud, case)
    sleep = _Clock(case, time.sleep).sleep
    with mock.patch.object(time, "sleep", sleep), mock.patch.object(moment, "read", soon()):
        run = dag.test(run_conf=case.conf, mark_success_pattern=case.marked)
    states = {one.task_id: str(one.state) for one in run.get_task_instances()}
    return {
        "run": run.state.value,
        "tasks": {task.task_id: states[task.task_id] for task in dag.tasks},
        "changes": [call for call, _ in cloud.calls[before:]],
        "attached": sorted(str(one.version) for one in cloud.groups.values() if one.attached),
        "leases": list(cloud.ssm.parameters),
        "shown": case.shown,
        "waited": _told(run.run_id),
    }


class _Clock:
    """The time, in which somebody comes while the run has nothing to do but to wait."""

    def __init__(self, case: Case, sleep: Callable[[float], None]) -> None:
        self._case = case
        self._sleep = sleep

    def sleep(self, seconds: float) -> None:
        """Answer, if there is a question; pause otherwise."""
        body = _question() if self._case.answers else ""
        if body:
            self._case.answers.pop(0)(self._case)
            self._case.shown.append(body)
        else:
            self._sleep(seconds / 10)


def _question() -> str:
    with create_session(scoped=False) as session:
        waiting = select(TaskInstance).where(TaskInstance.state == "awaiting_input")
        ti = session.scalar(waiting)
        detail = session.get(HITLDetail, ti.id) if ti else None
        return str(detail.body) if detail else ""


def _told(run_id: str) -> bool:
    """Tell whether the run said of its task that it waits for its time."""
    with create_session(scoped=False) as session:
        rows = select(XComModel.value).where(
            XComModel.run_id == run_id,
            XComModel.task_id == "wait_for_time",
            XComModel.key == "waits",
        )
        return [str(one) for one in session.scalars(rows)] != []


def _stand_in(task: Any, cloud: FakeFleetCloud, case: Case) -> None:
    if isinstance(task, PlanOperator):
        task.image = Looks()
        task.schema = None
        task.order = Order()
    elif not isinstance(task, _REAL):
        task.execute = _says(task, cloud, case)


def _says(task: Any, cloud: FakeFleetCloud, case: Case) -> Callable[[Any], Any]:
    def execute(context: Any) -> Any:
        if isinstance(task, BakeImageOperator):
            return image("2").to_json() | case.image
        if isinstance(task, RecordReleaseOperator):
            return parts(release("2"))
        if isinstance(task, BaseSensorOperator):
            for _ in range(_LOOKS):
                cloud.observe()
        return None

    return execute


if __name__ == "__main__":
    main(*sys.argv[1:])
