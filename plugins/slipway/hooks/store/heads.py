"""The last commit of each project's branch that was given a run of its own."""

from __future__ import annotations

import re

from slipway.hooks.store.artifacts import ArtifactStore

# What a remembered commit looks like; anything else is not even read as JSON.
_STORED = re.compile(rb'\s{0,8}"([0-9a-f]{40})"\s{0,8}')
# How the id of a commit's run begins; its sha follows.
RUN_OF = "commit__"


def head_key(dag_id: str) -> str:
    """Return the key under which it is remembered.

    :param dag_id: of the DAG that delivers the branch.
    """
    return f"heads/{dag_id}.json"


def last_head(store: ArtifactStore, dag_id: str) -> str | None:
    """Return its sha; what is no sha is as good as lost.

    :param store: where it is remembered.
    :param dag_id: of the DAG that delivers the branch.
    """
    stored = _STORED.fullmatch(store.get(head_key(dag_id)) or b"")
    return stored[1].decode() if stored else None
