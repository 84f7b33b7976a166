"""A plan, and a person's yes to it: the same in front of every environment that asks for one."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Param, chain

from include.delivery import documentation
from include.delivery.controls.rights import admission_of
from include.delivery.defaults import LIMITS
from include.delivery.freeze_gate import freeze_windows
from include.delivery.preflight import preflight
from include.delivery.targets import between, order_of, repository_of
from include.project.model import Project
from slipway.model.target import DeployTarget
from slipway.operators.approve import REASON, ApproveReleaseOperator
from slipway.operators.at_a_time.wait_for_time import WaitForTimeOperator
from slipway.operators.plan import PlanOperator
from slipway.policies.planned_time import LONGEST
from slipway.policies.schema import OnRollBack
from slipway.tasks.at_a_time.agreed import PLAN, WAIT
from slipway.tasks.at_a_time.moment import AT


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
        task_id=PLAN,
        package=record["package"],
        schema=looks.schema,
        image=looks.image,
        target=target,
        admission=admission_of(project, target.environment, by_itself=each_commit),
        preflight=looks,
        between=between(project, target.region),
        repository=repository_of(project),
        # A person approves a plan; and where a roll back may have to stop, it stops before a bake.
        always=environment.approval
        or bool(migrations and migrations.on_roll_back is OnRollBack.STOP),
        order=order_of(project) if each_commit else None,
        # Two that put themselves in each other's place at once would both stay.
        max_active_tis_per_dag=1 if each_commit else None,
        execution_timeout=LIMITS["cloud"],
        doc_md=documentation.task(PLAN),
    )


def wait_for_time(project: Project, target: DeployTarget, record: Any) -> WaitForTimeOperator:
    """Add the task that waits for the time that a run is set for, and plans again then.

    :param project: the project.
    :param target: the environment.
    :param record: the output of the task that has the release's record; ``[]`` is one part.
    """
    looks = preflight(project, target)
    return WaitForTimeOperator(
        task_id=WAIT,
        package=record["package"],
        schema=looks.schema,
        image=looks.image,
        target=target,
        admission=admission_of(project, target.environment),
        windows=freeze_windows(project.environments[target.environment]),
        preflight=looks,
        between=between(project, target.region),
        always=True,
        execution_timeout=LIMITS["cloud"],
        doc_md=documentation.task(WAIT),
    )


def time_params() -> dict[str, Param]:
    """Return the param by which a run is set for a time."""
    return {
        AT: Param(
            None,
            type=["null", "string"],
            maxLength=LONGEST,
            title="At a time",
            examples=["2026-12-01 06:00 Europe/Berlin"],
            description="Empty: as soon as it may. Otherwise a day, a time and its zone: it is "
            "planned and approved now, waits, and is planned again then.",
        )
    }


def approvals(
    project: Project, name: str, *, each_commit: bool = False
) -> list[ApproveReleaseOperator]:
    """Add the tasks in which people say yes, one after the other; a no fails the run.

    :param project: the project.
    :param name: the environment's name.
    :param each_commit: every commit is asked about, and the newest one counts.
    """
    numbers = range(1, project.environments[name].approvals + 1)
    tasks = [_approval(project, name, number, each_commit=each_commit) for number in numbers]
    chain(*tasks)
    return tasks


def _approval(
    project: Project, name: str, number: int, *, each_commit: bool
) -> ApproveReleaseOperator:
    return ApproveReleaseOperator(
        task_id="approve" if number == 1 else f"approve_{number}",
        number=number,
        windows=freeze_windows(project.environments[name]),
        admission=admission_of(project, name, by_itself=each_commit),
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
