"""Does one action of a plan."""

from __future__ import annotations

from slipway.facts import MachineImage
from slipway.fleet.decisions import Action, Verb
from slipway.fleet.machine_data import user_data
from slipway.fleet.target import FleetTarget
from slipway.hooks.fleet_cloud import ENVIRONMENT, IMAGE, PROJECT, SHA, VERSION, FleetCloud
from slipway.hooks.launch_templates import Launch


def act(action: Action, *, cloud: FleetCloud, target: FleetTarget, image: MachineImage) -> None:
    """Do it. Done twice, it has the same effect as once.

    :param action: what.
    :param cloud: where.
    :param target: the environment, for a launch.
    :param image: the release's machine image, for a launch.
    :raises EnvironmentMisconfigured: when the cloud refuses it.
    :raises CloudUnavailable: when the cloud does not answer.
    """
    group = action.group
    match action.verb:
        case Verb.LAUNCH:
            cloud.launch(_launch(action, target, image))
        case Verb.RESIZE:
            cloud.resize(group, action.size or _configured(target))
        case Verb.ATTACH:
            cloud.attach(group)
        case Verb.DETACH:
            cloud.detach(group)
        case Verb.SUSPEND_SCALING:
            cloud.hold(group, action.processes)
        case Verb.RESUME_SCALING:
            cloud.release(group, action.processes)
        case Verb.MARK_LIVE:
            cloud.mark_live(group, action.at or 0)
        case Verb.KEEP_WARM | Verb.WAKE:
            cloud.mark_standby(group, action.at)
        case Verb.DELETE:
            cloud.delete(group)


def _launch(action: Action, target: FleetTarget, image: MachineImage) -> Launch:
    release = image.release
    tags = {
        PROJECT: target.project, ENVIRONMENT: target.environment, VERSION: release.version,
        SHA: release.sha, IMAGE: image.image_id, "Name": action.group,
    }  # fmt: skip
    return Launch(
        name=action.group, image_id=image.image_id, size=action.size or _configured(target),
        tags=tags, instance_type=target.instance_type, subnets=target.subnets,
        security_groups=target.security_groups, profile=target.profile,
        user_data=user_data(target, release),
    )  # fmt: skip


def _configured(target: FleetTarget) -> tuple[int, int, int]:
    return (target.min_size, target.desired_size, target.max_size)
