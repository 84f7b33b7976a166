"""A plan, and a person's yes to it: the same in front of every environment that asks for one."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param

from include.delivery import documentation
from include.delivery.defaults import LIMITS
from include.delivery.freeze_gate import freeze_windows
from include.delivery.preflight import preflight
from include.delivery.swap_group import admission
from include.delivery.targets import between, order_of
from include.project.model import Project
from slipway.model.target import DeployTarget
from slipway.operators.approve import REASON, ApproveReleaseOperator
from slipway.operators.plan import PlanOperator
from slipway.policies.schema import OnRollBack


def plan(
    project: Project, target: DeployTarget, record: Any, *, each_commit: bool = False
) -> PlanOperator:
    """Add the task that tells what a deployment would do.

    :param project: the project.
    :param target: the environment.
    :param record: the output of the task that has the release's record; ``[]`` is one part.
    :param each_commit: every commit is asked about, and the newest one counts.
    """
    environment, migrations = project.environments[target.environment], project.migrations
    looks = preflight(project, target)
    return PlanOperator(
        task_id="plan",
        package=record["package"],
        schema=looks.schema,
        image=looks.image,
        target=target,
        admission=admission(project, target.environment),
        preflight=looks,
        between=between(project, target.region),
        # A person approves a plan; and where a roll back may have to stop, it stops before a bake.
        always=environment.approval
        or bool(migrations and migrations.on_roll_back is OnRollBack.STOP),
        order=order_of(project) if each_commit else None,
        # Two that put themselves in each other's place at once would both stay.
        max_active_tis_per_dag=1 if each_commit else None,
        execution_timeout=LIMITS["cloud"],
        doc_md=documentation.task("plan"),
    )


def approval(project: Project, name: str, *, each_commit: bool = False) -> ApproveReleaseOperator:
    """Add the task in which a person says yes; a no fails the run: it is no deployment.

    :param project: the project.
    :param name: the environment's name.
    :param each_commit: every commit is asked about, and the newest one counts.
    """
    return ApproveReleaseOperator(
        task_id="approve",
        windows=freeze_windows(project.environments[name]),
        admission=admission(project, name),
        newest_only=each_commit,
        params={
            REASON: Param(
                None,
                type=["null", "string"],
                maxLength=1000,
                title="Why",
                description="Kept with the run, with your name and the time.",
            )
        },
        response_timeout=LIMITS["approve"],
        doc_md=documentation.task("approve"),
    )
