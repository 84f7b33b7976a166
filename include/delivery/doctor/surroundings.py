"""What an environment's deployments will need of the cloud and of the database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from include.delivery.doctor.finding import Checked, State
from include.delivery.preflight import preflight
from include.delivery.targets import fleet_target
from include.project.model import Project
from slipway.fleet.preflight.judge import judge
from slipway.hooks.aws.connection import aws_clients
from slipway.hooks.git.connection import git_mirror
from slipway.hooks.preflight.look import look_around
from slipway.model.cloud.preflight_facts import DatabaseSeen, Surroundings, Unasked
from slipway.model.cloud.preflight_needs import Needs
from slipway.model.facts import Release

# How AWS's services word that a right is missing.
_REFUSED = ("AccessDenied", "UnauthorizedOperation", "NotAuthorized", "AuthorizationError")
# How the embedded cloud words that it is no service of its own (include/localcloud/api/services).
_NOT_HERE = "the embedded cloud has these services alone"

if TYPE_CHECKING:
    from airflow.sdk import Context


def cloud(project: Project, name: str) -> Iterator[Checked]:
    """Look at balancer, network, machines, quotas, rights, parameters and alarms.

    :param project: whose environment.
    :param name: of the environment.
    """
    target = fleet_target(project, name)
    needs = Needs(
        project=project.name,
        environment=name,
        target_group=target.target_group,
        load_balancer=target.load_balancer,
        subnets=target.subnets,
        security_groups=target.security_groups,
        instance_type=target.instance_type,
        profile=target.profile,
        alarms=target.alarms,
        machines=target.desired_size,
        parameters=project.package.parameters,
    )
    seen = look_around(aws_clients(target.aws_conn_id, target.region), needs)
    yield from _judged(name, needs, seen, what="cloud")


def database(project: Project, name: str, context: Context) -> Iterator[Checked]:
    """Ask the environment's database what the migrations of the branch would meet there.

    :param project: whose environment.
    :param name: of the environment.
    :param context: the task's.
    :raises SlipwayError: when the repository, or a container, is not to be had.
    """
    if project.migrations is None:
        return
    source, target = project.repository, fleet_target(project, name)
    sha = git_mirror(source.url, source.connection).tip(source.branch)
    looks = preflight(project, target)
    release = Release(project=project.name, sha=sha, version="0")
    found = looks.database(release, context)
    needs = Needs(
        project=project.name,
        environment=name,
        target_group=None,
        load_balancer=None,
        subnets=(),
        security_groups=(),
        instance_type="",
        machines=0,
    )
    if isinstance(found, Unasked):
        yield Checked(area=name, what=found.what, state=State.UNASKED, words=found.why)
    elif isinstance(found, DatabaseSeen):
        nothing = Unasked(what="balancer", why="it is looked at by itself")
        seen = Surroundings(balancer=nothing, balancers=(), database=found)
        yield from _judged(name, needs, seen, what=f"database {found.connection}", hidden=nothing)


def _without(area: str, those: list[Unasked]) -> Iterator[Checked]:
    """Say in one line what the embedded cloud does not have, which is nothing to worry about."""
    if those:
        what = ", ".join(one.what for one in those)
        yield Checked(
            area=area, what=what, state=State.UNASKED, words="the embedded cloud has no such thing"
        )


def _unasked(needs: Needs, area: str, one: Unasked) -> Checked:
    """Tell a right that is missing from what does not answer."""
    if not any(word in one.why for word in _REFUSED):
        return Checked(area=area, what=one.what, state=State.UNASKED, words=one.why)
    return Checked(
        area=area,
        what=f"right to see {one.what}",
        state=State.WRONG,
        words=one.why,
        cure=f"`python -m include.iam {needs.project} {needs.environment}` prints the policy of "
        "the role with all rights that it needs: attach it anew",
    )


def _judged(
    area: str, needs: Needs, seen: Surroundings, *, what: str, hidden: Unasked | None = None
) -> Iterator[Checked]:
    findings = judge(needs, seen)
    for finding in findings:
        near = f"; did you mean {finding.nearest!r}?" if finding.nearest else ""
        yield Checked(
            area=area,
            what=finding.what,
            state=State.WRONG,
            words=f"{finding.trouble}{near}",
            cure=finding.cure,
        )
    unasked = [one for one in seen.unasked if one is not hidden]
    yield from _without(area, [one for one in unasked if _NOT_HERE in one.why])
    for one in unasked:
        if _NOT_HERE not in one.why:
            yield _unasked(needs, area, one)
    if not findings:
        yield Checked(area=area, what=what)
