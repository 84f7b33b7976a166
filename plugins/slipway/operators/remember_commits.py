"""The end of a poll: what was handed on need not be handed on again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from slipway.hooks.store.artifacts import ArtifactStore, artifact_store
from slipway.hooks.store.heads import head_key
from slipway.sensors.commits import MISSING, missing_note, note_of
from slipway.tasks.missed_hooks import note_find

if TYPE_CHECKING:
    from airflow.sdk import Context


class RememberCommitsOperator(BaseOperator):
    """Remember the newest commit handed on per project, and where it was told of a missing branch.

    Runs after the runs were made, so that a crash in between repeats a harmless question
    instead of losing a commit.

    :param runs: what :class:`slipway.sensors.commits.CommitsSensor` returned.
    :returns: the remembered sha of each DAG.

    Example::

        remember = RememberCommitsOperator(task_id="remember", runs=new.output)
    """

    template_fields: Sequence[str] = ("runs",)
    ui_color = "#fef9c3"

    def __init__(self, *, runs: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.runs = runs

    def execute(self, context: Context) -> dict[str, str]:
        """Write one small file per project, and say where a webhook should have come first."""
        store = artifact_store()
        newest = remember(store, self.runs)
        for dag_id in newest:
            if silence := note_find(store, dag_id, datetime.now(UTC)):
                self.log.warning("%s", silence)
        return newest


def remember(store: ArtifactStore, runs: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Remember what was handed on; the list is in order, so the newest stays.

    :param store: where it is remembered.
    :param runs: what :class:`slipway.sensors.commits.CommitsSensor` returned.
    :returns: the remembered sha of each DAG.
    """
    newest: dict[str, str] = {}
    for run in runs:
        dag_id, ref = run["trigger_dag_id"], run["conf"]["ref"]
        if run["trigger_run_id"].startswith(MISSING):
            store.put(missing_note(dag_id), note_of(ref))
        else:
            newest[dag_id] = ref
    for dag_id, sha in newest.items():
        store.put_json(head_key(dag_id), sha)
    return newest
