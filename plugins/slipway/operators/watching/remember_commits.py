"""The end of a poll: what was handed on need not be handed on again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from slipway.exceptions import RunsNotMade
from slipway.hooks.store.artifacts import artifact_store
from slipway.operators.watching.start_run import MADE
from slipway.tasks.missed_hooks import note_find
from slipway.tasks.watching.found import SEEN, Seen
from slipway.tasks.watching.memory import remember_seen

if TYPE_CHECKING:
    from airflow.sdk import Context

# Runs that a message names.
_MOST_NAMED = 10


class RememberCommitsOperator(BaseOperator):
    """Remember what was handed on per project and ref, as far as its runs are there.

    Runs after the runs were made, so that a crash in between repeats a harmless question
    instead of losing a commit. What could not be made is handed on again by the next poll, and
    keeps no other project's from being remembered.

    :param runs: what :class:`slipway.sensors.commits.CommitsSensor` returned.
    :param found_by: id of the sensor's task.
    :param made_by: id of the mapped task that makes the runs.
    :returns: the remembered sha of each project.

    Example::

        remember = RememberCommitsOperator(
            task_id="remember",
            runs=new.output,
            found_by="new_commits",
            made_by="start_runs",
            trigger_rule="all_done",
        )
    """

    template_fields: Sequence[str] = ("runs",)
    ui_color = "#fef9c3"

    def __init__(self, *, runs: Any, found_by: str, made_by: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.runs = runs
        self.found_by = found_by
        self.made_by = made_by

    def execute(self, context: Context) -> dict[str, str]:
        """Write a small file per project, and say where a webhook should have come first.

        :raises RunsNotMade: when some could not be made, after the others were remembered.
        """
        store, ti = artifact_store(), context["ti"]
        states = self._states(ti)
        if not self.runs:
            self._nothing_found(states)
        runs, seen = list(self.runs), ti.xcom_pull(task_ids=self.found_by, key=SEEN)
        made = [states.get(f"{self.made_by}_{index}") in MADE for index in range(len(runs))]
        told = zip(made, seen or (), strict=False)
        kept = [Seen.from_json(one) for is_made, all_ in told if is_made for one in all_]
        newest = remember_seen(store, kept)
        for project in newest:
            if silence := note_find(store, project, datetime.now(UTC)):
                self.log.warning("%s", silence)
        missing = [run for is_made, run in zip(made, runs, strict=True) if not is_made]
        if missing:
            raise _not_made(missing)
        return newest

    def _nothing_found(self, states: Mapping[str, str]) -> NoReturn:
        if states.get(self.found_by) == "skipped":
            msg = "nothing was found, so nothing is remembered"
            raise AirflowSkipException(msg)
        msg = "the watcher failed"
        raise RunsNotMade(msg, advice=f"the log of {self.found_by} says why")

    def _states(self, ti: Any) -> Mapping[str, str]:
        """Map each of the two tasks, a mapped one with its index, to its state."""
        ids = [self.found_by, self.made_by]
        found = ti.get_task_states(dag_id=ti.dag_id, task_ids=ids, run_ids=[ti.run_id])
        return dict(found.get(ti.run_id, {}))


def _not_made(missing: list[dict[str, Any]]) -> RunsNotMade:
    named = [f"{run['trigger_run_id']} of {run['trigger_dag_id']}" for run in missing[:_MOST_NAMED]]
    more = f" and {len(missing) - len(named)} more" if len(missing) > len(named) else ""
    msg = f"{len(missing)} runs could not be made: {', '.join(named)}{more}"
    advice = "the logs of start_runs say why; a DAG may not be there yet. The next poll tries again"
    return RunsNotMade(msg, advice=advice)
