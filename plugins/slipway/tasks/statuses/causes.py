"""Why a task failed, as far as its process still knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException

from slipway.exceptions import ApprovalMissing, EnvironmentFrozen, PipelineStopped, SlipwayError
from slipway.tasks.controls.allowed import HELD
from slipway.tasks.making_way.closing import CLOSED
from slipway.tasks.making_way.superseded_run import SUPERSEDED_BY

if TYPE_CHECKING:
    from airflow.sdk import Context

    from slipway.model.facts import TestCounts


def counts_of(context: Context) -> TestCounts | None:
    """Return what the pipeline's reports came to, which its task still knows."""
    return getattr(context["task"], "counts", None)


def went_back(context: Context) -> bool:
    """Tell whether a roll back took something back, which its task still knows."""
    return bool(getattr(context["task"], "went_back", True))


def had_begun(context: Context) -> bool:
    """Tell whether a roll back came after a swap of its own run, which its task still knows."""
    return bool(getattr(context["task"], "had_begun", True))


def cause_of(context: Context) -> BaseException | None:
    """Return what a task failed for: a person's mistake comes wrapped up for Airflow."""
    found: Any = context.get("exception")
    if not isinstance(found, BaseException):
        return None
    inner = found.__cause__
    return inner if isinstance(inner, SlipwayError) else found


def stopped_by(context: Context, refused: str) -> str:
    """Say what stopped a task that failed, where that is neither its fault nor its commit's.

    :param context: the task's.
    :param refused: what is said of a person's no; empty for a task that asks nobody.
    :returns: for people; empty where the task failed by itself.
    """
    cause = cause_of(context)
    if isinstance(cause, EnvironmentFrozen):
        return f"left alone: {cause.message}"
    if isinstance(cause, PipelineStopped):
        return cause.message
    if not refused:
        return ""
    if isinstance(cause, ApprovalMissing):
        return f"{refused}: {cause.message}"
    # A no, and no answer in time, have no cause but the person.
    said_no = isinstance(cause, AirflowFailException) and cause.__cause__ is None
    return refused if said_no else ""


def reason(context: Context) -> str:
    """Say why a task failed, in the words of whatever it failed for."""
    cause = cause_of(context)
    if isinstance(cause, SlipwayError):
        return cause.message
    if cause is not None:
        return str(cause) or type(cause).__name__
    # A task that was killed has no exception; Airflow gives a sentence of its own, or nothing.
    return str(context.get("exception") or "it was killed")


def held_by(context: Context) -> str | None:
    """Return who held or stopped what a task was skipped for, and why; None where nobody did."""
    ti: Any = context["ti"]
    try:
        found = ti.xcom_pull(task_ids=ti.task_id, key=HELD)
    except Exception:
        return None  # nobody can say, and it was skipped in any case
    return str(found) if isinstance(found, str) and found else None


def superseded_by(context: Context) -> str | None:
    """Return the newer commit for which a task was skipped, abbreviated; None where none was."""
    return _left_by(context, SUPERSEDED_BY)


def closed_with(context: Context) -> str | None:
    """Say what became of the pull request with which a task ended; None where it did not."""
    return _left_by(context, CLOSED)


def _left_by(context: Context, key: str) -> str | None:
    ti: Any = context["ti"]
    try:
        found = ti.xcom_pull(task_ids=ti.task_id, key=key)
    except Exception:
        return None  # nobody can say, and it was skipped in any case
    return str(found) if found else None
