"""A run ends with its pull request: *pull request 7 was merged*.

As for a newer commit (:mod:`slipway.tasks.making_way.superseded_run`) each task asks for itself, as
it begins and while it works. What it asks is what the watcher signed; the host is asked by the
watcher alone. The first task that hears of it signs that the run is stopped. So all of the run
stops, also where the pull request is opened again meanwhile: then it has another run.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk.exceptions import AirflowSkipException

from slipway.exceptions import SlipwayError
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.runs.closings import Closings
from slipway.hooks.store.runs.facts import RunFacts
from slipway.model.event import EventKind

if TYPE_CHECKING:
    from airflow.sdk import Context

_log = logging.getLogger(__name__)
# The XCom of a task that was skipped for it: why, for people.
CLOSED = "closed"
# The attribute of a task that ends with its pull request.
_MARK = "ends_with_pull_request"


class PullRequestClosed(AirflowSkipException):
    """Ends a task whose pull request is not open any more."""


def let_end_with_pull_request(task: object) -> None:
    """Have a task end when its run's pull request is closed.

    :param task: the task; :func:`end_if_closed` is called before it.
    """
    setattr(task, _MARK, True)


def closed_since(task: object, ti: Any) -> str:
    """Say why a task should end; empty where it should not.

    As long as nobody can say, a run goes on.

    :param task: the task.
    :param ti: its task instance; None outside of a run.
    """
    if ti is None or not getattr(task, _MARK, False):
        return ""
    try:
        return _reason(ti.dag_id, ti.run_id)
    except Exception as error:
        _log.warning("nobody can say whether the pull request is open: %s", error)
        return ""


def end_if_closed(context: Context) -> None:
    """End a task, as it begins, whose pull request is not open any more.

    :param context: the task's.
    :raises PullRequestClosed: when it is not.
    """
    ti = context.get("ti")
    if reason := closed_since(context.get("task"), ti):
        end_as_closed(reason, ti)


def end_as_closed(reason: str, ti: Any) -> NoReturn:
    """End a task for its pull request.

    :param reason: for people.
    :param ti: the task's instance, whose XCom tells the others.
    :raises PullRequestClosed: always.
    """
    try:
        ti.xcom_push(key=CLOSED, value=reason)
    except Exception as error:
        _log.warning("the commit's page may not say why: %s", error)
    raise PullRequestClosed(reason)


def why_stopped(dag_id: str, run_id: str) -> str:
    """Say what a run was stopped for, where one of its tasks has noted it; empty otherwise.

    :param dag_id: whose run.
    :param run_id: which run.
    """
    try:
        store = artifact_store()
        state = Closings(store, dag_id=dag_id).stopped(run_id)
        own = RunFacts(store, dag_id=dag_id, run_id=run_id).announced() if state else None
    except SlipwayError as error:
        _log.warning("nobody can say whether the run was stopped: %s", error)
        return ""
    return state.said_of(own.event.number) if state is not None and own is not None else ""


def _reason(dag_id: str, run_id: str) -> str:
    store = artifact_store()
    own = RunFacts(store, dag_id=dag_id, run_id=run_id).announced()
    if own is None or own.event.kind is not EventKind.PULL_REQUEST:
        return ""
    number, closings = own.event.number, Closings(store, dag_id=dag_id)
    state = closings.stopped(run_id)
    if state is None and (state := closings.of(number)) is not None:
        closings.stop(run_id, state)
        if closings.of(number) is None:
            # It was opened again in between, by somebody who has seen no run that was stopped.
            closings.go_on(run_id)
            state = None
    return state.said_of(number) if state is not None else ""
