"""What stands in for the image, the release and the branch of a run that asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow._shared.timezones import timezone
from airflow.models.hitl import HITLDetail, HITLUser
from airflow.models.taskinstance import TaskInstance
from airflow.models.trigger import handle_event_submit
from airflow.triggers.base import TriggerEvent
from airflow.utils.session import create_session
from sqlalchemy import select

from slipway.hooks.store.approvals import ApprovalBook
from slipway.hooks.store.artifacts import artifact_store
from slipway.model.facts import Json, MachineImage, PublishedPackage, Release
from slipway.operators.preview import ImageOutlook
from slipway.policies.planned_time import SKEW, PlannedTime
from slipway.tasks.order.branch_order import BranchOrder
from tests.slipway.fleet.worlds import make_image
from tests.slipway.operators.releases import make_record

if TYPE_CHECKING:
    from slipway.hooks.store.releases import ReleaseRecord

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


def release(version: str) -> ReleaseRecord:
    record = make_record(version)
    release = Release(project="guestbook", sha=version[0] * 40, version=version)
    return replace(
        record,
        checkout=replace(record.checkout, release=release),
        package=replace(record.package, release=release),
    )


def image(version: str) -> MachineImage:
    record = release(version)
    return replace(
        make_image(version), release=record.checkout.release, deb_sha256=record.package.sha256
    )


def say(option: str) -> Answer:
    """Answer as somebody does in the UI."""

    def answer(case: Case) -> None:
        with create_session(scoped=False) as session:
            ti, detail = waiting(session)
            detail.responded_by = HITLUser(id="7", name="Ada")
            detail.responded_at = timezone.utcnow()
            detail.chosen_options, detail.params_input = [option], {}
            event = TriggerEvent(detail.as_resume_event_payload())
            handle_event_submit(event, task_instance=ti, session=session)

    return answer


def soon() -> Callable[[str], PlannedTime]:
    """Read whatever somebody wrote as a time some seconds ahead: minutes would be long."""
    at = datetime.now(UTC) + SKEW + timedelta(seconds=25)
    return lambda text: PlannedTime(at=at, words=text)


def newer(case: Case) -> None:
    """A newer commit asks; then somebody says yes to the older one after all."""
    book = ApprovalBook(artifact_store(), project="guestbook", environment="dev")
    mine = book.latest()
    assert mine is not None
    book.supersede(replace(mine, name="newer", release=release("3").checkout.release))
    say(APPROVE)(case)


def waiting(session: Any) -> tuple[Any, Any]:
    ti = session.scalar(select(TaskInstance).where(TaskInstance.state == "awaiting_input"))
    return ti, session.get(HITLDetail, ti.id)


class Looks(ImageOutlook):
    """Finds the image."""

    def __init__(self) -> None:
        """Look nowhere."""

    def look(self, package: PublishedPackage) -> tuple[MachineImage, str]:
        """Find it."""
        return image(package.release.version), "uses the one that is there"


class Order(BranchOrder):
    """A straight line."""

    def __init__(self) -> None:
        """Ask no git."""

    def precedes(self, older: str, newer: str) -> bool:
        """Compare."""
        return older < newer
