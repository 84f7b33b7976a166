"""Runs of a DAG that Airflow does not have yet wait until it has it.

The watcher reads a new project's file at once, the DAG processor when its turn comes: until then
there is nothing that a run could be of. What was found is not remembered, so it is found again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from airflow.sdk.exceptions import AirflowRuntimeError

from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.watch_trouble import (
    Trouble,
    forget_trouble,
    note_trouble,
    noted_trouble,
)
from slipway.tasks.watching.found import Find

# Seconds for which a new DAG may take its time before people are shown that it is missing, and for
# which they are shown it after nothing was found any more that it would run.
PATIENCE, STANDS = 300.0, 1800.0
_NOT_FOUND = 404


def subject_of(dag_id: str) -> str:
    """Return the key of what is wrong with a DAG.

    :param dag_id: its id.
    """
    return f"the DAG {dag_id}"


def is_known(ti: Any, dag_id: str) -> bool:
    """Tell whether Airflow has a DAG; also where it cannot say, since making the run will tell.

    :param ti: the task's instance, which may ask Airflow.
    :param dag_id: the DAG's id.
    """
    try:
        ti.get_dag(dag_id)
    except AirflowRuntimeError as error:
        return (error.error.detail or {}).get("status_code") != _NOT_FOUND
    return True


def those_of_known_dags(
    store: ArtifactStore,
    finds: Sequence[Find],
    knows: Callable[[str], bool],
    say: Callable[[str], None],
) -> list[Find]:
    """Return what can be run; of each DAG that is missing it is said once, and again if it lasts.

    :param store: where what is missing is noted.
    :param finds: what was found.
    :param knows: tells whether Airflow has a DAG.
    :param say: writes a line for people into the log.
    """
    known = {dag_id: knows(dag_id) for dag_id in dict.fromkeys(find.dag_id for find in finds)}
    for dag_id, is_there in known.items():
        before = noted_trouble(store, subject_of(dag_id))
        if not is_there:
            _note_missing(store, dag_id, before, say)
        elif before is not None:
            forget_trouble(store, before.subject)
            say(f"{dag_id}: Airflow has the DAG now")
    return [find for find in finds if known[find.dag_id]]


def _note_missing(
    store: ArtifactStore, dag_id: str, before: Trouble | None, say: Callable[[str], None]
) -> None:
    now = time.time()
    trouble = before or Trouble(
        subject=subject_of(dag_id),
        repository="",
        projects=(dag_id,),
        reason="Airflow does not have the DAG yet; what was found is run as soon as it has",
        since=now,
        quiet=True,
    )
    if before is None:
        say(f"{dag_id}: {trouble.reason}")
    elif trouble.quiet and now - trouble.since >= PATIENCE:
        trouble = replace(trouble, reason=_lasting(now - trouble.since), quiet=False)
        say(f"{dag_id}: {trouble.reason}")
    # What is looked at again at each poll need not be written at each.
    if trouble != before or trouble.until - now < STANDS / 2:
        note_trouble(store, replace(trouble, until=now + STANDS))


def _lasting(seconds: float) -> str:
    return (
        f"Airflow still does not have the DAG after {seconds / 60:.0f} minutes, so nothing of it "
        "is run\n  what to do: see whether the DAG processor runs, and reads the same project "
        "files as the workers; `airflow dags list-import-errors` names what it could not read"
    )
