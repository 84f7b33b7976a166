"""What is looked at before a deployment changes anything: the same for its plan and its tasks."""

from __future__ import annotations

from typing import Any

from include.delivery import documentation
from include.delivery.defaults import LIMITS
from include.delivery.layers import image_layers
from include.delivery.targets import repository_of
from include.project.model import Project
from slipway.model.target import DeployTarget
from slipway.operators.preflight import PreflightOperator
from slipway.operators.preflight_look import Preflight
from slipway.operators.preview import ImageOutlook, SchemaOutlook
from slipway.tasks.consent import Admission


def preflight(project: Project, target: DeployTarget) -> Preflight:
    """Say what one environment's deployments will need.

    :param project: the project.
    :param target: its environment, as the fleet sees it.
    """
    environment, migrations = project.environments[target.environment], project.migrations
    layers = image_layers(project, target.environment)
    schema = None
    if migrations is not None:
        schema = SchemaOutlook(
            repository=repository_of(project),
            directory=migrations.directory,
            database_conn_id=environment.database or "",
            on_roll_back=migrations.on_roll_back,
            environment=target.environment,
            env=project.migration_settings(target.environment).env,
            heavy=migrations.heavy,
            heavy_from=migrations.heavy_from,
        )
    return Preflight(
        target=target,
        schema=schema,
        parameters=project.package.parameters,
        image=ImageOutlook(
            layers=layers, aws_conn_id=target.aws_conn_id, environment=target.environment
        ),
    )


def preflight_task(looks: Preflight, record: Any, admission: Admission) -> PreflightOperator:
    """Add the task that looks, before anything is changed.

    :param looks: what is looked at.
    :param record: the output of the task that has the release's record; ``[]`` is one part.
    :param admission: of the environment.
    """
    return PreflightOperator(
        task_id="preflight",
        package=record["package"],
        preflight=looks,
        admission=admission,
        execution_timeout=LIMITS["cloud"],
        doc_md=documentation.task("preflight"),
    )
