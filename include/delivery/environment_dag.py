"""The DAG that gives one environment a release of choice: production, and every way back."""

from __future__ import annotations

from airflow.sdk import DAG, Param, chain

from include.delivery import documentation
from include.delivery.approval_group import approvals, plan, time_params, wait_for_time
from include.delivery.controls.rights import admission_of, reason_params
from include.delivery.defaults import LIMITS, RUNS, ask, project_dag
from include.delivery.freeze_gate import freeze_gate, freeze_params
from include.delivery.layers import image_layers
from include.delivery.news import tell_environment
from include.delivery.statuses import report_environment
from include.delivery.swap_group import bake_and_swap
from include.delivery.targets import fleet_target, repository_of
from include.project.model import Project
from slipway.model.edition import SAME
from slipway.model.target import DeployTarget
from slipway.operators.choose_release import CHOOSE, NEWEST, PREVIOUS, ChooseReleaseOperator
from slipway.tasks.at_a_time.agreed import WAIT
from slipway.tasks.params import DRY_RUN

# Runs at once, most of which wait for their time or for a person; of those that work at one task
# there are ``RUNS``.
_MOST_RUNS = 100


def environment_dag(project: Project, name: str) -> DAG:
    """Build the DAG of one environment.

    :param project: the project.
    :param name: the environment's name.
    """
    environment, target = project.environments[name], fleet_target(project, name)
    with DAG(
        dag_id=f"{project.name}.{name}",
        description=f"Put a release of {project.name} on {name}; also the way back",
        doc_md=documentation.environment_dag(project, name),
        # A way back does not queue behind runs that wait for their approval, or for days for their
        # time; the lease orders them.
        **{**project_dag(project, name), "max_active_runs": _MOST_RUNS},
    ) as dag:
        gate = freeze_gate(environment, admission_of(project, name))
        chosen = _choice(project, target)
        if gate:
            gate >> chosen
        planned = plan(project, target, chosen.output)
        first = bake_and_swap(project, target, chosen.output, reuse=True)
        asked = approvals(project, name) if environment.approval else []
        chain(planned, *asked, wait_for_time(project, target, chosen.output), first)
        # Not what waits for days, since Airflow counts what is deferred as well.
        for task in [dag.get_task("plan"), *dag.get_task(WAIT).get_flat_relatives()]:
            task.max_active_tis_per_dag = task.max_active_tis_per_dag or RUNS
        report_environment(dag, project, name)
        tell_environment(dag, project, name)
    ask(dag, _params(project, name))
    return dag


def _params(project: Project, name: str) -> dict[str, Param]:
    source = _before(project, name)
    nothing = f"what {source} runs now" if source else "the newest release"
    # Real versions would have to be read from the artifact store each time this file is parsed,
    # and would make a new version of the DAG of each release.
    return {
        "version": Param(
            None,
            type=["null", "string"],
            maxLength=120,
            title="Release",
            examples=[PREVIOUS, CHOOSE, NEWEST, SAME],
            description=f"Empty: {nothing}. '{PREVIOUS}': the last good release before the one "
            f"that serves now. '{CHOOSE}': from a list, under Required Actions. '{NEWEST}': the "
            f"newest that has not failed where releases are tried first. '{SAME}': what serves "
            "now, with today's settings and base image. Or a version, or the first characters of "
            "its sha.",
        ),
        DRY_RUN: Param(
            False,
            type="boolean",
            title="Dry run",
            description="Print what would be done, and change nothing.",
        ),
        **time_params(),
        **freeze_params(project.environments[name]),
        **reason_params(),
    }


def _before(project: Project, name: str) -> str | None:
    """Return the environment that releases come from, where no other is named."""
    return None if project.continuous == name else project.continuous


def _choice(project: Project, target: DeployTarget) -> ChooseReleaseOperator:
    before = _before(project, target.environment)
    return ChooseReleaseOperator(
        task_id="choose_release",
        target=target,
        before=fleet_target(project, before) if before else None,
        version="{{ params.version or '' }}",
        repository=repository_of(project),
        branch=project.repository.branch,
        admission=admission_of(project, target.environment),
        layers=image_layers(project, target.environment),
        # It may have to fetch the repository.
        execution_timeout=LIMITS["checkout"],
        doc_md=documentation.task("choose_release"),
    )
