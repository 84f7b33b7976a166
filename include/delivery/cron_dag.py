"""The DAG of one schedule: a branch's pipeline by the clock, and nothing more.

One for each, so that Airflow's own pages say when it runs next, how it went, and pause it alone.
Airflow makes one run for each time, whose id is that time, so a commit that does not change is
tested each night anew. What a push made a release of stays that release: nothing is packaged,
published or deployed a second time.
"""

from __future__ import annotations

from airflow.sdk import DAG, CronTriggerTimetable

from include.delivery import documentation
from include.delivery.defaults import LIMITS, project_dag
from include.delivery.release_tasks import tests_alone
from include.delivery.targets import repository_of
from include.project.model import Project
from slipway.model.event import HEADS
from slipway.operators.checkout import CheckoutOperator
from slipway.tasks.kept_facts import CHECKOUT
from slipway.tasks.schedule import LATE


def cron_ids(project: Project) -> dict[str, str]:
    """Return the ids of a project's DAGs of schedules, each with the schedule's name."""
    return {f"{project.name}.cron.{name}": name for name in project.triggers}


def cron_dag(project: Project, name: str) -> DAG:
    """Build the DAG of one schedule.

    :param project: the project.
    :param name: the schedule's name.
    """
    trigger, source = project.triggers[name], project.repository
    branch = trigger.branch or source.branch
    arguments = project_dag(project, "cron")
    # Without a first day Airflow waits for the next time, instead of making up for the last one;
    # which it may have to do for a moment, since it reads the DAG anew all the time.
    del arguments["start_date"]
    times = CronTriggerTimetable(trigger.cron, timezone=trigger.timezone, run_immediately=LATE)
    with DAG(
        dag_id=f"{project.name}.cron.{name}",
        description=f"Runs the pipeline of {branch} by the clock",
        doc_md=documentation.cron_dag(project, name),
        **{**arguments, "schedule": times},
    ) as dag:
        checkout = CheckoutOperator(
            task_id=CHECKOUT,
            project=project.name,
            ref=f"{HEADS}{branch}",
            branch=source.branch,
            # Whatever it is, the project file names it.
            branches=[*source.branches, branch],
            tags=source.tags,
            version_tags=source.version_tags,
            cron=name,
            repository=repository_of(project),
            execution_timeout=LIMITS["checkout"],
            doc_md=documentation.task("checkout"),
        )
        checkout >> tests_alone(project, checkout)
    return dag
