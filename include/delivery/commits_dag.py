"""The DAG that watches every repository.

One poller for all, since a poll is one short question to a git server. The id of each run it
makes is the commit's sha, and Airflow's database refuses an id that exists: so a commit runs
once, whoever saw it first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, TriggerRule
from airflow.sdk.configuration import conf

from include.delivery.defaults import LIMITS, SHARED_DAG
from include.project.model import Project
from slipway.operators.remember_commits import RememberCommitsOperator
from slipway.sensors.commits import CommitsSensor, WatchedBranch


def commits_dag(projects: Callable[[], Iterable[Project]]) -> DAG:
    """Build the DAG for all projects.

    ``[slipway] poll_seconds`` is the time between two polls, ``[slipway] sensor_mode`` is
    ``poke`` (quickest, keeps a worker's slot) or ``reschedule`` (gives it back between polls).

    :param projects: reads the projects whose branches are watched.
    """
    with DAG(
        dag_id="commits",
        description="Starts one run per new commit of every project",
        doc_md=__doc__,
        schedule="@continuous",
        **SHARED_DAG,
    ) as dag:
        new = CommitsSensor(
            task_id="new_commits",
            watched=lambda: [_watched(project) for project in projects()],
            poke_interval=conf.getfloat("slipway", "poll_seconds", fallback=30.0),
            mode=conf.get("slipway", "sensor_mode", fallback="reschedule"),
            # A run that saw nothing for an hour ends as skipped, and the next one begins.
            timeout=timedelta(hours=1).total_seconds(),
            soft_fail=True,
        )
        start = TriggerDagRunOperator.partial(
            task_id="start_runs",
            logical_date=None,
            skip_when_already_exists=True,
            execution_timeout=LIMITS["bookkeeping"],
        ).expand_kwargs(new.output)
        remember = RememberCommitsOperator(
            task_id="remember",
            runs=new.output,
            trigger_rule=TriggerRule.NONE_FAILED,
            execution_timeout=LIMITS["bookkeeping"],
        )
        start >> remember
    return dag


def _watched(project: Project) -> WatchedBranch:
    return WatchedBranch(
        dag_id=project.name,
        url=project.repository.url,
        branch=project.repository.branch,
        connection=project.repository.connection,
    )
