"""The last steps of every delivery: bake, migrate, swap; and the way back when it goes wrong."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import BaseOperator, TaskGroup, TriggerRule, chain

from include.delivery import documentation
from include.delivery.defaults import LIMITS
from include.delivery.freeze_gate import freeze_windows
from include.delivery.preflight import preflight, preflight_task
from include.project.machine import instance_type, machine_of
from include.project.model import Environment, Project
from slipway.model.target import Canary, DeployTarget, Probe
from slipway.operators.bake_image import BakeImageOperator
from slipway.operators.migrations import GooseMigrateOperator, goose_timeout
from slipway.operators.record_release import RecordDeploymentOperator
from slipway.operators.swap import (
    LaunchCanaryOperator,
    LaunchOperator,
    RetireOldOperator,
    RollBackOperator,
    ShiftTrafficOperator,
)
from slipway.sensors.canary_soak import CanarySoakSensor
from slipway.sensors.fleet_healthy import FleetHealthySensor
from slipway.sensors.fleet_in_service import FleetInServiceSensor
from slipway.sensors.soak import SoakSensor
from slipway.tasks.consent import Admission


def bake_and_swap(
    project: Project, name: str, record: Any, *, reuse: bool = False, skip_frozen: bool = False
) -> list[BaseOperator]:
    """Add the tasks that put a recorded release on one environment.

    :param project: the project.
    :param name: the environment's name.
    :param record: the output of the task that has the release's record; ``[]`` is one part.
    :param reuse: take any image of the release that is there, instead of one that is up to date.
    :param skip_frozen: a swap that would begin within a freeze is skipped, instead of failing.
    :returns: the first of the tasks, side by side.
    """
    environment = project.environments[name]
    looks = preflight(project, fleet_target(project, name))
    ready = preflight_task(looks, record, admission(project, name))
    image = BakeImageOperator(
        task_id="bake_image",
        package=record["package"],
        unit=project.package.unit,
        config=project.package.config,
        uses=project.package.uses,
        aws_conn_id=environment.aws.connection,
        region=environment.aws.region,
        reuse=reuse,
        admission=admission(project, name),
        machine=machine_of(project, name),
        instance_type=instance_type(project, name),
        execution_timeout=LIMITS["bake_image"],
        doc_md=documentation.task("bake_image"),
    )
    with TaskGroup("swap", tooltip=f"red/black on {name}"):
        first = swap(project, name, record, image, skip_frozen=skip_frozen)
    # Beside the bake it takes no time of its own, and says within seconds what else a bake of
    # minutes would come before.
    ready >> first
    return [ready, image]


def admission(project: Project, name: str) -> Admission:
    """Say to an operator what one environment lets in."""
    asks = project.environments[name].approval
    return Admission(project=project.name, environment=name, asks=asks)


def swap(
    project: Project, name: str, record: Any, image: BakeImageOperator, *, skip_frozen: bool
) -> BaseOperator:
    """Add the tasks of the swap to the open task group, and return the first of them."""
    target = fleet_target(project, name).to_json()
    common: dict[str, Any] = {"environment": target, "image": image.output}
    freeze = _freeze(project, name, skip_frozen=skip_frozen)
    back = {**common, "admission": admission(project, name)}
    changes = {**back, **freeze}
    begins = {**changes, "preflight": preflight(project, fleet_target(project, name))}
    canary = _canary(common, changes, begins) if project.environments[name].canary else []
    launch = LaunchOperator(task_id="launch", **begins, **_worded("launch"))
    healthy = FleetHealthySensor(task_id="fleet_healthy", **common, **_worded("fleet_healthy"))
    shift = ShiftTrafficOperator(task_id="shift_traffic", **changes, **_worded("shift_traffic"))
    in_service = FleetInServiceSensor(
        task_id="fleet_in_service", **common, **_worded("fleet_in_service")
    )
    soak = SoakSensor(task_id="soak", **common, **_worded("soak"))
    retire = RetireOldOperator(task_id="retire_old", **changes, **_worded("retire_old"))
    roll_back = RollBackOperator(
        task_id="roll_back",
        trigger_rule=TriggerRule.ONE_FAILED,
        **back,
        # Whatever the run was started with, what was launched goes back.
        pre_execute=None,
        **_worded("roll_back"),
    )
    remember = RecordDeploymentOperator(
        task_id="record_deployment",
        release=record["release"],
        environment=name,
        admission=admission(project, name),
        execution_timeout=LIMITS["bookkeeping"],
        doc_md=documentation.task("record_deployment"),
    )
    risky = [*canary, launch, healthy, shift, in_service, soak]
    migrate = _migrate(project, name, record, image, freeze)
    way = [*([migrate] if migrate else []), *risky, retire, remember]
    chain(image, *way)
    risky >> roll_back
    return way[0]


def _freeze(project: Project, name: str, *, skip_frozen: bool) -> dict[str, Any]:
    """Say to the tasks of a change when it must not begin."""
    windows = freeze_windows(project.environments[name])
    return {"windows": windows, "skip_frozen": skip_frozen}


def _canary(
    looks: dict[str, Any], changes: dict[str, Any], begins: dict[str, Any]
) -> list[BaseOperator]:
    """Make the tasks that a few machines go through before the rest is launched."""
    return [
        kind(task_id=task, **facts, **_worded(task))
        for task, kind, facts in (
            ("launch_canary", LaunchCanaryOperator, begins),
            ("canary_healthy", FleetHealthySensor, looks),
            ("shift_canary", ShiftTrafficOperator, changes),
            ("canary_in_service", FleetInServiceSensor, looks),
            ("canary_soak", CanarySoakSensor, looks),
        )
    ]


def fleet_target(project: Project, name: str) -> DeployTarget:
    """Say to the fleet what the project file says of one environment."""
    environment: Environment = project.environments[name]
    return DeployTarget(
        project=project.name,
        environment=name,
        region=environment.aws.region,
        aws_conn_id=environment.aws.connection,
        target_group=environment.target_group,
        load_balancer=environment.load_balancer,
        subnets=environment.instance.subnets,
        security_groups=environment.instance.security_groups,
        instance_type=instance_type(project, name),
        profile=environment.instance.profile,
        min_size=environment.size.min,
        desired_size=environment.size.desired,
        max_size=environment.size.max,
        health_path=environment.health.path,
        health_port=environment.health.port,
        health_scheme=environment.health.scheme,
        health_status=environment.health.status,
        drop=environment.instance.drop,
        health_timeout=environment.health.timeout.total_seconds(),
        soak=environment.soak.length.total_seconds(),
        probe=Probe(**probe.model_dump()) if (probe := environment.soak.probe) else None,
        alarms=environment.soak.alarms,
        canary=_canary_size(environment),
        keep_old=environment.keep_old.total_seconds(),
        keep_failed=environment.keep_failed.total_seconds(),
    )


def _canary_size(environment: Environment) -> Canary | None:
    canary = environment.canary
    return Canary(size=canary.size, soak=canary.soak.total_seconds()) if canary else None


def _migrate(
    project: Project, name: str, record: Any, image: BakeImageOperator, freeze: dict[str, Any]
) -> GooseMigrateOperator | None:
    database = project.environments[name].database
    if project.migrations is None or database is None:
        return None
    settings = project.migration_settings(name)
    limit, statement = settings.lock_timeout, settings.statement_timeout
    seconds = statement.total_seconds() if statement else None
    return GooseMigrateOperator(
        task_id="migrate",
        environment=fleet_target(project, name).to_json(),
        release=record["release"],
        admission=admission(project, name),
        image=image.output,
        preflight=preflight(project, fleet_target(project, name)),
        url=project.repository.url,
        connection=project.repository.connection,
        directory=project.migrations.directory,
        env=settings.env,
        lock_timeout=(limit or project.migrations.lock_timeout).total_seconds(),
        statement_timeout=seconds,
        database_conn_id=database,
        on_roll_back=project.migrations.on_roll_back,
        heavy=project.migrations.heavy,
        heavy_from=project.migrations.heavy_from,
        # goose's own limit comes first, and says more.
        execution_timeout=timedelta(seconds=goose_timeout(seconds)) + LIMITS["bookkeeping"],
        doc_md=documentation.task("migrate"),
        **freeze,
    )


def _worded(task: str) -> dict[str, Any]:
    # The sensors have limits of their own, which know the project's health timeout.
    if task.endswith(("healthy", "in_service", "soak")):
        limit = None
    else:
        limit = LIMITS["drain" if task in ("retire_old", "roll_back") else "cloud"]
    return {"doc_md": documentation.task(task), "execution_timeout": limit}
