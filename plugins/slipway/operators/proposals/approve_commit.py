"""Whether a pull request may run: by the project's rules, or because a person said so."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk.exceptions import TaskAwaitingInput

from slipway.exceptions import ApprovalMissing
from slipway.hooks.store.approvals import Approval
from slipway.hooks.store.runs.facts import digest
from slipway.model.facts import Checkout, Json
from slipway.model.git.repository import Repository
from slipway.operators.approve import LATEST, SOONEST, put_question
from slipway.policies.pull_requests import Asks
from slipway.tasks.kept_facts import CHECKOUT, forget_fact, keep_fact, same_as_kept
from slipway.tasks.making_way.superseded_run import make_way
from slipway.tasks.proposals.question import question
from slipway.tasks.proposals.source import proposed_files
from slipway.tasks.retries import PersonsMistake, no_retry_on_input_error

if TYPE_CHECKING:
    from airflow.sdk import Context


class ApproveCommitOperator(ApprovalOperator):
    """Let a pull request run; wait for a person, without a worker, where it changes what runs here.

    That is the pipeline file, and the migrations. What it changes is compared with the branch that
    it wants to go to, and shown. A yes counts for this commit, merged with this state of that
    branch; the tasks that follow look for themselves whether there is one.

    :param checkout: :class:`slipway.model.facts.Checkout` as JSON.
    :param repository: that the pull request is for.
    :param asks: :class:`slipway.policies.pull_requests.Asks`: for whose a person is asked.
    :param paths: files and folders that say what runs here.
    :returns: what was decided: ``asked``, and by whom, when and why.

    Example::

        approve = ApproveCommitOperator(
            task_id="approve_commit",
            checkout=checkout.output,
            repository=Repository(url="https://git.example.com/shop.git"),
            paths=(".drone.yml", "migrations"),
        )
    """

    template_fields: Sequence[str] = ("checkout",)

    def __init__(
        self,
        *,
        checkout: Any,
        repository: Repository,
        asks: str = Asks.FORKS,
        paths: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(
            **{"fail_on_reject": True, "subject": "Run a pull request?", **kwargs},
        )
        self.checkout = checkout
        self.repository = repository
        self.asks = Asks(asks)
        self.paths = tuple(paths)

    def execute(self, context: Context) -> Any:
        """Look at what has changed, and ask where that must be.

        :raises TaskAwaitingInput: when somebody is asked.
        """
        with no_retry_on_input_error():
            forget_fact(context)
            checkout = self._checkout(context)
            if not self.asks.about(checkout.cause):
                return self._let_in(context, checkout)
            mirror = proposed_files(checkout, self.repository)
            base = checkout.merge.target if checkout.merge else checkout.release.sha
            changed = mirror.changed(base, checkout.files, *self.paths)
            if not changed:
                self.log.info("neither the pipeline file nor the migrations were changed")
                return self._let_in(context, checkout)
            shown = mirror.difference(base, checkout.files, *self.paths)
            self.subject, self.body = question(checkout, changed, shown)
            put_question(self, context)
            self.log.info("asking whether %s may run", checkout.release.sha)
        for notifier in self.notifiers:
            notifier(context)
        return self._wait(digest(checkout), time.time())

    def execute_complete(
        self,
        context: Context,
        event: dict[str, Any],
        digest: str | None = None,
        since: float = 0.0,
    ) -> Json:
        """Do as the answer says.

        :param context: the task's.
        :param event: what Airflow hands on.
        :param digest: of the checkout that somebody was asked about.
        :param since: when that was, seconds since 1970.
        :raises AirflowFailException: when it was no, or never came.
        :raises AirflowSkipException: when a newer commit has come meanwhile, or the pull request
            came to its end.
        """
        make_way(context)
        with no_retry_on_input_error():
            checkout = self._checkout(context)
            self._require_same(checkout, digest)
            if event.get("error_type") == "timeout":
                self._wait(str(digest), since)
            if "error" in event:
                self.process_trigger_event_error(event)
            approval = Approval.of(event)
            self.log.info("%s", approval)
            if not approval.approved:
                msg = f"{approval}; nothing was run"
                raise PersonsMistake(msg)
            super().execute_complete(context, event)
            return self._let_in(context, checkout, approval)

    def _wait(self, asked: str, since: float) -> NoReturn:
        """Leave the worker, and come back now and then: a newer commit may have come.

        :raises AirflowFailException: when nobody has answered in time.
        """
        waited = time.time() - since
        pause = timedelta(seconds=min(max(waited / 10, SOONEST), LATEST))
        if self.response_timeout is not None:
            left = self.response_timeout - timedelta(seconds=waited)
            if left <= timedelta():
                msg = f"nobody answered within {self.response_timeout}; nothing was run"
                raise PersonsMistake(msg)
            pause = min(pause, left)
        kwargs = {"digest": asked, "since": since}
        raise TaskAwaitingInput(method_name="execute_complete", kwargs=kwargs, timeout=pause)

    def _checkout(self, context: Context) -> Checkout:
        return same_as_kept(context, CHECKOUT, Checkout.from_json(self.checkout))

    def _require_same(self, checkout: Checkout, asked: str | None) -> None:
        if asked != digest(checkout):
            msg = "checkout was run again while somebody was asked about what it found before"
            raise ApprovalMissing(msg, advice="trigger a new run")

    def _let_in(
        self, context: Context, checkout: Checkout, approval: Approval | None = None
    ) -> Json:
        told: Json = {"asked": approval is not None}
        if approval is not None:
            told |= {"by": approval.by, "at": approval.at, "reason": approval.reason}
        return keep_fact(context, checkout.release, told, of=checkout)
