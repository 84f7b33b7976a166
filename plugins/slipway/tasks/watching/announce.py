"""What a run is made for is signed before the run is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from slipway.exceptions import EnvironmentMisconfigured
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.runs.facts import RunFacts
from slipway.tasks.watching.found import Find


def announce(
    store: ArtifactStore, finds: Iterable[Find], complain: Callable[[str, Exception], None]
) -> list[Find]:
    """Sign what each run is made for; returns those whose runs can be made now.

    Of one DAG that is up to the first that cannot be: what is handed on is remembered, with all
    before it.

    :param store: where it is signed.
    :param finds: each DAG's in order.
    :param complain: takes a DAG's id and what is wrong.
    """
    announced, stopped = [], set[str]()
    for find in finds:
        if find.dag_id not in stopped and _is_announced(store, find, complain):
            announced.append(find)
        else:
            stopped.add(find.dag_id)
    return announced


def _is_announced(
    store: ArtifactStore, find: Find, complain: Callable[[str, Exception], None]
) -> bool:
    if find.event is None:
        return True
    facts = RunFacts(store, dag_id=find.dag_id, run_id=find.run_id)
    try:
        facts.announce(find.event, find.sha)
    except EnvironmentMisconfigured as error:
        complain(find.dag_id, error)  # the run itself says so where people look for it
    except Exception as error:
        complain(find.dag_id, error)
        return False
    return True
