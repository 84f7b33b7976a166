"""Everything that a deployment needs, looked at before it changes anything."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowNotFoundException

from slipway.exceptions import (
    DatabaseUnavailable,
    EnvironmentMisconfigured,
    InputError,
    PreflightFailed,
)
from slipway.fleet.capacity import has_served_alone
from slipway.fleet.forecast import forecast
from slipway.fleet.goals import ActionKind, Goal
from slipway.fleet.preflight.finding import Finding
from slipway.fleet.preflight.judge import judge
from slipway.fleet.swap import Swap
from slipway.hooks.aws.connection import aws_clients
from slipway.hooks.docker.connection import container_engine
from slipway.hooks.preflight.database import DatabaseLook
from slipway.hooks.preflight.look import look_around
from slipway.hooks.tools.toolbox import NOBODY, Toolbox
from slipway.model.cloud.preflight_facts import DatabaseSeen, Unasked
from slipway.model.cloud.preflight_needs import Needs
from slipway.model.facts import MachineImage, PublishedPackage, Release
from slipway.model.fleet import Fleet, ServerGroup
from slipway.model.target import DeployTarget
from slipway.operators.migrations import database_url, migration_files
from slipway.operators.preview import ImageOutlook, SchemaOutlook
from slipway.operators.swap import open_launch
from slipway.tasks.naming import container_name, labels

if TYPE_CHECKING:
    from airflow.sdk import Context

_MAKE = "correct what is named, then run the deployment again; nothing was changed"


@dataclass(frozen=True, kw_only=True)
class Preflight:
    """Looks whether the whole way of a deployment is open.

    :param target: the environment.
    :param image: looks for the release's machine image.
    :param schema: of the environment's database; None without migrations.
    :param parameters: names of those that the unit cannot do without.
    """

    target: DeployTarget
    image: ImageOutlook
    schema: SchemaOutlook | None = None
    parameters: tuple[str, ...] = ()

    def look(
        self, package: PublishedPackage, context: Context, log: Callable[..., None]
    ) -> tuple[Finding, ...]:
        """Look at everything, the database too; nothing is changed.

        :param package: of the release.
        :param context: the task's.
        :param log: a logger's method; told what could not be looked at.
        """
        trouble: list[Finding] = []
        try:
            image, _ = self.image.look(package)
        except InputError as error:
            trouble.append(_image_trouble(error))
            image = self.image.unbaked(package)
        seen = self.database(package.release, context)
        findings = self._cloud(image, self.image.chosen(package), log, database=seen)
        return (*trouble, *findings)

    def require_open(self, image: MachineImage, log: Callable[..., None]) -> None:
        """Look at the cloud once more, at the last moment before the first change.

        What waited for its turn, or for a bake, may find another world than it left.

        :param image: that was baked.
        :param log: a logger's method.
        :raises PreflightFailed: with all that is in the way.
        """
        require(self._cloud(image, None, log), self.target, image.release)

    def database(self, release: Release, context: Context) -> DatabaseSeen | Unasked | None:
        """Look at the environment's database; None where there is none.

        :param release: whose migrations it is to get.
        :param context: the task's.
        """
        if self.schema is None:
            return None
        schema = self.schema
        try:
            url = database_url(schema.database_conn_id)
        except (AirflowNotFoundException, EnvironmentMisconfigured) as error:
            told = error.message if isinstance(error, EnvironmentMisconfigured) else ""
            trouble = told or "has no such connection in Airflow, or in its secrets backend"
            return DatabaseSeen(connection=schema.database_conn_id, trouble=trouble)
        migrations = migration_files(schema.repository, schema.directory, release.sha)
        engine = container_engine(schema.docker_conn_id)
        engine.remove_labelled(labels(context))
        toolbox = Toolbox(
            engine=engine, name=container_name(context, "psql"), labels=labels(context), user=NOBODY
        )
        look = DatabaseLook(toolbox=toolbox, connection=schema.database_conn_id, url=url)
        return look.look(migrations)

    def clean_up(self, context: Context) -> None:
        """Remove what a killed look left in the container engine.

        :param context: the task's.
        """
        if self.schema is not None:
            self.schema.clean_up(context)

    def _cloud(
        self,
        image: MachineImage,
        package: PublishedPackage | None,
        log: Callable[..., None],
        *,
        database: DatabaseSeen | Unasked | None = None,
    ) -> tuple[Finding, ...]:
        swap = open_launch(self.target, image, log)
        needs = self._needs(swap, package)
        clients = aws_clients(self.target.aws_conn_id, self.target.region)
        seen = look_around(clients, needs, database=database)
        for one in seen.unasked:
            log("not checked: %s, because %s", one.what, one.why)
        return judge(needs, seen)

    def _needs(self, swap: Swap, package: PublishedPackage | None) -> Needs:
        target, image = swap.target, swap.image
        fleet = _fleet(swap)
        previous = swap.previous(fleet) if fleet else None
        machines = _launched(swap, fleet, previous) if fleet else target.desired_size
        baked = package is None or image.reused
        ours = previous is not None and previous.version is not None
        return Needs(
            project=target.project,
            environment=target.environment,
            target_group=target.target_group,
            load_balancer=target.load_balancer,
            subnets=target.subnets,
            security_groups=target.security_groups,
            instance_type=target.instance_type,
            profile=target.profile,
            # A release that served alone before is not watched again.
            alarms=()
            if fleet and has_served_alone(fleet.of(image.release.version))
            else target.alarms,
            architecture=package.architecture if package else "all",
            image_id=image.image_id if baked else None,
            machines=machines,
            parameters=self.parameters,
            like=previous.name if previous else None,
            drop=frozenset(target.drop),
            template=previous.name if previous and ours else None,
            apt=_release_file(package) if package and not baked else "",
        )


def require(findings: Sequence[Finding], target: DeployTarget, release: Release) -> None:
    """Stop a deployment for which something is missing, naming all of it.

    :param findings: what is in its way.
    :param target: the environment.
    :param release: on its way there.
    :raises PreflightFailed: for what somebody has to put right.
    :raises DatabaseUnavailable: for what may pass by itself.
    """
    if not findings:
        return
    said = "".join(f"\n  {number}. {one}" for number, one in enumerate(findings, start=1))
    msg = f"{release.version} cannot go to {target.environment} of {target.project}:{said}"
    if all(one.passing for one in findings):
        raise DatabaseUnavailable(msg, advice="the task tries again by itself")
    raise PreflightFailed(msg, advice=_MAKE)


def _image_trouble(error: InputError) -> Finding:
    return Finding(what="machine image", trouble=error.message, cure=error.advice)


def _fleet(swap: Swap) -> Fleet | None:
    """Observe the fleet; None where its balancer is not there, which is a finding of its own."""
    try:
        return swap.observe()
    except EnvironmentMisconfigured:
        return None


def _launched(swap: Swap, fleet: Fleet, previous: ServerGroup | None) -> int:
    """Count the machines that the swap launches; none where a standby comes back as it is.

    Groups whose machines weigh differently count by weight: there are as many at least.
    """
    ahead = swap.situation(fleet, Goal.OLD_RETIRED)
    actions: list[Any] = [one.action for one in forecast(ahead) if one.action]
    own = [one for one in actions if one.group == swap.name]
    if not any(one.verb is ActionKind.LAUNCH for one in own):
        return 0
    sizes = [
        one.size[1]
        for one in own
        if one.verb in (ActionKind.LAUNCH, ActionKind.RESIZE) and one.size
    ]
    units = max(sizes, default=swap.target.desired_size)
    weights = [one.weight for one in previous.machines] if previous else []
    return math.ceil(units / max(weights, default=1))


def _release_file(package: PublishedPackage) -> str:
    url = package.repository_url.rstrip("/")
    return f"{url}/dists/{package.distribution}/InRelease" if url.startswith("http") else ""
