"""What a deployment will need of the cloud, before any of it is looked for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Needs:
    """Everything in the cloud that one deployment relies on.

    :param project: the project's name.
    :param environment: the environment's name.
    :param target_group: name of an ALB or NLB target group; None with ``load_balancer``.
    :param load_balancer: name of a classic load balancer; None with ``target_group``.
    :param subnets: ids, or values of the Name tag.
    :param security_groups: ids, or names.
    :param instance_type: EC2's word for the kind of machine.
    :param profile: the instance profile; None for none.
    :param alarms: names of those that watch the release.
    :param architecture: of the package, as Debian writes it; ``all`` fits every machine.
    :param image_id: None while the image is still to be baked.
    :param machines: how many are launched; 0 where a standby comes back, which needs no image,
        profile or quota any more.
    :param parameters: names of those that the unit cannot do without.
    :param like: name of the serving group, whose hooks and key pair pass on.
    :param drop: what of it does not, by the names of :mod:`slipway.hooks.fleet.inheritance.table`.
    :param template: a launch template of this environment that is there, if one is.
    :param apt: where the machine image's package comes from; empty when nothing is baked.
    """

    project: str
    environment: str
    target_group: str | None
    load_balancer: str | None
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    instance_type: str
    profile: str | None = None
    alarms: tuple[str, ...] = ()
    architecture: str = "all"
    image_id: str | None = None
    machines: int = 1
    parameters: tuple[str, ...] = ()
    like: str | None = None
    drop: frozenset[str] = frozenset()
    template: str | None = None
    apt: str = ""

    @property
    def parameter_path(self) -> str:
        """Where the environment's parameters lie."""
        return f"/slipway/{self.project}/{self.environment}/"
