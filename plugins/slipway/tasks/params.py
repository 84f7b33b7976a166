"""The params of a run: those that more than one task looks at, and those that no task knows."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from slipway.exceptions import UnknownParameter
from slipway.model.text.inert import visible
from slipway.model.text.nearest import nearest
from slipway.tasks.retries import no_retry_on_input_error

if TYPE_CHECKING:
    from airflow.sdk import Context

DRY_RUN, OVERRIDE_FREEZE = "dry_run", "override_freeze"
_NOBODY = "an unnamed user"
_LOG = logging.getLogger(__name__)


def refuse_unknown(context: Context) -> None:
    """Stop a run that was started with a key which its DAG does not know.

    Airflow takes any key for a param of its own, and so a misspelt one for nothing at all. It
    compares the values with the DAG's params itself, when the run is made. To be called before a
    run's first tasks.

    :param context: the task's.
    :raises AirflowFailException: naming the nearest key that there is.
    """
    run, dag = context["dag_run"], context["dag"]
    with no_retry_on_input_error():
        try:
            _compare(run.conf or {}, dag.params.keys(), dag.dag_id)
        except UnknownParameter as error:
            _LOG.error("%s", error)
            raise


def _compare(given: Collection[str], known: Collection[str], dag_id: str) -> None:
    unknown = sorted(set(given) - set(known))
    if not unknown:
        return
    wrong = unknown[0]
    msg = f"{dag_id} knows no parameter {visible(wrong)!r}"
    near = nearest(wrong, known)
    every = f"it knows {', '.join(sorted(known))}" if known else "it knows none at all"
    hint = f"did you mean {near!r}? {every}" if near else every
    raise UnknownParameter(msg, advice=f"{hint}; nothing was done: trigger a new run")


def is_dry_run(context: Context) -> bool:
    """Say whether the run must change nothing; there are DAGs that know no such runs.

    :param context: the task's.
    """
    dag: Any = context.get("dag")
    known = dag is None or DRY_RUN in dag.params
    return known and bool(_params(context).get(DRY_RUN))


def freeze_override(context: Context) -> str:
    """Return the reason that somebody gave to deploy within a freeze, or nothing.

    :param context: the task's.
    """
    return reason_of(context, OVERRIDE_FREEZE)


def reason_of(context: Context, name: str) -> str:
    """Return the reason that a run was given for something out of the ordinary, or nothing.

    :param context: the task's.
    :param name: of the parameter.
    """
    return str(_params(context).get(name) or "").strip()


def triggered_by(context: Context) -> str:
    """Name whoever started the run.

    :param context: the task's.
    """
    run: Any = context.get("dag_run")
    if name := getattr(run, "triggering_user_name", None):
        return str(name)
    # The DAG that watches the repositories made it.
    return "a commit" if getattr(run, "run_type", "") == "operator_triggered" else _NOBODY


def _params(context: Context) -> dict[str, Any]:
    params: Any = context.get("params")
    return params or {}
