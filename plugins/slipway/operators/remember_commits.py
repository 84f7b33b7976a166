"""The end of a poll: what was handed on need not be handed on again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.heads import head_key
from slipway.sensors.commits import MISSING, missing_note, note_of

if TYPE_CHECKING:
    from airflow.sdk import Context


class RememberCommitsOperator(BaseOperator):
    """Remember the newest commit handed on per project, and where it was told of a missing branch.

    Runs after the runs were made, so that a crash in between repeats a harmless question
    instead of losing a commit.

    :param runs: what :class:`slipway.sensors.commits.CommitsSensor` returned.
    :returns: the remembered sha of each DAG.
    """

    template_fields: Sequence[str] = ("runs",)
    ui_color = "#fef9c3"

    def __init__(self, *, runs: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.runs = runs

    def execute(self, context: Context) -> dict[str, str]:
        """Write one small file per project; the list is in order, so the newest stays."""
        store = artifact_store()
        newest: dict[str, str] = {}
        for run in self.runs:
            dag_id, ref = run["trigger_dag_id"], run["conf"]["ref"]
            if run["trigger_run_id"].startswith(MISSING):
                store.put(missing_note(dag_id), note_of(ref))
            else:
                newest[dag_id] = ref
        for dag_id, sha in newest.items():
            store.put_json(head_key(dag_id), sha)
        return newest
