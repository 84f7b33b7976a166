"""The DAG that tidies up after all projects: standbys, machine images, old runs' notes.

It also signs the apt repository anew once a day, since a signature counts for 30 days, and warns
six weeks before the key expires. What is wrong with one project fails that project's own tasks, and
the last task, `tell_trouble`, warns of it; the run fails for what is nobody's mistake.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import chain

from airflow.sdk import DAG, TriggerRule

from include.delivery.defaults import HOUSEKEEPING_DAG, LIMITS
from include.delivery.news import news_sources
from include.delivery.targets import account_of, fleet_targets, listed
from include.project.model import Project
from slipway.model.cloud.account import Account
from slipway.model.target import DeployTarget
from slipway.operators.commit_status.settle import SettleStatusesOperator
from slipway.operators.housekeeping.renew_apt import RenewAptReleaseOperator
from slipway.operators.housekeeping.retire_caches import RetireCachesOperator
from slipway.operators.housekeeping.retire_images import (
    ForgetRunsOperator,
    RetireBaseImagesOperator,
    RetireImagesOperator,
)
from slipway.operators.housekeeping.retire_standbys import RetireStandbysOperator
from slipway.operators.housekeeping.roll_up_snapshots import RollUpSnapshotsOperator
from slipway.operators.news.settle import SettleNewsOperator
from slipway.operators.trouble import TellTroubleOperator


def housekeeping_dag(projects: Iterable[Project]) -> DAG:
    """Build the DAG for all projects.

    :param projects: whose environments are looked after.
    """
    every = list(projects)
    targets = {project.name: fleet_targets(project) for project in every}
    with DAG(
        dag_id="housekeeping",
        description="Retires standbys that were kept warm long enough, and old machine images",
        doc_md=__doc__,
        schedule=timedelta(minutes=10),
        **HOUSEKEEPING_DAG,
    ) as dag:
        for project in every:
            for name, target in targets[project.name].items():
                RetireStandbysOperator(
                    task_id=f"retire_standbys.{project.name}.{name}",
                    target=target,
                    listed=listed(project, name),
                    execution_timeout=LIMITS["drain"],
                )
            _retire_images(project, _accounts(targets[project.name].values()))
        everywhere = chain.from_iterable(one.values() for one in targets.values())
        for account in _accounts(everywhere):
            RetireBaseImagesOperator(
                task_id=f"retire_base_images.{_plain(account)}",
                account=account,
                execution_timeout=LIMITS["cloud"],
            )
        RenewAptReleaseOperator(
            task_id="renew_apt_release", execution_timeout=LIMITS["publish_apt"]
        )
        RetireCachesOperator(
            task_id="retire_caches",
            limits={project.name: project.retention.cache_limits for project in every},
            execution_timeout=LIMITS["cloud"],
        )
        ForgetRunsOperator(task_id="forget_runs", execution_timeout=LIMITS["cloud"])
        _settle(every)
        before = list(dag.tasks)
        # It alone decides how the run ends: what is wrong with one project is none of the others'.
        before >> TellTroubleOperator(
            task_id="tell_trouble",
            trigger_rule=TriggerRule.ALL_DONE,
            execution_timeout=LIMITS["bookkeeping"],
        )
    return dag


def _settle(every: Sequence[Project]) -> None:
    """See that everybody is told: the git hosts, people, the board."""
    if any(project.repository.statuses for project in every):
        SettleStatusesOperator(task_id="settle_statuses", execution_timeout=LIMITS["bookkeeping"])
    if sources := news_sources(every):
        SettleNewsOperator(
            task_id="settle_news", sources=sources, execution_timeout=LIMITS["bookkeeping"]
        )
    RollUpSnapshotsOperator(
        task_id="roll_up_snapshots",
        environments={one.name: tuple(one.environments) for one in every},
        execution_timeout=LIMITS["bookkeeping"],
    )


def _retire_images(project: Project, accounts: Iterable[Account]) -> None:
    for account in accounts:
        RetireImagesOperator(
            task_id=f"retire_images.{project.name}.{_plain(account)}",
            account=account,
            project=project.name,
            environments=sorted(project.environments),
            keep=project.retention.releases,
            execution_timeout=LIMITS["cloud"],
        )


def _accounts(targets: Iterable[DeployTarget]) -> list[Account]:
    """List where environments have images, each place once and in order."""
    found = {account_of(target) for target in targets}
    return sorted(found, key=lambda one: (one.aws_conn_id, one.region))


def _plain(account: Account) -> str:
    """Name an account in characters that a task's id may hold."""
    connection = re.sub(r"[^\w.-]", "-", account.aws_conn_id)
    return f"{connection}.{account.region}"
