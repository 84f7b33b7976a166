"""Runs the DAGs of a project that asks, in Airflow itself, and notes what came of each case.

A program of its own, since it needs a database of its own: ``AIRFLOW_HOME`` says where. The one
argument is the file for the outcomes, as JSON. What changes the fleet is real, as are the plan, the
question and the answer; the answer is given as Airflow's API gives it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from unittest import mock

from airflow._shared.timezones import timezone
from airflow.models.hitl import HITLDetail, HITLUser
from airflow.models.taskinstance import TaskInstance, clear_task_instances
from airflow.models.trigger import handle_event_submit
from airflow.models.xcom import XComModel
from airflow.sdk import BaseSensorOperator
from airflow.triggers.base import TriggerEvent
from airflow.utils.session import create_session
from sqlalchemy import select

from include.delivery.commit_dag import build
from include.project.loader import PROJECTS, load_project
from include.project.model import Project
from slipway.fleet import swap
from slipway.hooks.store.approvals import ApprovalBook, Proposal
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.releases import ReleaseCatalogue, ReleaseRecord
from slipway.model.facts import Json, MachineImage, PublishedPackage, Release
from slipway.operators import leased
from slipway.operators import swap as fleet
from slipway.operators.approve import ApproveReleaseOperator
from slipway.operators.bake_image import BakeImageOperator
from slipway.operators.choose_release import ChooseReleaseOperator
from slipway.operators.plan import PlanOperator
from slipway.operators.preflight_look import Preflight
from slipway.operators.preview import ImageOutlook
from slipway.operators.record_release import RecordReleaseOperator, parts
from slipway.operators.roll_back import RollBackOperator
from slipway.operators.swap import LaunchOperator, RetireOldOperator, ShiftTrafficOperator
from slipway.tasks.supersede import BranchOrder
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.slipway.fleet.worlds import deploy, make_image
from tests.slipway.operators.releases import make_record

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
APPROVE, REJECT = "Approve", "Reject"
Answer = Callable[["Case"], None]


@dataclass(kw_only=True)
class Case:
    """One run.

    :param dag_id: of which DAG.
    :param conf: what it is started with.
    :param marked: tasks that are marked as successful by hand, as a pattern.
    :param image: what of the baked image's XCom is edited.
    :param answers: what happens while the question stands there, each time that it is put.
    """

    dag_id: str = "guestbook"
    conf: Json = field(default_factory=dict)
    marked: str | None = None
    image: Json = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)


def _release(version: str) -> ReleaseRecord:
    record = make_record(version)
    release = Release(project="guestbook", sha=version[0] * 40, version=version)
    return replace(
        record,
        checkout=replace(record.checkout, release=release),
        package=replace(record.package, release=release),
    )


def _image(version: str) -> MachineImage:
    record = _release(version)
    return replace(
        make_image(version), release=record.checkout.release, deb_sha256=record.package.sha256
    )


def say(option: str) -> Answer:
    """Answer as somebody does in the UI."""

    def answer(case: Case) -> None:
        with create_session(scoped=False) as session:
            ti, detail = _waiting(session)
            detail.responded_by = HITLUser(id="7", name="Ada")
            detail.responded_at = timezone.utcnow()
            detail.chosen_options, detail.params_input = [option], {}
            event = TriggerEvent(detail.as_resume_event_payload())
            handle_event_submit(event, task_instance=ti, session=session)

    return answer


def edit(task_id: str, key: str, value: Any) -> Answer:
    """Edit an XCom, then say yes."""

    def answer(case: Case) -> None:
        with create_session(scoped=False) as session:
            ti, _ = _waiting(session)
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
            ti, _ = _waiting(session)
            every = session.scalars(select(TaskInstance).where(TaskInstance.run_id == ti.run_id))
            clear_task_instances([one for one in every if one.task_id in task_ids], session)

    return answer


def newer(case: Case) -> None:
    """A newer commit asks; then somebody says yes to the older one after all."""
    book = ApprovalBook(artifact_store(), project="guestbook", environment="dev")
    mine = book.latest()
    assert mine is not None
    book.supersede(replace(mine, name="newer", release=_release("3").checkout.release))
    say(APPROVE)(case)


CASES = {
    "a yes": Case(answers=[say(APPROVE)]),
    "a no": Case(answers=[say(REJECT)]),
    "approve marked": Case(marked="approve"),
    "plan and approve marked": Case(marked="plan|approve"),
    "image edited": Case(
        answers=[say(APPROVE)], image={"release": _release("1").checkout.release.to_json()}
    ),
    "plan's XComs edited": Case(answers=[edit("plan", "replaces", "9")]),
    "release's XComs edited": Case(
        answers=[edit("record_release", "release", _release("1").checkout.release.to_json())]
    ),
    "superseded": Case(answers=[newer]),
    "plan and approve cleared": Case(answers=[clear("plan", "approve"), say(APPROVE)]),
    "approve cleared": Case(answers=[clear("approve"), say(APPROVE)]),
    "dry run of a commit": Case(conf={"dry_run": True}),
    "misspelt": Case(dag_id="guestbook.prod", conf={"versoin": "previous"}),
    "production": Case(dag_id="guestbook.prod", conf={"version": "2"}, answers=[say(APPROVE)]),
    "production marked": Case(dag_id="guestbook.prod", conf={"version": "2"}, marked="approve"),
}


def main(file: str) -> None:
    """Run each case before a cloud of its own."""
    pauses: Any = swap
    pauses._AFTER_CHANGE = pauses._WHILE_WAITING = 0.0
    catalogue = ReleaseCatalogue(artifact_store())
    for version in ("1", "2", "3"):
        catalogue.record(_release(version))
    told = {}
    for number, (name, case) in enumerate(CASES.items()):
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
        release=_release("1").checkout.release,
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
    with mock.patch.object(time, "sleep", _Clock(case, time.sleep).sleep):
        run = dag.test(run_conf=case.conf, mark_success_pattern=case.marked)
    states = {one.task_id: str(one.state) for one in run.get_task_instances()}
    return {
        "run": run.state.value,
        "tasks": {task.task_id: states[task.task_id] for task in dag.tasks},
        "changes": [call for call, _ in cloud.calls[before:]],
        "attached": sorted(str(one.version) for one in cloud.groups.values() if one.attached),
        "leases": list(cloud.ssm.parameters),
        "shown": case.shown,
    }


def _waiting(session: Any) -> tuple[Any, Any]:
    ti = session.scalar(select(TaskInstance).where(TaskInstance.state == "awaiting_input"))
    return ti, session.get(HITLDetail, ti.id)


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


class _Looks(ImageOutlook):
    """Finds the image."""

    def __init__(self) -> None:
        """Look nowhere."""

    def look(self, package: PublishedPackage) -> tuple[MachineImage, str]:
        """Find it."""
        return _image(package.release.version), "uses the one that is there"


class _Order(BranchOrder):
    """A straight line."""

    def __init__(self) -> None:
        """Ask no git."""

    def precedes(self, older: str, newer: str) -> bool:
        """Compare."""
        return older < newer


def _stand_in(task: Any, cloud: FakeFleetCloud, case: Case) -> None:
    if isinstance(task, PlanOperator):
        task.image = _Looks()
        task.schema = None
        task.order = _Order()
    elif not isinstance(task, _REAL):
        task.execute = _says(task, cloud, case)


def _says(task: Any, cloud: FakeFleetCloud, case: Case) -> Callable[[Any], Any]:
    def execute(context: Any) -> Any:
        if isinstance(task, BakeImageOperator):
            return _image("2").to_json() | case.image
        if isinstance(task, RecordReleaseOperator):
            return parts(_release("2"))
        if isinstance(task, BaseSensorOperator):
            for _ in range(_LOOKS):
                cloud.observe()
        return None

    return execute


if __name__ == "__main__":
    main(*sys.argv[1:])
