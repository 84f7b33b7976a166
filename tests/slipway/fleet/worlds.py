"""What the fleet's tests build their worlds from."""

from __future__ import annotations

from typing import Any

from slipway.fleet.cloud import Cloud
from slipway.fleet.goals import ActionKind, Goal, Plan
from slipway.fleet.plan import plan
from slipway.fleet.prober import Prober
from slipway.fleet.situation import Situation
from slipway.fleet.swap import Swap
from slipway.model.facts import MachineImage, Release
from slipway.model.fleet import Fleet, Machine, ServerGroup
from slipway.model.target import DeployTarget
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.fakes.prober import FakeProber

DEPLOY = (Goal.LAUNCHED, Goal.IN_TRAFFIC, Goal.OLD_RETIRED)
NOW = 1000
NAME = "shop-dev-2"


def make_target(**more: Any) -> DeployTarget:
    fields: dict[str, Any] = {
        "project": "shop",
        "environment": "dev",
        "region": "eu-west-1",
        "aws_conn_id": "aws",
        "subnets": ("a",),
        "security_groups": ("s",),
        "instance_type": "t3.micro",
        "min_size": 1,
        "desired_size": 2,
        "max_size": 4,
        "health_path": "/",
        "health_port": 80,
        "health_timeout": 60.0,
        "soak": 0.0,
        "keep_old": 0.0,
        "target_group": "shop-dev",
    }
    return DeployTarget(**(fields | more))


def make_image(version: str) -> MachineImage:
    return MachineImage(
        release=Release(project="shop", sha="a" * 40, version=version),
        image_id=f"ami-{version}",
        name="n",
        base_image_id="b",
        deb_sha256="d",
        playbook_hash="p",
        region="eu-west-1",
    )


def make_swap(
    cloud: Cloud,
    version: str,
    *,
    now: float = NOW,
    log: list[str] | None = None,
    image: str | None = None,
    prober: Prober | None = None,
    **more: Any,
) -> Swap:
    ticks = iter(range(100_000))
    return Swap(
        cloud=cloud,
        prober=prober or FakeProber(),
        target=make_target(**more),
        image=make_image(image or version),
        log=(log if log is not None else []).append,
        clock=lambda: now + next(ticks),
        sleep=lambda _: None,
    )


def deploy(cloud: FakeFleetCloud, version: str, **more: Any) -> None:
    for wish in DEPLOY:
        make_swap(cloud, version, **more).converge(wish, timeout=100)


def make_group(version: str | None, size: int = 2, **more: Any) -> ServerGroup:
    """Build a group, by default one that serves alone; ``health`` is its machines'."""
    health = more.pop("health", "healthy" if more.get("attached", True) else None)
    lifecycle = more.pop("lifecycle", "InService")
    name = f"shop-dev-{version.replace('@', '-')}" if version else "by-hand"
    machines = tuple(
        Machine(
            instance_id=f"i-{name}-{n}",
            address=f"10.1.0.{n}",
            lifecycle=lifecycle,
            target_health=health,
        )
        for n in range(size)
    )
    fields: dict[str, Any] = {
        "name": name,
        "version": version,
        "min_size": 1,
        "desired": size,
        "max_size": 4,
        "attached": True,
        "machines": machines,
        "live_since": 500 if version else None,
        "image_id": f"ami-{version}" if version else None,
    }
    return ServerGroup(**(fields | more))


def serving(cloud: FakeFleetCloud) -> list[str | None]:
    return [group.version for group in cloud.groups.values() if group.serving]


def nothing_is_orphaned(cloud: FakeFleetCloud) -> None:
    fleet = cloud.observe()
    ours = [group for group in fleet.groups if group.version is not None]
    assert fleet.orphans == ()
    idle = [group for group in ours if not (group.attached or group.deleting)]
    assert all(group.standby_until is not None for group in idle)
    assert not [group.name for group in fleet.groups if group.attached and group.held]


def make_situation(goal: Goal, fleet: Fleet, **more: Any) -> Situation:
    """Version 2 is on its way into a world."""
    return Situation(
        fleet=fleet,
        goal=goal,
        target=make_target(**more),
        version="2",
        machine_image="ami-2",
        now=NOW,
    )


def make_plan(wish: Goal, *groups: ServerGroup, **more: Any) -> Plan:
    """Plan for version 2 of a world."""
    templates = more.pop("templates", tuple(group.name for group in groups))
    return plan(make_situation(wish, Fleet(groups=groups, templates=templates), **more))


def did(step: Plan) -> list[tuple[ActionKind, str]]:
    return [(action.verb, action.group) for action in step.actions]
