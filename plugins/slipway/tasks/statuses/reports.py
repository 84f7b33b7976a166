"""What the tasks of a stage leave for the commit's page, as Airflow's callbacks.

A task that begins leaves its note from a thread beside it. One that has ended leaves it after
Airflow was told, or as the last thing before: one small object in the store, and no word to any
host. Nothing that goes wrong here is the task's affair.
"""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from airflow.sdk._shared.secrets_masker import redact
from airflow.sdk.configuration import conf

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.heads import RUN_OF
from slipway.hooks.store.notes.statuses import StatusNotes
from slipway.hooks.store.runs.facts import RunFacts
from slipway.model.facts import DebPackage, PublishedPackage, SchemaVersion, TestReport
from slipway.model.forge.place import ForgePlace
from slipway.model.forge.status import CommitStatus, StatusNote, StatusState
from slipway.model.text.inert import brief
from slipway.policies import commit_status as words
from slipway.tasks.kept_facts import CHECKOUT, kept_fact
from slipway.tasks.making_way.side_by_side import STOPPED
from slipway.tasks.params import is_dry_run
from slipway.tasks.statuses.causes import (
    closed_with,
    counts_of,
    held_by,
    reason,
    stopped_by,
    superseded_by,
    went_back,
)
from slipway.tasks.statuses.subject import Subject, release_of, subject_of

if TYPE_CHECKING:
    from airflow.sdk import Context

# Seconds that a task's process waits for its notes to be written, and not for long: of a failure
# Airflow is told when the process has ended, and a roll back may wait for that.
_PATIENCE = 2.0
# What there is to say; None where it was said already, or is no news.
_Said = tuple[StatusState, str] | None


class Says(StrEnum):
    """What a stage says when one of its tasks has passed."""

    NOTHING = ""
    TESTS = "tests"
    MIGRATIONS = "migrations"
    BUILT = "built"
    PUBLISHED = "published"
    SERVING = "serving"
    ROLLED_BACK = "rolled back"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """A stage that a commit's page shows.

    :param project: the project's name.
    :param name: ``test``, or the name of an environment.
    :param place: the repository at its host.
    :param tasks: of the stage, by their ids.
    :param last: the one of them whose success is the stage's.
    :param environment: the environment's name; empty for what comes before the release.
    :param shared: another project shows statuses on the same commits.
    """

    project: str
    name: str
    place: ForgePlace
    tasks: tuple[str, ...]
    last: str
    environment: str = ""
    shared: bool = False


class StatusReporter:
    """The callbacks of one task.

    :param stage: that the task belongs to.
    :param begins: what is said when it begins; nothing, where it is empty.
    :param passed: what is said when it has passed.
    :param skipped: what is said when it was skipped; nothing, where it is empty.
    :param refused: what is said when it failed for a person's no.
    :param asks: what is said when it has asked a person, and waits; a task that may ask, and need
        not, says nothing before.
    """

    def __init__(
        self,
        *,
        stage: Stage,
        begins: str = "",
        passed: Says = Says.NOTHING,
        skipped: str = "",
        refused: str = "",
        asks: str = "",
    ) -> None:
        self.stage = stage
        self.begins = begins
        self.passed = passed
        self.skipped = skipped
        self.refused = refused
        self.asks = asks
        self._thread: threading.Thread | None = None

    def on_execute(self, context: Context) -> None:
        """Say that the task begins, beside it."""
        if not self.begins:
            return
        self._thread = self._beside(context, lambda: (StatusState.IN_PROGRESS, self.begins))

    def on_asked(self, context: Context) -> None:
        """Say that a person is asked, as a notifier of the task: it leaves the worker then."""
        # So no thread of it would stay.
        self._end(context, lambda: (StatusState.IN_PROGRESS, self.asks))

    def on_retry(self, context: Context) -> None:
        """Say that the task is tried again, and why."""
        text = brief(f"again, after: {reason(context)}")
        self._end(context, lambda: (StatusState.IN_PROGRESS, text))

    def on_success(self, context: Context) -> None:
        """Say what came of the task."""
        if self._thread is not None:
            self._thread.join(_PATIENCE)
        if self.passed is not Says.NOTHING:
            self._end(context, lambda: self._outcome(context))

    def on_failure(self, context: Context) -> None:
        """Say what failed."""
        self._end(context, lambda: self._failure(context))

    def on_skipped(self, context: Context) -> None:
        """Say that the stage ends without an outcome."""
        newer, closed = superseded_by(context), closed_with(context)
        text = f"superseded by {newer}" if newer else self.skipped
        if not newer and (held := held_by(context)):
            text = brief(f"left alone: {held}")
        if closed:
            self._end(context, lambda: self._closed(context, closed))
        elif text:
            self._end(context, lambda: (StatusState.STOPPED, text))

    def _closed(self, context: Context, text: str) -> _Said:
        """Say that a pull request came to its end; not over what the delivered branch says.

        Merged by a fast-forward, its commit is the branch's own, whose run has the same stages.
        """
        about = subject_of(context, **self._whose)
        run = f"{RUN_OF}{about[0] if about is not None else ''}"
        own = RunFacts(artifact_store(), dag_id=self.stage.project, run_id=run).announced()
        return None if own is not None else (StatusState.STOPPED, text)

    def _end(self, context: Context, found: Callable[[], _Said]) -> None:
        thread = self._beside(context, found)
        thread.join(_PATIENCE)
        if thread.is_alive():
            log = context["task"].log
            log.warning("the commit's page is not told: the artifact store does not answer")

    def _beside(self, context: Context, found: Callable[[], _Said]) -> threading.Thread:
        """Leave a note from a thread, which ends with this process."""
        arguments = (context, found, time.time_ns())
        thread = threading.Thread(target=self._leave, args=arguments, name="status", daemon=True)
        thread.start()
        return thread

    def _leave(self, context: Context, found: Callable[[], _Said], at: int) -> None:
        """Leave a note; whatever goes wrong is said, and nothing more."""
        try:
            if is_dry_run(context):
                return
            about = subject_of(context, **self._whose)
            told = found() if about is not None else None
            if about is None or told is None:
                return
            state, said = told
            # As in the log, which a host is none of.
            text = str(redact(said))
            StatusNotes(artifact_store()).add(self._note(context, about, state, text, at))
        except Exception as error:
            context["task"].log.warning("the commit's page is not told: %s", error)

    def _note(
        self, context: Context, about: Subject, state: StatusState, text: str, at: int
    ) -> StatusNote:
        ti: Any = context["ti"]
        sha, branch = about
        return StatusNote(
            place=self.stage.place,
            status=CommitStatus(
                project=self.stage.project,
                sha=sha,
                stage=self.stage.name,
                state=state,
                text=text,
                url=_log_url(ti),
                branch=branch,
                shared=self.stage.shared,
            ),
            at=at,
            dag_id=ti.dag_id,
            run_id=ti.run_id,
            tasks=self.stage.tasks,
            last=self.stage.last,
            tests=words.summary(counts_of(context)) if state.is_over else None,
        )

    @property
    def _whose(self) -> dict[str, str]:
        return {"project": self.stage.project, "environment": self.stage.environment}

    def _outcome(self, context: Context) -> _Said:
        ti: Any = context["ti"]
        if self.passed is Says.ROLLED_BACK:
            # Where nothing went, what failed has said why.
            return (StatusState.FAILED, self._rolled_back(ti)) if went_back(context) else None
        return StatusState.SUCCESSFUL, self._success(context, ti)

    def _success(self, context: Context, ti: Any) -> str:
        if self.passed is Says.SERVING:
            release, _ = release_of(context, **self._whose)
            return words.serving(release.version, self._machines(ti))
        told = kept_fact(context, ti.task_id).told
        match self.passed:
            case Says.TESTS:
                return words.tests_passed(TestReport.from_json(told))
            case Says.MIGRATIONS:
                return words.rehearsed(SchemaVersion.from_json(told))
            case Says.BUILT:
                return words.built(DebPackage.from_json(told))
            case _:
                return words.published(PublishedPackage.from_json(told))

    def _machines(self, ti: Any) -> int | None:
        """Return how many machines serve, as the last step of the swap saw them."""
        before = next((one for one in self.stage.tasks if one.endswith("retire_old")), None)
        deployment = ti.xcom_pull(task_ids=before) if before else None
        return len(deployment.get("instance_ids", ())) if isinstance(deployment, dict) else None

    def _rolled_back(self, ti: Any) -> str:
        states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id]).get(ti.run_id, {})
        failed = [one for one in self.stage.tasks if states.get(one) == "failed"]
        why = f": {failed[0].rpartition('.')[2]} failed" if failed else ""
        return f"rolled back{why}"

    def _failure(self, context: Context) -> _Said:
        ti: Any = context["ti"]
        others = _stopped_for(ti)
        if any(one in self.stage.tasks for one in others):
            return None  # the stage has failed, and that one has said why
        why, stopped = reason(context), stopped_by(context, self.refused)
        # Somebody stopped it, or another stage.
        if others or stopped:
            return StatusState.STOPPED, brief(stopped or why)
        counts = counts_of(context)
        if counts is not None:
            return StatusState.FAILED, words.tests_failed(counts, why)
        step = ti.task_id.rpartition(".")[2]
        named = self.stage.environment or ti.task_id == CHECKOUT
        return StatusState.FAILED, brief(f"{step}: {why}" if named else why)


def _stopped_for(ti: Any) -> list[str]:
    """Name the tasks for whose failure a task stopped; none where it failed by itself."""
    try:
        return list(ti.xcom_pull(task_ids=ti.task_id, key=STOPPED) or ())
    except Exception:
        return []  # nobody can say, and it is no reason to say nothing of the failure


def ended(note: StatusNote, state: StatusState, text: str) -> StatusNote:
    """Return a note that a stage has ended of which nobody said so.

    Should its task say so after all, that counts: it comes later.

    :param note: that it is in progress.
    :param state: that it ended in.
    :param text: for people, one line.
    """
    status = dataclasses.replace(note.status, state=state, text=text)
    return dataclasses.replace(note, status=status, at=note.at + 1)


def _log_url(ti: Any) -> str:
    """Return the page of a task's log; nothing where Airflow is not told its own address."""
    return str(ti.log_url) if conf.get("api", "base_url", fallback="") else ""
