"""What operators are told of a project: where its commits are, and where its releases go.

A DAG builds each of these once, and hands it on.
"""

from __future__ import annotations

from dataclasses import replace

from include.project.machines.of_project import instance_type
from include.project.model import Deploy, Environment, Project
from slipway.model.cloud.account import Account
from slipway.model.git.deliverable import Deliverable
from slipway.model.git.repository import Repository
from slipway.model.git.watching import Watching
from slipway.model.target import Canary, DeployTarget, Probe
from slipway.tasks.board.between import Between
from slipway.tasks.board.housekeeping import Listed
from slipway.tasks.order.branch_order import BranchOrder


def repository_of(project: Project) -> Repository:
    """Say where a project's commits are."""
    return Repository(url=project.repository.url, connection=project.repository.connection)


def order_of(project: Project) -> BranchOrder:
    """Say which of a project's commits came after which."""
    source = project.repository
    delivered = Deliverable(branch=source.branch, branches=source.branches, tags=source.tags)
    return BranchOrder(repository=repository_of(project), delivered=delivered)


def watching_of(project: Project) -> Watching:
    """Say what is looked for in a project's repository besides the delivered branch."""
    repository = project.repository
    place = repository.forge_place() if repository.pull_requests is not None else None
    return replace(repository.watch.as_watching(), pull_requests=place)


def account_of(target: DeployTarget) -> Account:
    """Say where the machine images of an environment live."""
    return Account(aws_conn_id=target.aws_conn_id, region=target.region)


def fleet_targets(project: Project) -> dict[str, DeployTarget]:
    """Return the targets of all environments, by their names."""
    return {name: fleet_target(project, name) for name in project.environments}


def fleet_target(project: Project, name: str) -> DeployTarget:
    """Say to the fleet what the project file says of one environment."""
    environment: Environment = project.environments[name]
    return DeployTarget(
        project=project.name,
        environment=name,
        region=environment.aws.region,
        aws_conn_id=environment.aws.connection,
        target_group=environment.target_group,
        load_balancer=environment.load_balancer,
        subnets=environment.instance.subnets,
        security_groups=environment.instance.security_groups,
        instance_type=instance_type(project, name),
        profile=environment.instance.profile,
        min_size=environment.size.min,
        desired_size=environment.size.desired,
        max_size=environment.size.max,
        health_path=environment.health.path,
        health_port=environment.health.port,
        health_scheme=environment.health.scheme,
        health_status=environment.health.status,
        drop=environment.instance.drop,
        health_timeout=environment.health.timeout.total_seconds(),
        soak=environment.soak.length.total_seconds(),
        probe=Probe(**probe.model_dump()) if (probe := environment.soak.probe) else None,
        alarms=environment.soak.alarms,
        canary=_canary_size(environment),
        keep_old=environment.keep_old.total_seconds(),
        keep_failed=environment.keep_failed.total_seconds(),
    )


def between(project: Project, region: str) -> Between:
    """Say how two of a project's releases are compared.

    :param project: from its project file.
    :param region: whose images are.
    """
    directory = project.migrations.directory if project.migrations else ""
    return Between(repository=repository_of(project), directory=directory, region=region)


def listed(project: Project, name: str) -> Listed:
    """Say what a list of environments shows of one, by the project file."""
    environment = project.environments[name]
    return Listed(
        place=list(project.environments).index(name),
        continuous=environment.deploy is Deploy.CONTINUOUS,
        asks=environment.approval,
        approvals=environment.approvals,
        windows=tuple(freeze.window() for freeze in environment.freeze),
    )


def _canary_size(environment: Environment) -> Canary | None:
    canary = environment.canary
    return Canary(size=canary.size, soak=canary.soak.total_seconds()) if canary else None
