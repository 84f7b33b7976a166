"""The last steps of every delivery: bake, migrate, swap; and the way back when it goes wrong.

A commit's image is baked beside its tests, since most of its way to machines is one or the other.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, TaskGroup, TriggerRule, chain

from include.delivery import documentation
from include.delivery.controls.rights import admission_of
from include.delivery.defaults import LIMITS
from include.delivery.freeze_gate import freeze_windows
from include.delivery.preflight import preflight, preflight_task
from include.delivery.promotion import promotion
from include.delivery.targets import account_of, order_of, repository_of
from include.project.machines.of_project import architectures, machine_of
from include.project.model import BakeWhen, Project
from slipway.model.target import DeployTarget
from slipway.operators.bake_image import BakeImageOperator
from slipway.operators.images.bake_early import BakeEarlyOperator
from slipway.operators.migrations import GooseMigrateOperator, goose_timeout
from slipway.operators.preflight_look import Preflight
from slipway.operators.record_release import RecordDeploymentOperator
from slipway.operators.roll_back import RollBackOperator
from slipway.operators.swap import (
    LaunchCanaryOperator,
    LaunchOperator,
    RetireOldOperator,
    ShiftTrafficOperator,
)
from slipway.sensors.canary_soak import CanarySoakSensor
from slipway.sensors.fleet_healthy import FleetHealthySensor
from slipway.sensors.fleet_in_service import FleetInServiceSensor
from slipway.sensors.soak import SoakSensor
from slipway.tasks.kept_facts import BAKE_EARLY, BUILD_DEB, CHECKOUT

if TYPE_CHECKING:
    from airflow.sdk import DAG

BAKE_IMAGE = "bake_image"


def bake_and_swap(
    project: Project,
    target: DeployTarget,
    record: Any,
    *,
    reuse: bool = False,
    skip_frozen: bool = False,
    by_itself: bool = False,
) -> list[BaseOperator]:
    """Add the tasks that put a recorded release on one environment.

    :param project: the project.
    :param target: the environment.
    :param record: the output of the task that has the release's record; ``[]`` is one part.
    :param reuse: take any image of the release that is there, instead of one that is up to date.
    :param skip_frozen: a swap that would begin within a freeze is skipped, instead of failing.
    :param by_itself: no person chose the release: an older one never lands after a newer one.
    :returns: the first of the tasks, side by side.
    """
    name = target.environment
    looks = preflight(project, target)
    admission = admission_of(project, name, by_itself=by_itself)
    ready = preflight_task(looks, record, admission)
    image = BakeImageOperator(
        task_id=BAKE_IMAGE,
        package=record["package"],
        reuse=reuse,
        admission=admission,
        execution_timeout=LIMITS["bake_image"],
        doc_md=documentation.task(BAKE_IMAGE),
        **image_inputs(project, target),
    )
    continuous = name == project.continuous
    guards = {
        "admission": admission,
        "windows": freeze_windows(project.environments[name]),
        "skip_frozen": skip_frozen,
        "order": order_of(project) if by_itself else None,
        "back": order_of(project) if continuous and not by_itself else None,
    }
    promote = promotion(project, target, record, skip_frozen=skip_frozen, by_itself=by_itself)
    with TaskGroup("swap", tooltip=f"red/black on {name}"):
        first = swap(project, looks, record, image, guards)
    # Beside the bake it takes no time of its own, and says within seconds what else a bake of
    # minutes would come before.
    ready >> first
    if promote is not None:
        # What it does may be seen elsewhere, so all else has to be ready.
        [ready, image] >> promote >> first
    return [ready, image]


def image_inputs(project: Project, target: DeployTarget) -> dict[str, Any]:
    """Say to whoever bakes what goes into an environment's image, besides the package."""
    return {
        "unit": project.package.unit,
        "config": project.package.config,
        "uses": project.package.uses,
        "account": account_of(target),
        "machine": machine_of(project, target.environment),
        "instance_type": target.instance_type,
    }


def bake_beside_tests(dag: DAG, project: Project, target: DeployTarget) -> None:
    """Add the task that bakes beside the tests, unless the project wants none.

    Its builder comes up while the package is built. Where the package waits for the pipeline, which
    may take long, so does the builder.

    :param dag: of a commit, with all other tasks.
    :param project: the project.
    :param target: the continuous environment.
    """
    if project.bake is not BakeWhen.EARLY:
        return
    deb, environment = dag.get_task(BUILD_DEB), project.environments[target.environment]
    early = BakeEarlyOperator(
        task_id=BAKE_EARLY,
        checkout=dag.get_task(CHECKOUT).output,
        environment=target.environment,
        admission=admission_of(project, target.environment, by_itself=True),
        windows=freeze_windows(environment),
        deploys_tags=not project.repository.watch.tags,
        # One commit after the other where several wait for a person.
        max_active_tis_per_dag=1 if environment.approval else None,
        execution_timeout=LIMITS["bake_image"],
        doc_md=documentation.task(BAKE_EARLY),
        **image_inputs(project, target),
    )
    if project.package.taken(architectures(project)):
        deb >> early
    early >> dag.get_task(BAKE_IMAGE)


def swap(
    project: Project,
    looks: Preflight,
    record: Any,
    image: BakeImageOperator,
    guards: dict[str, Any],
) -> BaseOperator:
    """Add the tasks of the swap to the open task group, and return the first of them.

    :param project: from its project file.
    :param looks: what the preflight looked at.
    :param record: the output of the task that has the release's record.
    :param image: the task that has the image.
    :param guards: says to the tasks of a change when it must not begin.
    """
    target, name = looks.target, looks.target.environment
    common: dict[str, Any] = {"target": target, "image": image.output}
    back = {**common, "admission": guards["admission"]}
    changes = {**common, **guards}
    begins = {**changes, "preflight": looks}
    canary = _canary(common, changes, begins) if target.canary else []
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
        admission=guards["admission"],
        execution_timeout=LIMITS["bookkeeping"],
        doc_md=documentation.task("record_deployment"),
    )
    risky = [*canary, launch, healthy, shift, in_service, soak]
    migrate = _migrate(project, looks, record, image, guards)
    way = [*([migrate] if migrate else []), *risky, retire, remember]
    chain(image, *way)
    risky >> roll_back
    return way[0]


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


def _migrate(
    project: Project,
    looks: Preflight,
    record: Any,
    image: BakeImageOperator,
    guards: dict[str, Any],
) -> GooseMigrateOperator | None:
    name = looks.target.environment
    database = project.environments[name].database
    if project.migrations is None or database is None:
        return None
    settings = project.migration_settings(name)
    limit, statement = settings.lock_timeout, settings.statement_timeout
    seconds = statement.total_seconds() if statement else None
    return GooseMigrateOperator(
        task_id="migrate",
        target=looks.target,
        release=record["release"],
        image=image.output,
        preflight=looks,
        repository=repository_of(project),
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
        **guards,
    )


def _worded(task: str) -> dict[str, Any]:
    # The sensors have limits of their own, which know the project's health timeout.
    if task.endswith(("healthy", "in_service", "soak")):
        limit = None
    else:
        limit = LIMITS["drain" if task in ("retire_old", "roll_back") else "cloud"]
    return {"doc_md": documentation.task(task), "execution_timeout": limit}
