"""The names and labels of what a task makes in Docker.

They are derived from the run and the task alone, never from the try: so the second try finds
what the first one left behind, and removes it.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow.sdk import Context

_FORBIDDEN = re.compile(r"[^a-zA-Z0-9_.-]+")
# Docker takes 255 characters; a name that a person has to read should stay far below.
_LONGEST_TASK = 40
# In place of an environment's name, of which it is none.
NO_ENVIRONMENT = "-"


def container_name(context: Context, part: str = "") -> str:
    """Name a container after the task that runs it: ``slipway-<run>-<task>[-<part>]``.

    :param context: the task's context.
    :param part: which of the task's containers it is.
    """
    ti = context["ti"]
    task = _FORBIDDEN.sub("-", f"{ti.dag_id}.{ti.task_id}")[-_LONGEST_TASK:].lstrip("-.")
    suffix = f"-{_FORBIDDEN.sub('-', part)}" if part else ""
    return f"slipway-{_run_digest(context)}-{task}{suffix}"


def bake_name(context: Context, project: str, environment: str) -> str:
    """Name what a bake makes in the cloud for a while: ``slipway-bake-<project>.<environment>.``...

    Neither name has a dot, so no other project's or environment's names begin like these.

    :param context: the task's context.
    :param project: the project's name.
    :param environment: the environment's name, or :data:`NO_ENVIRONMENT`.
    """
    return f"slipway-bake-{project}.{environment}.{_run_digest(context)}"


def labels(context: Context) -> dict[str, str]:
    """Label everything that this task makes, so that its next try and ``on_kill`` find it.

    :param context: the task's context.
    """
    ti = context["ti"]
    return {
        "slipway.run": _run_digest(context),
        "slipway.dag": ti.dag_id,
        "slipway.task": ti.task_id,
    }


def _run_digest(context: Context) -> str:
    """A run id may hold anything that somebody typed; its digest fits every name."""
    ti = context["ti"]
    return hashlib.sha256(f"{ti.dag_id}\0{ti.run_id}".encode()).hexdigest()[:10]
