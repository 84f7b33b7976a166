"""Who waits for whom where workers are few: a swap never waits behind ten builds.

Among those that wait for a slot Airflow takes the weightiest first, and by its own rule a task
weighs what comes after it: the first task of a new commit more than the last of a swap. Here each
kind has its weight. Pools and queues say how many of a kind run at once, and where; there are none
by default.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from airflow.sdk import BaseOperator, WeightRule
from airflow.sdk.configuration import conf

from include.project.capacity import TaskKind
from include.project.model import Project
from slipway.exceptions import EnvironmentMisconfigured
from slipway.model.text.nearest import suggestion
from slipway.operators.approve import ApproveReleaseOperator
from slipway.operators.bake_image import BakeImageOperator
from slipway.operators.build_deb import BuildDebOperator
from slipway.operators.check_freeze import CheckFreezeOperator
from slipway.operators.checkout import CheckoutOperator
from slipway.operators.choose_release import ChooseReleaseOperator
from slipway.operators.images.bake_early import BakeEarlyOperator
from slipway.operators.images.bakes import BakeOperator
from slipway.operators.leased import LeasedOperator
from slipway.operators.plan import PlanOperator
from slipway.operators.preflight import PreflightOperator
from slipway.operators.promotion.run_promotion import RunPromotionOperator
from slipway.operators.proposals.checkout_proposal import CheckoutProposalOperator
from slipway.operators.publish_apt import PublishAptOperator
from slipway.operators.record_release import RecordDeploymentOperator, RecordReleaseOperator
from slipway.operators.rehearse_migrations import GooseRehearseOperator
from slipway.operators.roll_back import RollBackOperator
from slipway.operators.run_pipeline import RunPipelineOperator
from slipway.sensors.fleet import FleetSensor

if TYPE_CHECKING:
    from airflow.sdk import DAG

# The first that fits: some are kinds of others.
_KINDS: tuple[tuple[TaskKind, tuple[type[BaseOperator], ...]], ...] = (
    (
        TaskKind.SWAP,
        (
            LeasedOperator,
            FleetSensor,
            PreflightOperator,
            PlanOperator,
            ChooseReleaseOperator,
            CheckFreezeOperator,
            ApproveReleaseOperator,
            RecordDeploymentOperator,
            # Of a deployment, and somebody waits for it.
            RunPromotionOperator,
        ),
    ),
    (TaskKind.BAKE, (BakeOperator,)),
    (TaskKind.PUBLISH, (PublishAptOperator, RecordReleaseOperator)),
    (
        TaskKind.BUILD,
        (
            CheckoutOperator,
            CheckoutProposalOperator,
            RunPipelineOperator,
            BuildDebOperator,
            GooseRehearseOperator,
        ),
    ),
)
# What has begun ends before more begins; nothing goes before the way back.
_WEIGHTS = {TaskKind.BUILD: 10, TaskKind.BAKE: 20, TaskKind.PUBLISH: 30, TaskKind.SWAP: 100}
_WAY_BACK, _OTHERS = 200, 50
# A bake that may come to nothing waits for those of what has passed. Its package takes seconds.
_EARLY = _PACKAGE = 15


def assign(dag: DAG, project: Project) -> DAG:
    """Give each task of a project's DAG its weight, and the pool and the queue of its kind.

    :param dag: with all its tasks.
    :param project: whose it is.
    :returns: the DAG.
    :raises EnvironmentMisconfigured: when a setting cannot be read.
    """
    written = conf.get("slipway", "pools", fallback="")
    pools = {**places("pools", written), **project.capacity.pools}
    written = conf.get("slipway", "queues", fallback="")
    queues = {**places("queues", written), **project.capacity.queues}
    for task in dag.tasks:
        kind = kind_of(task)
        # It asks which image there is, and a swap comes next.
        slot = TaskKind.SWAP if _finds_its_image(task, dag) else kind
        task.weight_rule = WeightRule.ABSOLUTE
        task.priority_weight = _WEIGHTS[slot] if slot else _OTHERS
        if isinstance(task, RollBackOperator):
            task.priority_weight = _WAY_BACK
        if isinstance(task, BakeEarlyOperator):
            task.priority_weight = _EARLY
        if isinstance(task, BuildDebOperator) and _is_awaited(task, dag):
            task.priority_weight = _PACKAGE
        if slot in pools:
            task.pool = pools[slot]
        if kind in queues:
            task.queue = queues[kind]
    return dag


def kind_of(task: object) -> TaskKind | None:
    """Return the kind of a task; None for one that tells, remembers or waits for commits."""
    return next((kind for kind, classes in _KINDS if isinstance(task, classes)), None)


def _is_awaited(package: BuildDebOperator, dag: DAG) -> bool:
    """Tell whether a bake goes on beside a package."""
    early = (one for one in dag.tasks if isinstance(one, BakeEarlyOperator))
    return any(package.task_id not in one.upstream_task_ids for one in early)


def _finds_its_image(task: object, dag: DAG) -> bool:
    """Tell whether a bake usually has nothing to bake: of a deployment, or after an early one.

    Where it has, by ``same`` or for another kind of machine, it keeps a swap's slot for minutes:
    nobody knows when a DAG is read, and a task that runs keeps its pool. docs/scale.md says so.
    """
    if not isinstance(task, BakeImageOperator):
        return False
    early = any(isinstance(one, BakeEarlyOperator) for one in dag.tasks)
    return early or not any(isinstance(one, CheckoutOperator) for one in dag.tasks)


def places(option: str, written: str | None) -> Mapping[TaskKind, str]:
    """Read ``[slipway] pools`` or ``queues``: ``build=heavy, swap=swaps``.

    :param option: which.
    :param written: what it says.
    :raises EnvironmentMisconfigured: when it is not that.
    """
    known, found = [kind.value for kind in TaskKind], {}
    for pair in (written or "").replace(",", " ").split():
        kind, given, place = pair.partition("=")
        if kind not in known or not place:
            near = suggestion(kind, known) if given and kind not in known else ""
            msg = f"[slipway] {option} cannot be read: {pair!r}{near}"
            advice = f"write build=NAME, swap=NAME and so on; the kinds are {', '.join(known)}"
            raise EnvironmentMisconfigured(msg, advice=advice)
        found[TaskKind(kind)] = place
    return found
