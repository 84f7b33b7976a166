"""The bake beside the tests: most of the way from a commit to its machines is one or the other.

It stands on no other task's way but `bake_image`'s, which takes its image on once the release is on
record, and bakes where there is none. A pull request has no part of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from include.delivery import documentation
from include.delivery.defaults import LIMITS
from include.delivery.freeze_gate import freeze_windows
from include.delivery.swap_group import BAKE_IMAGE, image_inputs
from include.project.bake import BakeWhen
from include.project.model import Project
from slipway.model.target import DeployTarget
from slipway.operators.bake_early import BakeEarlyOperator
from slipway.tasks.kept_facts import BAKE_EARLY, BUILD_DEB

if TYPE_CHECKING:
    from airflow.sdk import DAG


def bake_beside_tests(dag: DAG, project: Project, target: DeployTarget) -> None:
    """Add the task that bakes as soon as there is a package, unless the project wants none.

    :param dag: of a commit, with all other tasks.
    :param project: the project.
    :param target: the continuous environment.
    """
    if project.bake is not BakeWhen.EARLY:
        return
    deb, environment = dag.get_task(BUILD_DEB), project.environments[target.environment]
    early = BakeEarlyOperator(
        task_id=BAKE_EARLY,
        package=deb.output,
        environment=target.environment,
        windows=freeze_windows(environment),
        deploys_tags=not project.repository.watch.tags,
        # One commit after the other where several wait for a person.
        max_active_tis_per_dag=1 if environment.approval else None,
        execution_timeout=LIMITS["bake_image"],
        doc_md=documentation.task(BAKE_EARLY),
        **image_inputs(project, target),
    )
    deb >> early >> dag.get_task(BAKE_IMAGE)
