"""The times of runs and their tasks, as Airflow's server tells them to whoever may see them."""

from __future__ import annotations

from datetime import datetime
from typing import TextIO

from include.cli.board import timings
from include.cli.server.client import PAGE, AirflowServer, Json, Query
from include.cli.server.runs import ENDED, Run, require_dag, rows_of
from slipway.model.board.timings import RunTime, StepTime


class ServerRuns:
    """The runs that a server knows.

    :param server: is asked.
    """

    def __init__(self, server: AirflowServer) -> None:
        self._server = server

    def last(self, dag_id: str, most: int) -> list[RunTime]:
        """Return the last runs of a DAG that have ended, the newest first.

        :param dag_id: its id.
        :param most: how many; a hundred are the most.
        :raises RunUnknown: when there is no such DAG, with the nearest.
        """
        query: Query = {"state": list(ENDED), "limit": min(most, PAGE)}
        if not (rows := rows_of(self._server, dag_id, query)):
            require_dag(self._server, dag_id)
        return [self._timed(row) for row in rows]

    def named(self, run_id: str) -> list[RunTime]:
        """Return the runs of an id, of whatever DAG, the newest first; the id's beginning does.

        :param run_id: ``commit__3f2a1b7``, say.
        """
        rows = rows_of(self._server, "~", {"run_id_prefix_pattern": run_id})
        # In a pattern some characters stand for others.
        found = [row for row in rows if str(row["dag_run_id"]).startswith(run_id)]
        return [self._timed(row) for row in found]

    def _timed(self, row: Json) -> RunTime:
        run = Run.of(row)
        tasks = self._server.listed(f"{run.path}/taskInstances", "task_instances")
        return RunTime(
            dag_id=run.dag_id,
            run_id=run.run_id,
            state=run.state,
            asked=_seconds(row.get("queued_at") or row.get("start_date")),
            # Of a task that was mapped, the first stands for all of them.
            steps=tuple(_step(one) for one in tasks if int(one.get("map_index", -1)) < 1),
        )


def tell_timings(
    server: AirflowServer, out: TextIO, what: str, *, last: int, as_programs: bool
) -> int:
    """Say where each second of a run went, or how a project's steps changed over its last runs."""
    runs, most = ServerRuns(server), max(0, last)
    return timings.tell(runs, what, most, as_json=as_programs, out=out, dag_of=str)


def _step(found: Json) -> StepTime:
    return StepTime(
        task_id=str(found["task_id"]),
        state=str(found.get("state") or ""),
        began=_seconds(found.get("start_date")),
        ended=_seconds(found.get("end_date")),
        tries=int(found.get("try_number") or 0),
    )


def _seconds(when: object) -> float:
    return datetime.fromisoformat(str(when)).timestamp() if when else 0.0
