"""What all generated tasks have in common: who waits how long for what, and how often again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import WeightRule
from airflow.sdk.definitions.param import ParamsDict

from include.project.model import Project
from slipway.tasks.maintenance import wait_while_maintained
from slipway.tasks.making_way.hurry import Hurry
from slipway.tasks.making_way.superseded_run import make_way
from slipway.tasks.params import refuse_unknown

if TYPE_CHECKING:
    from airflow.sdk import DAG, Param

# Runs are made by commits and people, never by the calendar; Airflow still wants a first day.
START = datetime(2024, 1, 1, tzinfo=UTC)

# At once of one environment: those that wait for a person, and those that wait for their turn.
RUNS = 8


def ask(dag: DAG, form: Mapping[str, Param]) -> None:
    """Give a DAG the form that its runs are started with, after its tasks.

    Airflow copies what a DAG asks for into each task that is added to it, checks each copy and
    stores it: most of what a DAG cost, for what no task reads from itself.

    :param dag: with all its tasks.
    :param form: what is asked for, by its name.
    """
    dag.params = ParamsDict(dict(form))


def known_params_only(context: Any) -> None:
    """Stop a run that was started with what its DAG does not know, or that is superseded.

    One that begins while Slipway is being maintained waits.
    """
    refuse_unknown(context)
    make_way(context)
    wait_while_maintained(context)


# Only failures of the surroundings are retried (slipway.tasks.retries): a wrong commit fails
# at once. Three tries with these delays ride out an API that is away for half a minute.
RETRIES: dict[str, Any] = {
    "retries": 2,
    "retry_delay": timedelta(seconds=10),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=2),
    # Not where a newer commit waits.
    "retry_policy": Hurry(),
    # Before each task of every DAG. Airflow keeps the text of the function with each of them.
    "pre_execute": known_params_only,
}

# How long one try of each task may take.
LIMITS = {
    "checkout": timedelta(minutes=15),
    "rehearse_migrations": timedelta(minutes=15),
    # To fetch and install what a live release depends on.
    "fetch_live": timedelta(minutes=5),
    "build_deb": timedelta(minutes=15),
    "publish_apt": timedelta(minutes=10),
    "bake_image": timedelta(minutes=45),
    "approve": timedelta(days=7),
    "cloud": timedelta(minutes=10),
    # AWS lets a balancer drain for an hour, after a slow start of a quarter.
    "drain": timedelta(minutes=90),
    "bookkeeping": timedelta(minutes=2),
}

# The DAGs that serve all projects. Where builds have every slot commits are found, and told of, all
# the same (include/delivery/capacity has the weights of the projects' own tasks).
SHARED_DAG: dict[str, Any] = {
    "start_date": START,
    "catchup": False,
    "max_active_runs": 1,
    "is_paused_upon_creation": False,
    "tags": ["slipway"],
    "default_args": {**RETRIES, "weight_rule": WeightRule.ABSOLUTE, "priority_weight": 50},
}
# As much as a build: neither waits for ever behind the other, of which there may be thousands.
HOUSEKEEPING_DAG: dict[str, Any] = {
    **SHARED_DAG,
    "default_args": {**SHARED_DAG["default_args"], "priority_weight": 10},
}


def project_dag(project: Project, *more: str) -> dict[str, Any]:
    """Return the arguments that every DAG of a project is given.

    :param project: from its project file.
    :param more: tags, besides the project's own.
    """
    return {
        "schedule": None,
        "start_date": START,
        "catchup": False,
        "max_active_runs": 1,
        "is_paused_upon_creation": False,
        "tags": tags(project, *more),
        "default_args": {"owner": project.owner, **RETRIES},
    }


def tags(project: Project, *more: str) -> list[str]:
    """Return the tags of a project's DAGs, for the filter in Airflow's UI."""
    return sorted({"slipway", project.name, *project.tags, *more})
