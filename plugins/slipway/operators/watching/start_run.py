"""Makes the run of what the watcher found, in the order in which it was found."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator

from slipway.exceptions import RunsNotMade
from slipway.hooks.store.heads import RUN_OF

if TYPE_CHECKING:
    from airflow.sdk import Context

# Seconds that the older ones are waited for, and between two looks at them for each of them.
PATIENCE, PAUSE, LONGEST_PAUSE = 60.0, 0.2, 2.0
# States of a mapped task whose run is there.
MADE = frozenset({"success", "skipped"})
_WITHOUT = frozenset({"failed", "upstream_failed", "removed"})


class StartRunOperator(TriggerDagRunOperator):
    """Make a run, once those of the older commits of its branch are there.

    A scheduler starts mapped tasks one after another and lets them work side by side, and a DAG's
    runs begin in the order in which they were made. After one that cannot be made none of its
    branch is: what is remembered is remembered with all that was before it, so a newer commit's run
    would lose the older one's. A pull request, a tag or another branch waits for none but its own.

    :param found_by: id of the sensor's task, which returned the runs, each DAG's in order.

    Example::

        start = StartRunOperator(
            task_id="start_runs",
            found_by="new_commits",
            trigger_dag_id="shop",
            trigger_run_id="commit__3f2a1b7c9d0e1f2a3b4c5d6e7f8091a2b3c4d5e6",
            skip_when_already_exists=True,
        )
    """

    def __init__(self, *, found_by: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.found_by = found_by

    def execute(self, context: Context) -> None:
        """Wait for the older ones, then make it.

        :raises RunsNotMade: when one of them cannot be made, or takes too long.
        """
        ti: Any = context["ti"]
        if older := self._older(ti):
            self._wait_for(older, ti)
        super().execute(context)

    def _older(self, ti: Any) -> list[str]:
        """Name the tasks that make the runs of the same branch before this one."""
        runs = ti.xcom_pull(task_ids=self.found_by) or ()
        lines = [_line(run["trigger_dag_id"], run["trigger_run_id"]) for run in runs]
        mine = _line(self.trigger_dag_id, str(self.trigger_run_id))
        before = enumerate(lines[: max(ti.map_index, 0)])
        return [f"{self.task_id}_{index}" for index, line in before if line == mine]

    def _wait_for(self, older: list[str], ti: Any) -> None:
        deadline = time.monotonic() + PATIENCE
        while True:
            states = self._states(ti)
            if lost := [one for one in older if states.get(one) in _WITHOUT]:
                self._give_up(f"{lost[0]} could not make the run of an older commit")
            waiting = [one for one in older if states.get(one) not in MADE]
            if not waiting:
                return
            if time.monotonic() > deadline:
                self._give_up(f"{waiting[0]} has not made the run of an older commit")
            # The farther behind, the less often.
            time.sleep(min(PAUSE * len(waiting), LONGEST_PAUSE))

    def _states(self, ti: Any) -> Mapping[str, str]:
        found = ti.get_task_states(dag_id=ti.dag_id, task_ids=[self.task_id], run_ids=[ti.run_id])
        return dict(found.get(ti.run_id, {}))

    def _give_up(self, why: str) -> None:
        msg = f"{why}, so that of this one waits"
        raise RunsNotMade(msg, advice="the next poll finds both, and tries again")


def _line(dag_id: str, run_id: str) -> tuple[str, ...]:
    """Name what a run is one of: the delivered branch, or what its id names before the commit."""
    kind, _, rest = run_id.partition("__")
    return (dag_id, kind) if run_id.startswith(RUN_OF) else (dag_id, kind, rest.partition("__")[0])
