"""Which commit a run is about, as far as its page may be told of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from slipway.exceptions import RecordRefused, RefNotFound
from slipway.hooks.store.runs.facts import Announcement
from slipway.model.event import Event, EventKind
from slipway.model.facts import Checkout, Release
from slipway.tasks.consent import Admission
from slipway.tasks.kept_facts import CHECKOUT, kept_fact, run_facts
from slipway.tasks.statuses.causes import cause_of

if TYPE_CHECKING:
    from airflow.sdk import Context

# Where an environment's own DAG has the release from.
CHOOSE_RELEASE = "choose_release"
_SHA = re.compile(r"[0-9a-f]{40}")
# A commit and its branch, which is empty for a tag, or where nobody knows.
Subject = tuple[str, str]


def subject_of(context: Context, *, project: str, environment: str) -> Subject | None:
    """Return the commit that a task's run is about; None where nothing says which.

    :param context: the task's.
    :param project: the project's name.
    :param environment: the environment's name; empty for what comes before the release.
    """
    ti: Any = context["ti"]
    if ti.task_id == CHECKOUT:
        return _asked_for(context)
    release, branch = release_of(context, project=project, environment=environment)
    return release.sha, branch


def release_of(context: Context, *, project: str, environment: str) -> tuple[Release, str]:
    """Return the release that the run is about, as it is on record, and its branch.

    :param context: the task's.
    :param project: the project's name.
    :param environment: the environment's name; empty for what comes before the release.
    """
    dag: Any = context["dag"]
    if CHECKOUT in dag.task_ids:
        checkout = Checkout.from_json(kept_fact(context, CHECKOUT).told)
    else:
        told = context["ti"].xcom_pull(task_ids=CHOOSE_RELEASE, key="release")
        door = Admission(project=project, environment=environment)
        checkout = door.record(Release.from_json(told)).checkout
    branch = _branch(checkout.cause) or checkout.branch
    return checkout.release, "" if checkout.tag or checkout.cause.fork else branch


def _asked_for(context: Context) -> Subject | None:
    """Return the commit that a run was made for, or that its conf names in full.

    For a checkout that failed, after which nobody has looked at the commit.
    """
    run: Any = context.get("dag_run")
    ref = str((getattr(run, "conf", None) or {}).get("ref", ""))
    named = ref if _SHA.fullmatch(ref) else ""
    announced = _announced(context)
    if announced is not None and named in ("", announced.sha):
        return announced.sha, _branch(announced.event)
    # Whoever starts a run by hand may write anything; what git does not find has no page.
    if not named or isinstance(cause_of(context), RefNotFound):
        return None
    return named, ""


def _branch(event: Event) -> str:
    """Return the branch that has the commit: of a pull request, the one that it comes from."""
    if event.kind is EventKind.PULL_REQUEST:
        return "" if event.fork else event.source
    return event.branch


def _announced(context: Context) -> Announcement | None:
    facts = run_facts(context)
    try:
        return facts.announced() if facts is not None else None
    except RecordRefused:
        return None  # the checkout fails for it, and says so
