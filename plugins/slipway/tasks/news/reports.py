"""What tasks leave to be told to people, as Airflow's callbacks.

As with statuses, a task's own work comes first: it waits two seconds for the store at most, and
nothing that goes wrong here is its affair.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from airflow.sdk.configuration import conf

from slipway.exceptions import (
    ApprovalMissing,
    ApprovalUsedUp,
    DryRunOnly,
    EnvironmentBusy,
    EnvironmentFrozen,
    FactMissing,
    InputError,
    LeaseHeld,
    PipelineStopped,
    PlanOutdated,
    ReleaseAltered,
    UnknownParameter,
)
from slipway.hooks.store.artifacts import artifact_store
from slipway.model.facts import Checkout, Release
from slipway.model.git.repository import Repository
from slipway.model.news.channel import NewsRoutes
from slipway.model.news.event import NewsEvent
from slipway.model.news.memory import Place, PlaceMemory, Result
from slipway.model.news.note import NewsNote
from slipway.policies import commit_status as words
from slipway.tasks.consent import Admission
from slipway.tasks.kept_facts import CHECKOUT, kept_fact, run_facts
from slipway.tasks.making_way.side_by_side import STOPPED
from slipway.tasks.news.commits import commits_of, is_late
from slipway.tasks.news.deployments import DeploymentNews
from slipway.tasks.news.remember import let_count
from slipway.tasks.own_swap import failed_tasks
from slipway.tasks.params import is_dry_run
from slipway.tasks.statuses.causes import (
    cause_of,
    counts_of,
    had_begun,
    reason,
    went_back,
)
from slipway.tasks.statuses.subject import CHOOSE_RELEASE

if TYPE_CHECKING:
    from airflow.sdk import Context

# Seconds that a task's process waits for its news to be left.
_PATIENCE = 2.0
# What says nothing of the commit: somebody's no, somebody else's turn, a rule.
_NO_NEWS = (
    ApprovalMissing,
    ApprovalUsedUp,
    DryRunOnly,
    EnvironmentBusy,
    EnvironmentFrozen,
    FactMissing,
    LeaseHeld,
    PipelineStopped,
    PlanOutdated,
    ReleaseAltered,
    UnknownParameter,
)
_RETIRE = "retire_old"
# Names of failed tests in one message.
_MOST_TESTS = 5


class Tells(StrEnum):
    """What the end of a task is news of."""

    # Of its failure alone.
    FAILURE = "failure"
    # The same; where the run has begun its swap, that its release failed. The way back comes after.
    FAILURE_OF_SWAP = "failure of swap"
    # Its success is that of the branch.
    PASSED = "passed"
    # Its success ends a swap.
    SWAP = "swap"
    # The way back: its success may end a swap as well.
    WAY_BACK = "way back"


@dataclasses.dataclass(frozen=True, kw_only=True)
class NewsReporter:
    """The callbacks of one task.

    :param routes: the project's channels.
    :param repository: that its commits are in.
    :param environment: that the task deploys to; empty before the release.
    :param tells: what its end is news of.
    """

    routes: NewsRoutes
    repository: Repository
    environment: str = ""
    tells: Tells = Tells.FAILURE

    def on_success(self, context: Context) -> None:
        """Tell what came of the task."""
        if self.tells is Tells.PASSED:
            self.beside(context, lambda: self._count(context, passed=True, why=""))
        elif self.tells is Tells.SWAP or (self.tells is Tells.WAY_BACK and went_back(context)):
            self.beside(context, lambda: self._swap(context))
        elif self.tells is Tells.WAY_BACK and had_begun(context):
            self.beside(context, lambda: self._nothing_went(context))

    def on_failure(self, context: Context) -> None:
        """Tell what failed, if that says anything of the commit."""
        if not self._is_news(context):
            return
        if self.tells is Tells.FAILURE_OF_SWAP and _is_swapping(context):
            # Only what is noted of the swap: whoever gives up for others fails no release.
            gate = context["ti"].task_id.rpartition(".")[2]
            self.beside(context, lambda: self._swap(context, gate))
            return
        why = reason(context)
        if counts := counts_of(context):
            why = words.tests_failed(counts, why)
        if self.environment:
            step = context["ti"].task_id.rpartition(".")[2]
            why = f"{step}: {why}"
        self.beside(context, lambda: self._count(context, passed=False, why=why))

    def _is_news(self, context: Context) -> bool:
        said_no = isinstance(cause_of(context), _NO_NEWS)
        return not said_no and not _stopped_for_others(context["ti"])

    def beside(self, context: Context, work: Callable[[], None]) -> None:
        """Work in a thread, which ends with this process.

        :param context: the task's.
        :param work: whatever goes wrong in it is said, and nothing more.
        """

        def guarded() -> None:
            try:
                if not is_dry_run(context):
                    work()
            except Exception as error:
                context["task"].log.warning("no news are told of this: %s", error)

        thread = threading.Thread(target=guarded, name="news", daemon=True)
        thread.start()
        thread.join(_PATIENCE)
        if thread.is_alive():
            log = context["task"].log
            log.warning("no news are told of this: the artifact store does not answer")

    def _count(
        self, context: Context, *, passed: bool, why: str, event: NewsEvent | None = None
    ) -> None:
        checkout = self._checkout(context)
        release = checkout.release
        result = Result(
            passed=passed,
            at=time.time(),
            sha=release.sha,
            version=release.version,
            position=checkout.position,
            subject=f"{context['ti'].run_id}: {why}" if event else "",
            why=why,
            url=_log_url(context["ti"]),
        )
        let_count(
            artifact_store(),
            self.routes,
            self._place(checkout),
            result,
            event=event,
            is_late=lambda last: self._is_late(context, result, last),
            tell=lambda note, known: self._with_commits(context, note, known, checkout),
        )

    def _place(self, checkout: Checkout) -> Place:
        if self.environment:
            return Place(environment=self.environment)
        return Place(branch=checkout.tag or checkout.branch, is_tag=bool(checkout.tag))

    def _is_late(self, context: Context, result: Result, last: Result | None) -> bool:
        # Whoever gives an environment an older release means it.
        if self.environment and CHECKOUT not in context["dag"].task_ids:
            return False
        return is_late(self.repository, result, last)

    def _with_commits(
        self, context: Context, note: NewsNote, known: PlaceMemory, checkout: Checkout
    ) -> NewsNote:
        old = known.good.sha if known.good else ""
        if NewsEvent.FIXED in note.events and known.last:
            old = known.last.sha
        commits, more = commits_of(self.repository, old, checkout, note.sha)
        # An outage is no author's doing: the channel is told, and nobody by name.
        blamed = isinstance(cause_of(context), InputError) or not context.get("exception")
        return dataclasses.replace(
            note,
            lines=_failed_tests(context),
            commits=commits if blamed else (),
            more=more if blamed else 0,
            repository=self.repository.url,
        )

    def _swap(self, context: Context, gate: str = "") -> None:
        ti: Any = context["ti"]
        news = DeploymentNews(
            store=artifact_store(),
            routes=self.routes,
            environment=self.environment,
            repository=self.repository,
        )
        news.tell(since=time.time(), run=(ti.dag_id, ti.run_id), gate=gate)

    def _nothing_went(self, context: Context) -> None:
        """Tell of a swap that had taken the traffic over before its run failed."""
        failed = failed_tasks(context["ti"])
        why = f"{failed[0]} failed" if failed else "it failed"
        # Whoever was told of a gate is told what came of it; the last task tells of itself.
        event = NewsEvent.FAILED if failed and failed[0] != _RETIRE else None
        self._count(context, passed=False, why=f"{why}; nothing was rolled back", event=event)

    def _checkout(self, context: Context) -> Checkout:
        """Return the commit that the run is about, as it is on record."""
        if CHECKOUT in context["dag"].task_ids:
            return Checkout.from_json(kept_fact(context, CHECKOUT).told)
        told = context["ti"].xcom_pull(task_ids=CHOOSE_RELEASE, key="release")
        door = Admission(project=self.routes.project, environment=self.environment)
        return door.record(Release.from_json(told)).checkout


def _is_swapping(context: Context) -> bool:
    facts = run_facts(context)
    return facts is not None and facts.swap() is not None


def _stopped_for_others(ti: Any) -> bool:
    """Tell whether a task stopped for another one's failure, which is told in its place."""
    try:
        return bool(ti.xcom_pull(task_ids=ti.task_id, key=STOPPED))
    except Exception:
        return False


def _failed_tests(context: Context) -> tuple[str, ...]:
    counts = counts_of(context)
    if counts is None or not context.get("exception"):
        return ()
    return tuple(f"{one.name}: {one.message}" for one in counts.failed[:_MOST_TESTS])


def _log_url(ti: Any) -> str:
    """Return the page of a task's log; nothing where Airflow is not told its own address."""
    return str(ti.log_url) if conf.get("api", "base_url", fallback="") else ""
