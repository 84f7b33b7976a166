"""The DAG that tidies up after all projects: standbys, machine images, old runs' notes.

It also signs the apt repository anew once a day, since a signature counts for 30 days, and warns
six weeks before the key expires. What is wrong with one project fails that project's own tasks, and
the last task, `tell_trouble`, warns of it; the run fails for what is nobody's mistake.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta

from airflow.sdk import DAG, TriggerRule

from include.delivery.defaults import LIMITS, SHARED_DAG
from include.delivery.swap_group import fleet_target
from include.project.model import Project
from slipway.operators.renew_apt import RenewAptReleaseOperator
from slipway.operators.retire_images import (
    ForgetRunsOperator,
    RetireBaseImagesOperator,
    RetireImagesOperator,
)
from slipway.operators.retire_standbys import RetireStandbysOperator
from slipway.operators.trouble import TellTroubleOperator


def housekeeping_dag(projects: Iterable[Project]) -> DAG:
    """Build the DAG for all projects.

    :param projects: whose environments are looked after.
    """
    every = list(projects)
    with DAG(
        dag_id="housekeeping",
        description="Retires standbys that were kept warm long enough, and old machine images",
        doc_md=__doc__,
        schedule=timedelta(minutes=10),
        **SHARED_DAG,
    ) as dag:
        for project in every:
            for name in project.environments:
                RetireStandbysOperator(
                    task_id=f"retire_standbys.{project.name}.{name}",
                    environment=fleet_target(project, name).to_json(),
                    execution_timeout=LIMITS["drain"],
                )
            _retire_images(project)
        for connection, region in sorted(
            {place for project in every for place in _places(project)}
        ):
            RetireBaseImagesOperator(
                task_id=f"retire_base_images.{_plain(connection)}.{region}",
                aws_conn_id=connection,
                region=region,
                execution_timeout=LIMITS["cloud"],
            )
        RenewAptReleaseOperator(
            task_id="renew_apt_release", execution_timeout=LIMITS["publish_apt"]
        )
        ForgetRunsOperator(task_id="forget_runs", execution_timeout=LIMITS["cloud"])
        before = list(dag.tasks)
        # It alone decides how the run ends: what is wrong with one project is none of the others'.
        before >> TellTroubleOperator(
            task_id="tell_trouble",
            trigger_rule=TriggerRule.ALL_DONE,
            execution_timeout=LIMITS["bookkeeping"],
        )
    return dag


def _retire_images(project: Project) -> None:
    for connection, region in sorted(_places(project)):
        RetireImagesOperator(
            task_id=f"retire_images.{project.name}.{_plain(connection)}.{region}",
            aws_conn_id=connection,
            region=region,
            project=project.name,
            environments=sorted(project.environments),
            keep=project.retention.releases,
            execution_timeout=LIMITS["cloud"],
        )


def _places(project: Project) -> set[tuple[str, str]]:
    """Where a project has images: connections, and regions."""
    return {(one.aws.connection, one.aws.region) for one in project.environments.values()}


def _plain(connection: str) -> str:
    """Return what of a connection's id a task's id may hold."""
    return re.sub(r"[^\w.-]", "-", connection)
