"""``fab build``, ``deploy``, ``rollback`` and ``runs``."""

from __future__ import annotations

from typing import Any

from fabric import Connection, task

from include.cli import deployments
from include.cli.tasks.doing import dag, order, shell, time_to_come

FOLLOW = "look on until the run ends; --no-follow only starts it (over the REST API)"
JSON = "what became of the run, for programs"


@task(
    positional=["project"],
    optional=["ref"],
    help={
        "project": "its name",
        "ref": "branch, tag or sha; the delivered branch if not given",
        "follow": FOLLOW,
        "json": JSON,
    },
)
def build(c: Any, project: str, ref: str = "", follow: bool = True, json: bool = False) -> None:
    """Run a project's commit pipeline for a branch, tag or sha; exits 1 when it fails."""
    order(c, dag(c, project), {"ref": ref} if ref else {}, follow=follow, json=json)


@task(
    positional=["project", "environment", "version"],
    optional=["version"],
    help={
        "project": "its name",
        "environment": "one of the project's",
        "version": "`newest`, `previous`, `same`, `choose` or a release's; if not given, what the "
        "environment before it runs",
        "at": 'a time, such as "2026-12-01 06:00 Europe/Berlin": planned and approved now, begun '
        "then",
        "dry-run": "say what would be done, and do nothing",
        "override-freeze": "why it cannot wait for the end of the freeze",
        "urgent": "why it goes ahead of others that wait; kept with it for good",
        "pass-stop": "why it may not wait for the end of a stop, for those who may pass",
        "follow": FOLLOW,
        "json": JSON,
    },
)
def deploy(
    c: Any,
    project: str,
    environment: str,
    version: str = "",
    at: str = "",
    dry_run: bool = False,
    override_freeze: str = "",
    urgent: str = "",
    pass_stop: str = "",
    follow: bool = True,
    json: bool = False,
) -> None:
    """Put a release on an environment; `previous` is the way back, --dry-run only tells.

    `same` is what serves, with the settings and the base image of today.

    Exits 1 when the deployment fails, with the reason. With --at it ends as soon as the run waits,
    for a yes or for its time: `fab follow` looks on, `fab cancel` calls it off.
    """
    params = {"version": version, "dry_run": dry_run, "override_freeze": override_freeze}
    params = {**params, "urgent": urgent, "pass_stop": pass_stop, "at": time_to_come(at)}
    given = {name: value for name, value in params.items() if value}
    # Of a dry run the plan is all that is wanted.
    log_of = "plan" if dry_run else None
    dag_id = dag(c, project, environment)
    how: dict[str, Any] = {"log_of": log_of, "leaves": bool(at)}
    order(c, dag_id, given, follow=follow, json=json, **how)
    if not isinstance(c, Connection) and not dry_run:
        print(deployments.waits_for_a_person(project, environment), end="")


@task(
    positional=["project", "environment"],
    help={
        "project": "its name",
        "environment": "one of the project's",
        "override-freeze": "why it cannot wait for the end of the freeze",
        "urgent": "why it goes ahead of others that wait; kept with it for good",
        "pass-stop": "why it may not wait for the end of a stop, for those who may pass",
        "follow": FOLLOW,
        "json": JSON,
    },
)
def rollback(
    c: Any,
    project: str,
    environment: str,
    override_freeze: str = "",
    urgent: str = "",
    pass_stop: str = "",
    follow: bool = True,
    json: bool = False,
) -> None:
    """Put back the release that served before, as `fab deploy PROJECT ENVIRONMENT previous` does.

    Exits 1 when it fails, with the reason.
    """
    given = {"override_freeze": override_freeze, "urgent": urgent, "pass_stop": pass_stop}
    deploy(c, project, environment, "previous", follow=follow, json=json, **given)


@task(
    positional=["project", "environment"],
    optional=["environment"],
    help={"project": "its name", "environment": "one of the project's; its commits if not given"},
)
def runs(c: Any, project: str, environment: str = "") -> None:
    """List the runs of a project, or of one of its environments."""
    shell(c, ["airflow", "dags", "list-runs", dag(c, project, environment)])
