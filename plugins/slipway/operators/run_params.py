"""The params of an environment's run that more than one task looks at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk import Context

DRY_RUN, OVERRIDE_FREEZE = "dry_run", "override_freeze"


def is_dry_run(context: Context) -> bool:
    """Say whether the run must change nothing.

    :param context: the task's.
    """
    return bool(_params(context).get(DRY_RUN))


def freeze_override(context: Context) -> str:
    """Return the reason that somebody gave to deploy within a freeze, or nothing.

    :param context: the task's.
    """
    return str(_params(context).get(OVERRIDE_FREEZE) or "").strip()


def triggered_by(context: Context) -> str:
    """Name whoever started the run.

    :param context: the task's.
    """
    return getattr(context.get("dag_run"), "triggering_user_name", None) or "an unnamed user"


def _params(context: Context) -> dict[str, Any]:
    params: Any = context.get("params")
    return params or {}
