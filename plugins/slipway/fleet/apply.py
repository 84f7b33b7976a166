"""Does one action of a plan."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from slipway.fleet.cloud import Cloud
from slipway.fleet.goals import Action, ActionKind
from slipway.fleet.user_data import user_data
from slipway.model.cloud.launch import Launch
from slipway.model.cloud.tags import ENVIRONMENT, FAILED, IMAGE, PROJECT, SHA, VERSION
from slipway.model.facts import MachineImage
from slipway.model.target import DeployTarget


def apply(
    action: Action, *, cloud: Cloud, target: DeployTarget, image: MachineImage
) -> tuple[str, ...]:
    """Do it. Done twice, it has the same effect as once.

    :param action: what.
    :param cloud: where.
    :param target: the environment, for a launch.
    :param image: the release's machine image, for a launch.
    :returns: what there is to say of it.
    :raises EnvironmentMisconfigured: when the cloud refuses it.
    :raises CloudUnavailable: when the cloud does not answer.
    :raises LeaseHeld: when it is somebody else's turn, before anything was changed.
    """
    match action.verb:
        case ActionKind.LAUNCH:
            return cloud.launch(launch_of(action, target, image))
        case ActionKind.RESIZE:
            cloud.resize(action.group, action.size or _configured(target))
        case ActionKind.TAKE_OVER:
            cloud.take_over(action.group, action.source or action.group, frozenset(target.drop))
        case ActionKind.CARRY_OVER:
            cloud.carry_over(action.group, action.source or action.group, frozenset(target.drop))
        case ActionKind.KEEP_FAILED:
            until = action.at or 0
            cloud.keep_failed(action.group, action.machine, until)
            ends = datetime.fromtimestamp(until, UTC)
            return (f"{action.machine} stays until {ends:%Y-%m-%d %H:%M} UTC (tag {FAILED})",)
        case _:
            _SIMPLE[action.verb](cloud, action)
    return ()


# What needs to know nothing but the action.
_SIMPLE: dict[ActionKind, Callable[[Cloud, Action], None]] = {
    ActionKind.ATTACH: lambda cloud, do: cloud.attach(do.group, do.source),
    ActionKind.DETACH: lambda cloud, do: cloud.detach(do.group),
    ActionKind.SUSPEND_SCALING: lambda cloud, do: cloud.suspend_scaling(do.group, do.processes),
    ActionKind.RESUME_SCALING: lambda cloud, do: cloud.resume_scaling(do.group, do.processes),
    ActionKind.MARK_LIVE: lambda cloud, do: cloud.mark_live(do.group, do.at or 0),
    ActionKind.KEEP_WARM: lambda cloud, do: cloud.mark_standby(do.group, do.at),
    ActionKind.WAKE: lambda cloud, do: cloud.mark_standby(do.group, None),
    ActionKind.END_FAILED: lambda cloud, do: cloud.end_failed(do.machine),
    ActionKind.DELETE: lambda cloud, do: cloud.delete(do.group),
    ActionKind.DELETE_TEMPLATE: lambda cloud, do: cloud.delete_template(do.group),
}


def launch_of(action: Action, target: DeployTarget, image: MachineImage) -> Launch:
    """Say what a launch is made from.

    :param action: the launch.
    :param target: the environment.
    :param image: the release's machine image.
    """
    release = image.release
    tags = {
        PROJECT: target.project,
        ENVIRONMENT: target.environment,
        VERSION: release.version,
        SHA: release.sha,
        IMAGE: image.image_id,
        "Name": action.group,
    }
    return Launch(
        name=action.group,
        image_id=image.image_id,
        size=action.size or _configured(target),
        tags=tags,
        instance_type=target.instance_type,
        subnets=target.subnets,
        security_groups=target.security_groups,
        profile=target.profile,
        user_data=user_data(target, release),
        like=action.source,
        drop=frozenset(target.drop),
    )


def _configured(target: DeployTarget) -> tuple[int, int, int]:
    return (target.min_size, target.desired_size, target.max_size)
