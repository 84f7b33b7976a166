"""A person says yes or no to a deployment; who, when and why stay with the run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk.api.datamodels._generated import HITLUser
from airflow.sdk.exceptions import AirflowSkipException, TaskAwaitingInput
from airflow.sdk.execution_time.comms import CreateHITLDetailPayload

from slipway.exceptions import ApprovalMissing
from slipway.hooks.store.approvals import REASON, Approval, Proposal
from slipway.links.extra import ENVIRONMENT
from slipway.model.facts import Json
from slipway.model.text.inert import inert, visible
from slipway.operators.check_freeze import held_up
from slipway.policies.freeze_windows import FreezeWindow
from slipway.policies.rights import listed
from slipway.tasks.at_a_time.moment import its_time_has_come, planned_time
from slipway.tasks.board.show import show_answer, show_question
from slipway.tasks.consent import Admission, may_approve
from slipway.tasks.controls.allowed import require_open
from slipway.tasks.controls.person import assignable
from slipway.tasks.order.newest_approval import superseded_by
from slipway.tasks.params import freeze_override
from slipway.tasks.retries import PersonsMistake, no_retry_on_input_error

if TYPE_CHECKING:
    from airflow.sdk import Context

__all__ = ["APPROVAL", "REASON", "Approval", "ApproveReleaseOperator"]
APPROVAL = "approval"
# Seconds between two looks for a newer commit: a tenth of the time since the question was asked,
# within these limits. Each look starts a worker.
SOONEST, LATEST = 60.0, 900.0
# Characters of a line of the plan on the page; a migration's name has its own limit in it.
_LONGEST_LINE = 1000


class ApproveReleaseOperator(ApprovalOperator):
    """Wait for a person, without a worker.

    The question is what the task ``plan`` kept in the book of approvals, not what it told in an
    XCom; and so is the answer, for the tasks that change something. A no ends the run at once, as
    does no answer within ``response_timeout``: nobody is asked again, and nothing has been changed.
    A yes that comes within a freeze window ends it as well, since it was asked for outside of one.
    Where the run is set for a time, it is that which counts, and the question is open until then.

    :param admission: of the environment.
    :param windows: of the environment.
    :param newest_only: a newer commit that is asked about ends the wait, and the run's deployment.
    :param number: which of the people that have to say yes is asked, from 1.
    :param clock: the time now, with its zone.
    :returns: :class:`Approval` as JSON; the XCom ``approval`` has it also after a no.

    Example::

        approve = ApproveReleaseOperator(
            task_id="approve",
            subject="Deploy to prod?",
            admission=Admission(project="shop", environment="prod", asks=True),
        )
    """

    operator_extra_links = ENVIRONMENT

    def __init__(
        self,
        *,
        admission: Admission,
        windows: Sequence[FreezeWindow] = (),
        newest_only: bool = False,
        number: int = 1,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        **kwargs: Any,
    ) -> None:
        subject = f"Deploy {admission.project} to {admission.environment}?"
        super().__init__(**{"fail_on_reject": True, "subject": subject, **kwargs})
        self.admission = admission
        self.windows = tuple(windows)
        self.newest_only = newest_only
        self.number = number
        self.clock = clock

    def execute(self, context: Context) -> Any:
        """Ask, and leave the worker.

        :raises AirflowFailException: when there is no plan to ask about.
        :raises AirflowSkipException: when a newer commit is asked about.
        :raises TaskAwaitingInput: always, otherwise.
        """
        with no_retry_on_input_error():
            proposal = self._proposal(context)
            self._require_time(context)
            self._leave_to_newer(context, proposal)
            self.subject, self.body = question(
                proposal, freeze_override(context), words_of(self.admission, self.number)
            )
            self.admission.book.withdraw(proposal, self.number)
            self._ask(context, proposal)
        show_question(proposal)
        self.log.info("Waiting for response")
        for notifier in self.notifiers:
            notifier(context)
        self._wait(context, proposal)

    def execute_complete(
        self, context: Context, event: dict[str, Any], digest: str | None = None
    ) -> Json:
        """Keep the answer, and do as it says.

        :param context: the task's.
        :param event: what Airflow hands on.
        :param digest: of the proposal that was shown.
        :raises AirflowFailException: when it was no, came within a freeze window, or never came.
        :raises AirflowSkipException: when a newer commit was asked about meanwhile.
        """
        with no_retry_on_input_error():
            proposal = self._proposal(context, digest=digest)
            if event.get("error_type") == "timeout":
                self._go_on_waiting(context, proposal)
            show_answer(context, self.admission.project, self.admission.environment)
            if "error" in event:
                self.process_trigger_event_error(event)
            approval = Approval.of(event, proposal=proposal)
            ti: Any = context["ti"]
            ti.xcom_push(key=APPROVAL, value=approval.to_json())
            self.log.info("%s", approval)
            self.log.info("the run was started by %s", visible(approval.started_by))
            if not approval.approved:
                self.admission.book.answer(proposal, approval, self.number)
                msg = f"{approval}; nothing was changed"
                raise PersonsMistake(msg)
            super().execute_complete(context, event)
            self._count(context, proposal, approval)
        return approval.to_json()

    def _count(self, context: Context, proposal: Proposal, approval: Approval) -> None:
        """Keep a yes, if it counts."""
        self._leave_to_newer(context, proposal)
        given = [self.admission.book.approval(proposal, n) for n in range(1, self.number)]
        earlier = [one for one in given if one is not None]
        if refusal := may_approve(approval, proposal, self.admission.rules, earlier):
            msg = f"the yes of {visible(approval.by)} does not count: {refusal}"
            raise ApprovalMissing(msg, advice="let somebody else approve a new run")
        require_open(context, self.admission, proposal.release.version)
        held_up(self.windows, self.clock(), context, self.log, self.admission)
        self.admission.book.answer(proposal, approval, self.number)

    def _proposal(self, context: Context, digest: str | None = None) -> Proposal:
        ti: Any = context["ti"]
        found = self.admission.book.proposal(ti.dag_id, ti.run_id)
        if found is None:
            msg = "there is no plan to approve: the task `plan` did not make one in this run"
            raise ApprovalMissing(msg, advice="trigger a new run")
        if digest not in (None, found.digest):
            msg = "the plan was made anew while somebody was asked about the one before"
            raise ApprovalMissing(msg, advice="trigger a new run")
        return found

    def _ask(self, context: Context, proposal: Proposal) -> None:
        put_question(self, context, assignable(self.admission.rules.may.approve or ()))
        self.log.info("asking about %s (%s)", proposal.release.version, proposal.digest)

    def _wait(self, context: Context, proposal: Proposal) -> NoReturn:
        left = self._left(context, proposal)
        if self.newest_only:
            waited = self.clock().timestamp() - proposal.made_at
            pause = timedelta(seconds=min(max(waited / 10, SOONEST), LATEST))
            left = min(left, pause) if left is not None else pause
        kwargs = {"digest": proposal.digest}
        raise TaskAwaitingInput(method_name="execute_complete", kwargs=kwargs, timeout=left)

    def _left(self, context: Context, proposal: Proposal) -> timedelta | None:
        if (planned := planned_time(context)) is not None:
            return planned.at - self.clock()
        if self.response_timeout is None:
            return None
        made = datetime.fromtimestamp(proposal.made_at, UTC)
        return made + self.response_timeout - self.clock()

    def _go_on_waiting(self, context: Context, proposal: Proposal) -> NoReturn:
        left = self._left(context, proposal)
        if self.newest_only and (left is None or left > timedelta(0)):
            self._leave_to_newer(context, proposal)
            self._wait(context, proposal)
        show_answer(context, self.admission.project, self.admission.environment)
        self._require_time(context)
        msg = f"nobody answered within {self.response_timeout}; nothing was changed"
        raise PersonsMistake(msg)

    def _require_time(self, context: Context) -> None:
        if its_time_has_come(context, self.clock()):
            msg = f"nobody answered before {planned_time(context)}; nothing was changed"
            raise PersonsMistake(msg)

    def _leave_to_newer(self, context: Context, proposal: Proposal) -> None:
        newer = superseded_by(self.admission.book, proposal) if self.newest_only else None
        if newer is not None:
            context["ti"].xcom_push(key="superseded_by", value=newer)
            msg = f"superseded by {newer}"
            raise AirflowSkipException(msg)


def put_question(
    operator: ApprovalOperator, context: Context, assigned: Sequence[str] = ()
) -> None:
    """Put an operator's question, and make sure that it is the one that people see.

    Airflow keeps the first question of a task for good, also when the task is cleared.

    :param operator: whose subject and body are the question.
    :param context: the task's.
    :param assigned: logins from which alone Airflow takes an answer; none for anybody's.
    :raises ApprovalMissing: when people see another.
    """
    from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

    asked = CreateHITLDetailPayload(
        ti_id=context["ti"].id,
        options=operator.options,
        subject=operator.subject,
        body=operator.body,
        defaults=None,
        multiple=False,
        params=operator.serialized_params,
        assigned_users=[HITLUser(id=one, name=one) for one in assigned],
    )
    shown: Any = SUPERVISOR_COMMS.send(msg=asked)
    if (shown.subject, shown.body) != (operator.subject, operator.body):
        msg = "Airflow still shows what this run asked about before"
        raise ApprovalMissing(msg, advice="trigger a new run")


def words_of(admission: Admission, number: int) -> list[str]:
    """Say who is asked: the page is open to all who may answer in Airflow.

    :param admission: of the environment.
    :param number: which of those who have to say yes.
    """
    rules = admission.rules
    words = []
    if rules.approvals > 1:
        words.append(f"This is yes {number} of {rules.approvals}, each by another person.")
    if rules.may.approve is not None:
        words.append(f"A yes counts of: {inert(listed(rules.may.approve), 500)}.")
    if rules.four_eyes:
        words.append("Whoever started the run, or has a commit in it, does not count.")
    return words


def question(proposal: Proposal, override: str = "", asked: Sequence[str] = ()) -> tuple[str, str]:
    """Word what a person is asked: the headline, and the page in Markdown.

    :param proposal: what it is about.
    :param override: the reason for which a freeze was overridden.
    :param asked: who is asked.
    """
    release = proposal.release
    when = f" at {proposal.at}" if proposal.at else ""
    subject = f"Deploy {release.project} {release.version} to {proposal.environment}{when}?"
    lines = [f"- {inert(line, _LONGEST_LINE)}" for line in proposal.lines]
    ends = [
        f"Started by {inert(proposal.started_by)}.",
        f"Package `{proposal.sha256[:16]}`, plan `{proposal.digest}`.",
    ]
    if override:
        ends.insert(0, f"A freeze is overridden: {inert(override, 500)}")
    ends = [*asked, *ends]
    return visible(subject, 500), "\n".join([*lines, "", *(f"{end}\n" for end in ends)])
