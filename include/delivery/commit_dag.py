"""From a project to its DAGs; here the one that takes a commit all the way.

* ``<project>``: a commit, tested, packaged, baked and swapped into the continuous environment;
* ``<project>.cron.<trigger>``: the pipeline by the clock, and nothing more;
* ``<project>.pr``: a pull request, tested, where the project asks for it;
* ``<project>.<environment>``: a release that passed, given to one environment by hand.

The first and the last end in the same task group, so that each push rehearses production.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, Param, chain

from include.delivery import documentation
from include.delivery.approval_group import approvals, plan
from include.delivery.capacity.assign import assign
from include.delivery.controls.rights import admission_of, reason_params
from include.delivery.cron_dag import cron_dag, cron_ids
from include.delivery.defaults import LIMITS, RUNS, ask, project_dag
from include.delivery.environment_dag import environment_dag
from include.delivery.freeze_gate import freeze_gate, freeze_params
from include.delivery.making_way import make_way_for_newer
from include.delivery.news import tell_commit
from include.delivery.pull_request_dag import proposals_id, pull_request_dag
from include.delivery.release_tasks import release_tasks
from include.delivery.statuses import report_commit
from include.delivery.swap_group import bake_and_swap, bake_beside_tests
from include.delivery.targets import fleet_targets
from include.project.model import Environment, Project
from include.project.repository.superseding import supersedes_pushes
from slipway.model.event import HEADS
from slipway.model.target import DeployTarget
from slipway.operators.record_release import RecordReleaseOperator
from slipway.operators.watching.check_event import CheckEventOperator


def dag_ids(project: Project) -> list[str]:
    """List the ids of all DAGs of a project."""
    proposals = proposals_id(project)
    environments = (f"{project.name}.{name}" for name in project.environments)
    return [project.name, *([proposals] if proposals else []), *environments, *cron_ids(project)]


def build(project: Project, dag_id: str) -> DAG:
    """Build one DAG of a project.

    :param project: the project.
    :param dag_id: one of :func:`dag_ids`.
    """
    return assign(_build(project, dag_id), project)


def _build(project: Project, dag_id: str) -> DAG:
    if dag_id == project.name:
        return commit_dag(project)
    if trigger := cron_ids(project).get(dag_id):
        return cron_dag(project, trigger)
    if dag_id == proposals_id(project):
        return pull_request_dag(project)
    return environment_dag(project, dag_id.removeprefix(f"{project.name}."))


def commit_dag(project: Project) -> DAG:
    """Build the DAG that takes one commit to the continuous environment."""
    continuous = project.environments[project.continuous] if project.continuous else None
    with DAG(
        dag_id=project.name,
        description=f"{project.repository.url} to {project.continuous or 'the release catalogue'}",
        doc_md=documentation.commit_dag(project),
        **_one_after_another(project_dag(project, "delivery"), continuous),
    ) as dag:
        targets = fleet_targets(project)
        record = release_tasks(project, targets.values())
        if continuous and continuous.approval:
            # One commit after the other all the same, in each task, up to where one waits.
            for task in dag.tasks:
                task.max_active_tis_per_dag = 1
        if continuous:
            target = targets[str(project.continuous)]
            _deploy(project, target, record)
            bake_beside_tests(dag, project, target)
        if supersedes_pushes(project.repository):
            make_way_for_newer(dag, project)
        report_commit(dag, project)
        tell_commit(dag, project)
    ask(dag, {"ref": _ref(project), **_reasons(continuous)})
    return dag


def _reasons(continuous: Environment | None) -> dict[str, Param]:
    if continuous is None:
        return {}
    return {**freeze_params(continuous), **reason_params()}


def _ref(project: Project) -> Param:
    return Param(
        # In full: a tag of the branch's name makes the short one mean two things.
        f"{HEADS}{project.repository.branch}",
        type="string",
        minLength=1,
        maxLength=300,
        title="Branch, tag or sha",
        description="What to build and deliver. `refs/heads/...` and `refs/tags/...` mean "
        "that branch or tag alone.",
    )


def _one_after_another(arguments: dict[str, Any], continuous: Environment | None) -> dict[str, Any]:
    """Let a commit's run wait for the one before it, but not for a person."""
    waits = continuous is not None and continuous.approval
    return {**arguments, "max_active_runs": RUNS} if waits else arguments


def _deploy(project: Project, target: DeployTarget, record: RecordReleaseOperator) -> None:
    """Put the release on the continuous environment, in front of which somebody may be asked."""
    name = target.environment
    continuous = project.environments[name]
    # Nobody stands behind this run: within a freeze its commit is a release all the same.
    gate = freeze_gate(continuous, admission_of(project, name, by_itself=True), skip=True)
    way: list[Any] = [record, *_of_branch(project), *([gate] if gate else [])]
    if continuous.approval:
        asked = plan(project, target, record.output, each_commit=True)
        way += [asked, *approvals(project, name, each_commit=True)]
    # Once a person has said yes, a swap that does not come is a failure.
    unasked = not continuous.approval
    swap = bake_and_swap(project, target, record.output, skip_frozen=unasked, by_itself=True)
    chain(*way, swap)


def _of_branch(project: Project) -> list[CheckEventOperator]:
    """Let a tag's run end with its release, where tags are run by themselves."""
    if not project.repository.watch.tags:
        return []
    return [CheckEventOperator(task_id="check_event", execution_timeout=LIMITS["bookkeeping"])]
