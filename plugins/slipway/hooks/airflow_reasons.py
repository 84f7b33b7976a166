"""Why a run failed, in the words of the task that failed first: the last error in its log.

For the API server's process alone, which reads logs wherever Airflow is told to keep them.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from uuid import UUID

# Characters of a reason; the log has the rest.
_MOST = 2000
_LOG = logging.getLogger(__name__)


class _NothingYet(Exception):
    """Nothing is remembered where nothing was found."""


def why_failed(dag_id: str, run_id: str) -> str:
    """Return why a run failed; empty where no task of it has.

    :param dag_id: of the run.
    :param run_id: of the run.
    """
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    wanted = (
        select(TaskInstance.id)
        .where(
            TaskInstance.dag_id == dag_id,
            TaskInstance.run_id == run_id,
            TaskInstance.state == "failed",
        )
        .order_by(TaskInstance.end_date)
        .limit(1)
    )
    with create_session() as session:
        failed = session.scalar(wanted)
    if failed is None:
        return ""
    try:
        return _told(failed)
    except _NothingYet:
        return ""
    except Exception as error:
        # As where logs are kept elsewhere, and nobody answers there: the page has all the rest.
        _LOG.warning("why %s %s failed is not known: %s", dag_id, run_id, error)
        return ""


# A try of a task has an id of its own, and what its log says last changes no more: whoever waits
# with the page open makes nobody read it every few seconds. A log may come after the failure.
@lru_cache(maxsize=256)
def _told(task: UUID) -> str:
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.log.log_reader import TaskLogReader
    from airflow.utils.session import create_session

    with create_session() as session:
        found = session.get(TaskInstance, task)
        if found is None:
            raise _NothingYet
        # Airflow names the log's file by both.
        _ = found.dag_run, found.dag_model
        lines, _ = TaskLogReader().read_log_chunks(found, found.try_number, {"end_of_log": False})
        said = last_error(line.model_dump() for line in lines)[:_MOST]
    if not said:
        raise _NothingYet
    return said


def last_error(lines: Iterable[dict[str, Any]]) -> str:
    """Return what the last error of a log says; empty where there is none.

    :param lines: of the log, as Airflow's server gives them.
    """
    said = ""
    for line in lines:
        if str(line.get("level", "")).lower() not in ("error", "critical"):
            continue
        causes = line.get("error_detail") or ()
        first = next((str(one.get("exc_value") or "") for one in causes), "")
        said = first or str(line.get("event", ""))
    return said.strip()
