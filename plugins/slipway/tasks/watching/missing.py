"""A delivered branch that is not there, and how its project's people are told."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.seen_refs import Kind
from slipway.model.event import HEADS
from slipway.model.git.watching import WatchedProject
from slipway.tasks.watching.found import Find, Seen

# How the ids of runs begin that tell of a missing branch, and the longest ref that a run is given.
MISSING, _LONGEST_REF = "branch_missing__", 250


def missing_branch(store: ArtifactStore, project: WatchedProject) -> list[Find]:
    """Make a run that fails in the project's own DAG, once: there people look for its commits.

    Its checkout finds no such branch either, and says which there are.

    :param store: where it is noted that a run told of it.
    :param project: whose branch is missing.
    """
    ref = f"{HEADS}{project.branch}"[:_LONGEST_REF]
    if store.get(missing_note(project.dag_id)) == note_of(ref):
        return []
    seen = Seen(project=project.dag_id, ref=ref, value=ref, kind=Kind.MISSING)
    run_id = f"{MISSING}{datetime.now(UTC):%Y%m%dT%H%M%S}"
    return [Find(dag_id=project.dag_id, run_id=run_id, sha=ref, event=None, seen=(seen,))]


def missing_note(dag_id: str) -> str:
    """Return where it is noted that a run told of a missing branch.

    :param dag_id: of the DAG that delivers the branch.
    """
    return f"heads/{dag_id}.missing.json"


def note_of(ref: str) -> bytes:
    """Return what is noted there.

    :param ref: of the branch, as the run was given it.
    """
    return json.dumps(ref).encode()
