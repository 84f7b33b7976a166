"""Whether a newer commit waits for its turn, behind a run of the same DAG."""

from __future__ import annotations

import logging
from collections.abc import Callable

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.heads import RUN_OF, last_head

_log = logging.getLogger(__name__)
_WAITS = ["queued"]
_SHORT = 7


def newer_commit_queued(dag_id: str, run_id: str, count: Callable[..., int]) -> str | None:
    """Return the branch's newest commit, abbreviated, where its run waits behind another one.

    An older commit whose run was cleared waits for its turn like any other, and nobody hurries for
    it. Nor does anybody as long as the question has no answer.

    :param dag_id: of the DAG that delivers the branch.
    :param run_id: of the run that may be in the way.
    :param count: counts runs, as ``RuntimeTaskInstance.get_dr_count`` does.
    """
    try:
        sha = last_head(artifact_store(), dag_id)
        waiting = f"{RUN_OF}{sha}"
        if sha is None or waiting == run_id:
            return None
        found = count(dag_id=dag_id, run_ids=[waiting], states=_WAITS)
    except Exception as error:
        _log.warning("nobody can say whether a newer commit waits: %s", error)
        return None
    return sha[:_SHORT] if found else None
