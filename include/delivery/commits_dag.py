"""The DAG that watches every repository.

One poller for all, since a poll is one short question to a git server. The id of each run it
makes is the commit's sha, and Airflow's database refuses an id that exists: so a commit runs
once, whoever saw it first.

What is wrong with a repository stands in the log of `new_commits` and, as long as it is so, among
the import errors at the top of Airflow's UI.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta

from airflow.sdk import DAG, TriggerRule
from airflow.sdk.configuration import conf

from include.delivery.defaults import LIMITS, SHARED_DAG
from include.delivery.targets import watching_of
from include.project.loader import load_projects
from include.project.model import Project
from slipway.model.git.watching import WatchedProject
from slipway.operators.watching.remember_commits import RememberCommitsOperator
from slipway.operators.watching.start_run import StartRunOperator
from slipway.sensors.commits import CommitsSensor


def watched_projects() -> list[WatchedProject]:
    """Return what is watched now; a file is read again where it has changed."""
    return [_watched(project) for project in load_projects().projects.values()]


_SOURCE = f"{__name__}.{watched_projects.__name__}"


def commits_dag(
    projects: Callable[[], Iterable[Project]] | None = None, *, source: str = _SOURCE
) -> DAG:
    """Build the DAG for all projects.

    ``[slipway] poll_seconds`` is the time between two polls, ``[slipway] sensor_mode`` is
    ``poke`` (quickest, keeps a worker's slot), ``reschedule`` (gives it back between polls) or
    ``deferrable`` (asks in the triggerer).

    :param projects: reads the projects whose branches are watched; by default all that have a
        file.
    :param source: the dotted name of what gives the triggerer those that it watches.
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
            watched=_those(projects) if projects else watched_projects,
            source=source,
            poke_interval=conf.getfloat("slipway", "poll_seconds", fallback=30.0),
            mode=conf.get("slipway", "sensor_mode", fallback="reschedule"),
            # A run that saw nothing for an hour ends as skipped, and the next one begins.
            timeout=timedelta(hours=1).total_seconds(),
            soft_fail=True,
        )
        start = StartRunOperator.partial(
            task_id="start_runs",
            found_by=new.task_id,
            logical_date=None,
            skip_when_already_exists=True,
            # The next poll tries again, and no other project waits for this one.
            retries=0,
            execution_timeout=LIMITS["bookkeeping"],
        ).expand_kwargs(new.output)
        remember = RememberCommitsOperator(
            task_id="remember",
            runs=new.output,
            found_by=new.task_id,
            made_by=start.task_id,
            # Also where one of the runs cannot be made.
            trigger_rule=TriggerRule.ALL_DONE,
            retries=0,
            execution_timeout=LIMITS["bookkeeping"],
        )
        start >> remember
    return dag


def _those(projects: Callable[[], Iterable[Project]]) -> Callable[[], list[WatchedProject]]:
    return lambda: [_watched(project) for project in projects()]


def _watched(project: Project) -> WatchedProject:
    repository = project.repository
    return WatchedProject(
        dag_id=project.name,
        url=repository.url,
        branch=repository.branch,
        connection=repository.connection,
        watching=watching_of(project),
    )
