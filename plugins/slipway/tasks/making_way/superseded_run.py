"""A run ends where a newer commit has come in its place: *superseded by 3f2a1b7*.

No task may end another run, and none needs to: each task asks, as it begins and while it works,
whether a newer commit of its branch or pull request was announced. Whatever it has running is
removed then, it is skipped, and so is what follows it. From the first change of an environment on
nobody asks any more: a deployment that has begun is never cut.

What was announced is signed (:mod:`slipway.hooks.store.runs.newest_commits`). Which of two commits
came after the other is git's to say, and after a force-push the branch of today's; as long as
nobody can say, a run goes on. So does a run that a person started: whoever did wants it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk.exceptions import AirflowSkipException

from slipway.exceptions import SlipwayError
from slipway.hooks.git.connection import git_mirror
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.runs.facts import RunFacts
from slipway.hooks.store.runs.newest_commits import NewestCommits
from slipway.model.event import HEADS, Event, EventKind
from slipway.tasks.making_way.closing import end_if_closed

if TYPE_CHECKING:
    from airflow.sdk import Context

    from slipway.hooks.git.mirror import GitMirror
    from slipway.model.git.repository import Repository

_log = logging.getLogger(__name__)
# The XCom of a task that was skipped for it: the newer commit, abbreviated.
SUPERSEDED_BY = "superseded_by"
_SHORT = 7
# The attribute of a task that makes way.
_MARK = "superseding"


class Superseded(AirflowSkipException):
    """Ends a task whose commit a newer one has come after.

    :param newer: the newer commit, abbreviated.
    :param words: for people, where there is more to say.
    """

    def __init__(self, newer: str, words: str = "") -> None:
        super().__init__(words or f"superseded by {newer}")
        self.newer = newer


@dataclass(frozen=True, kw_only=True)
class Superseding:
    """Tells a run of the commit that has come in its commit's place.

    :param repository: that the commits are in.
    :param tip: asks for the newest commit of a pull request, as its host has it now; None where
        only ancestry tells.
    :param midway: a task ends also while it works, and not only as it begins.
    """

    repository: Repository
    tip: Callable[[Event], str | None] | None = None
    midway: bool = True

    def newer(self, dag_id: str, run_id: str) -> str | None:
        """Return the commit by which a run's own is superseded, abbreviated; None where none is.

        :param dag_id: the run's DAG.
        :param run_id: the run.
        """
        try:
            found = self._newer(dag_id, run_id)
        except SlipwayError as error:
            _log.warning("nobody can say whether a newer commit was announced: %s", error)
            return None
        return found[:_SHORT] if found else None

    def _newer(self, dag_id: str, run_id: str) -> str | None:
        store = artifact_store()
        facts = RunFacts(store, dag_id=dag_id, run_id=run_id)
        own = facts.announced()
        if own is None:
            return None
        newest = NewestCommits(store, dag_id=dag_id).of(own.event)
        if newest in (None, own.sha) or facts.swap() is not None:
            return None
        return newest if self._comes_after(own.sha, str(newest), own.event) else None

    def _comes_after(self, own: str, newest: str, event: Event) -> bool:
        mirror = git_mirror(self.repository.url, self.repository.connection)
        tip = self._tip(mirror, event)
        if event.kind is EventKind.PULL_REQUEST and self.tip is not None:
            # It has one commit at a time; and what is proposed lies in no mirror of this kind.
            return tip not in (None, own)
        if tip == newest:
            return True  # whatever was there before it, a force-push's leavings too
        if not mirror.precedes(own, newest):
            return False
        # It may have been dropped since it was announced.
        return tip is None or mirror.precedes(newest, tip)

    def _tip(self, mirror: GitMirror, event: Event) -> str | None:
        """Return the newest commit as the host has it now; None where nobody can say."""
        try:
            if event.kind is EventKind.PULL_REQUEST:
                return self.tip(event) if self.tip else None
            return mirror.head(event.ref.removeprefix(HEADS))
        except SlipwayError as error:
            _log.warning("nobody can say what is newest now: %s", error)
            return None


def let_make_way(task: object, superseding: Superseding) -> None:
    """Have a task of a DAG end for a newer commit.

    :param task: the task; :func:`make_way` is called before it.
    :param superseding: tells of that commit.
    """
    setattr(task, _MARK, superseding)


def newer_than(task: object, ti: Any, *, midway: bool = False) -> str | None:
    """Return the commit for which a task should end, abbreviated; None where it should not.

    :param task: the task.
    :param ti: its task instance; None outside of a run.
    :param midway: it is at work already.
    """
    superseding: Superseding | None = getattr(task, _MARK, None)
    if superseding is None or ti is None or (midway and not superseding.midway):
        return None
    return superseding.newer(ti.dag_id, ti.run_id)


def make_way(context: Context) -> None:
    """End a task, as it begins, whose commit was superseded, or whose pull request is closed.

    :param context: the task's.
    :raises PullRequestClosed: when it is.
    :raises Superseded: when it was.
    """
    end_if_closed(context)
    ti = context.get("ti")
    if newer := newer_than(context.get("task"), ti):
        end_for(newer, ti)


def end_for(newer: str, ti: Any, words: str = "") -> NoReturn:
    """End a task for a newer commit.

    :param newer: the commit, abbreviated.
    :param ti: the task's instance, whose XCom tells the others.
    :param words: for people, where there is more to say.
    :raises Superseded: always.
    """
    try:
        ti.xcom_push(key=SUPERSEDED_BY, value=newer)
    except Exception as error:
        _log.warning("the commit's page may not say why: %s", error)
    raise Superseded(newer, words)
