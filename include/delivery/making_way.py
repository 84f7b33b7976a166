"""Which tasks end once a newer commit has come: those that test, and those before a swap.

Not the first, which says which commit a run is about. Not those that enter what passed into the
apt repository and the catalogue: they are short, and it may be put somewhere by hand. Not those
that a person has said yes to; in front of a person the newest commit counts in any case
(:mod:`slipway.tasks.order.newest_approval`). And none once the swap has begun, or the pipeline's
promotion, which may be seen elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from include.delivery.promotion import PROMOTE
from include.delivery.targets import repository_of
from include.project.model import Project
from slipway.model.event import Event
from slipway.tasks.kept_facts import (
    BAKE_EARLY,
    BUILD,
    BUILD_DEB,
    CHECKOUT,
    PUBLISH_APT,
    REHEARSE,
    TEST,
)
from slipway.tasks.making_way.superseded_run import Superseding, let_make_way

if TYPE_CHECKING:
    from airflow.sdk import DAG

_TESTING = frozenset({BUILD, TEST, REHEARSE, BUILD_DEB, BAKE_EARLY})
_STAYS = frozenset({CHECKOUT, PUBLISH_APT, "record_release"})


def make_way_for_newer(
    dag: DAG, project: Project, *, tip: Callable[[Event], str | None] | None = None
) -> None:
    """Let the tasks of a commit's DAG end for a newer commit.

    :param dag: with all its tasks; each is a project's (:data:`include.delivery.defaults.RETRIES`).
    :param project: the project.
    :param tip: asks for the newest commit of a pull request, as its host has it now.
    """
    superseding = Superseding(repository=repository_of(project), tip=tip)
    asks, promotes = "approve" in dag.task_ids, PROMOTE in dag.task_ids
    for task in dag.tasks:
        name = task.task_id
        stays = asks or name in _STAYS or (promotes and name.startswith("swap."))
        if name in _TESTING or not stays:
            let_make_way(task, replace(superseding, midway=name != PROMOTE))
