"""The DAG in which proposals are tested: pull requests, and branches that are not delivered.

It has the tasks of a commit's DAG up to the package, and none of those that follow: nothing is
published, recorded, baked or deployed.
"""

from __future__ import annotations

from airflow.sdk import DAG, Param

from include.delivery import documentation
from include.delivery.defaults import LIMITS, RUNS, ask, project_dag
from include.delivery.making_way import make_way_for_newer
from include.delivery.release_tasks import verify
from include.delivery.statuses import report_commit
from include.delivery.targets import fleet_targets, repository_of
from include.project.model import Project
from include.project.repository.proposals import has_proposals
from include.project.repository.pull_requests import PullRequests
from include.project.repository.superseding import supersedes_pull_requests
from slipway.model.event import HEADS
from slipway.model.git.watching import PROPOSALS
from slipway.operators.approve import REASON
from slipway.operators.proposals.approve_commit import ApproveCommitOperator
from slipway.operators.proposals.checkout_proposal import CheckoutProposalOperator
from slipway.tasks.kept_facts import CHECKOUT
from slipway.tasks.making_way.closing import let_end_with_pull_request
from slipway.tasks.proposals.source import APPROVE
from slipway.tasks.proposals.tip import PullRequestTip

# Runs at once, most of which wait for a person; of those that work there are ``RUNS``.
_MOST_RUNS = 500


def proposals_id(project: Project) -> str | None:
    """Return the id of a project's DAG of proposals; None where it tests none.

    :param project: the project.
    """
    return f"{project.name}.{PROPOSALS}" if has_proposals(project.repository) else None


def pull_request_dag(project: Project) -> DAG:
    """Build the DAG that tests what is proposed for a project.

    :param project: the project.
    """
    with DAG(
        dag_id=f"{project.name}.{PROPOSALS}",
        description=f"Tests pull requests for {project.repository.url}, and deploys none of them",
        doc_md=documentation.pull_request_dag(project),
        # None waits for a person's yes to another's, of which strangers may open many.
        **{**project_dag(project, "pull requests"), "max_active_runs": _MOST_RUNS},
    ) as dag:
        checkout = CheckoutProposalOperator(
            task_id=CHECKOUT,
            project=project.name,
            repository=repository_of(project),
            ref="{{ params.ref }}",
            branch=project.repository.branch,
            version_tags=project.repository.version_tags,
            execution_timeout=LIMITS["checkout"],
            doc_md=documentation.task("checkout_proposal"),
        )
        approve = _approval(project, checkout)
        verified = verify(project, checkout, fleet_targets(project).values(), proposal=True)
        approve >> verified.group
        for task in dag.tasks:
            # The first as well: a branch that was merged may be gone, which is no failure.
            let_end_with_pull_request(task)
            if task.task_id not in (CHECKOUT, APPROVE):
                task.max_active_tis_per_dag = RUNS
        if supersedes_pull_requests(project.repository):
            tip = PullRequestTip(repository=repository_of(project))
            make_way_for_newer(dag, project, tip=tip)
        report_commit(dag, project)
    ask(dag, {"ref": _ref(project)})
    return dag


def _ref(project: Project) -> Param:
    return Param(
        f"{HEADS}{project.repository.branch}",
        type="string",
        minLength=1,
        maxLength=300,
        title="Branch",
        description="What to test: a branch of the repository, in full, or a commit on one. Runs "
        "of pull requests are made by the watcher.",
    )


def _approval(project: Project, checkout: CheckoutProposalOperator) -> ApproveCommitOperator:
    asked = project.repository.pull_requests or PullRequests()
    migrations = [project.migrations.directory] if project.migrations else []
    return ApproveCommitOperator(
        task_id=APPROVE,
        checkout=checkout.output,
        repository=repository_of(project),
        asks=asked.approve,
        paths=(project.test.pipeline, *migrations),
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
        doc_md=documentation.task(APPROVE),
    )
