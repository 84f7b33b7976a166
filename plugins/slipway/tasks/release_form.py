"""Asks a person which release it shall be, with a list of those that passed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk.exceptions import TaskAwaitingInput
from airflow.sdk.execution_time.hitl import upsert_hitl_detail

from slipway.exceptions import ReleaseNotFound
from slipway.hooks.store.releases import ReleaseRecord
from slipway.model.text.inert import inert

if TYPE_CHECKING:
    from airflow.sdk import Context

_HEAD = ["| release | commit | by | deployments |", "|---|---|---|---|"]


def ask_which(
    context: Context,
    releases: Sequence[ReleaseRecord],
    *,
    subject: str,
    past: Mapping[str, Sequence[str]],
    default: str | None,
) -> NoReturn:
    """Put the question under *Required Actions*, and leave the worker.

    A list in the form that starts a run would have to be made each time the DAG is parsed; this
    one is made when it is read.

    :param context: the task's.
    :param releases: to choose from, the newest first.
    :param subject: the question.
    :param past: version -> what became of it where it was deployed, in Markdown
        (:func:`slipway.tasks.past_deployments.told_by_version`).
    :param default: chosen beforehand, if it is among them.
    :raises ReleaseNotFound: when there is nothing to choose from.
    :raises TaskAwaitingInput: always; the task goes on with ``execute_complete``.
    """
    versions = [record.checkout.release.version for record in releases]
    if not versions:
        msg = "there is no release to choose from yet"
        raise ReleaseNotFound(msg, advice="no commit has passed its pipeline; push one")
    upsert_hitl_detail(
        ti_id=context["ti"].id,
        options=versions,
        subject=subject,
        body="\n".join([*_HEAD, *(_row(record, past) for record in releases)]),
        defaults=[default] if default in versions else None,
        params={},  # the API refuses the function's own default
    )
    raise TaskAwaitingInput(method_name="execute_complete")


def chosen(event: Mapping[str, Any]) -> tuple[str, str]:
    """Return the version that somebody chose, and who it was.

    :param event: what Airflow hands on.
    """
    user = event.get("responded_by_user") or {}
    return event["chosen_options"][0], user.get("name") or user.get("id") or "an unnamed user"


def _row(record: ReleaseRecord, past: Mapping[str, Sequence[str]]) -> str:
    checkout, version = record.checkout, record.checkout.release.version
    subject = inert(checkout.message.partition("\n")[0])
    told = "; ".join(past.get(version, ()))
    cells = (inert(version), subject, inert(checkout.author_name), told)
    return f"| {' | '.join(cells)} |"
