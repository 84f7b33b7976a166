"""Where the time between a hook and its first task goes, as Airflow's database tells it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

# What ends each part, in order, and the column that says when.
PARTS = {
    "looked, run made": "run.queued_at",
    "taken by scheduler": "run.start_date",
    "queued": "task.queued_dttm",
    "task begun": "task.start_date",
}


def phases(database: Path, run_id: str, since: datetime) -> dict[str, float]:
    """Return the seconds of each part.

    :param database: of SQLite.
    :param run_id: of a run whose first task has begun.
    :param since: when the hook was sent.
    """
    query = (
        f"select {', '.join(PARTS.values())} from dag_run run "  # noqa: S608 - constant words
        "join task_instance task on task.dag_id = run.dag_id and task.run_id = run.run_id "
        "where run.run_id = ? order by task.start_date limit 1"
    )
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as found:
        row = found.execute(query, (run_id,)).fetchone()
    ends = [since, *(datetime.fromisoformat(one).replace(tzinfo=UTC) for one in row)]
    return {
        name: (end - begin).total_seconds()
        for name, (begin, end) in zip(PARTS, pairwise(ends), strict=True)
    }
