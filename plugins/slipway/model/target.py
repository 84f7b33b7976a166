"""What an environment wants of its fleet, whatever the release."""

from __future__ import annotations

from dataclasses import dataclass

from slipway.model.facts import Fact


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe(Fact):
    """An HTTP question that a release has to answer while it is watched.

    :param path: asked of each machine in service, past the balancer; None asks no machine.
    :param port: of the machines; None for the one that is asked for health.
    :param scheme: http or https; None for that of health, if it is asked at the same port.
    :param url: asked as well.
    :param status: of the right answer.
    :param failures: so many wrong answers in a row are a breach.
    """

    path: str | None = None
    port: int | None = None
    url: str | None = None
    status: int = 200
    failures: int = 3
    scheme: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Canary(Fact):
    """The first few machines of a release, which are watched before the others come.

    :param size: how many.
    :param soak: for how long, in seconds.
    """

    size: int = 1
    soak: float = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class DeployTarget(Fact):
    """One environment of one project, as the fleet sees it; lengths of time are seconds.

    :param project: the project's name.
    :param environment: the environment's name.
    :param region: AWS region.
    :param aws_conn_id: Airflow connection of the AWS account.
    :param target_group: name of an ALB or NLB target group; None with ``load_balancer``.
    :param load_balancer: name of a classic load balancer; None with ``target_group``.
    :param subnets: ids, or values of the Name tag.
    :param security_groups: ids, or names.
    :param instance_type: EC2's word for the kind of machine.
    :param profile: instance profile, the application's role.
    :param drop: what a new group does not get of the live one, by the names of
        :mod:`slipway.hooks.fleet.inheritance.table`.
    :param min_size: of a group's machines, as the next two, where no live group says otherwise.
    :param desired_size: of a group's machines.
    :param max_size: of a group's machines.
    :param health_path: that a machine is asked for; as the balancer asks without it, and so the
        next three.
    :param health_port: of the machines.
    :param health_timeout: for one answer.
    :param soak: for which the new group serves and is watched beside the old one.
    :param keep_old: for which the old group is kept warm.
    :param health_scheme: http, https, tcp or tls.
    :param health_status: the right answers, as ``200-399,401``.
    :param keep_failed: for which an ill machine of a failed release is kept, out of traffic.
    :param probe: a release is asked while it soaks.
    :param alarms: names of the CloudWatch alarms that are listened to meanwhile.
    :param canary: comes before the rest of a new release; None for all at once.
    :param resized_from: how many machines the settings of what serves ask for, where the sizes here
        are other ones and are to come; None where a group is as large as what it replaces.
    :param resized_back: these sizes are those of before, so that no machine is to go for them.
    """

    project: str
    environment: str
    region: str
    aws_conn_id: str
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    instance_type: str
    min_size: int
    desired_size: int
    max_size: int
    health_path: str | None
    health_port: int | None
    health_timeout: float
    soak: float
    keep_old: float
    target_group: str | None = None
    load_balancer: str | None = None
    profile: str | None = None
    probe: Probe | None = None
    alarms: tuple[str, ...] = ()
    canary: Canary | None = None
    drop: tuple[str, ...] = ()
    health_scheme: str | None = None
    health_status: str | None = None
    keep_failed: float = 0.0
    resized_from: int | None = None
    resized_back: bool = False
