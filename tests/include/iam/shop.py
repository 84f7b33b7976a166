"""Somebody with the rights of ``shop``'s ``dev``, and what there is around.

``shop`` has the environments ``dev``, ``dev-2`` and ``prod``; ``shop-admin`` is another project.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from include.iam.__main__ import roles
from include.iam.policy_document import Place
from tests.include.iam.evaluator import Request, allowed
from tests.include.iam.requests import ACCOUNT, GROUPS, REGION, context

PLACE = Place(
    project="shop",
    environment="dev",
    region=REGION,
    profiles=("shop-dev-app",),
    target_groups=("shop-dev",),
    load_balancers=("shop-dev-classic",),
    subnets=("subnet-0a", "slipway-b"),
    security_groups=("sg-0a",),
    neighbours=("shop-dev-2",),
    also=(
        f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/internal/0a",
        f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/old",
        f"arn:aws:vpc-lattice:{REGION}:{ACCOUNT}:targetgroup/tg-0a",
        f"arn:aws:ec2:{REGION}:{ACCOUNT}:key-pair/ops",
        f"arn:aws:iam::{ACCOUNT}:role/tell-the-queue",
    ),
)
POLICIES = {role.name: tuple(role.policies().values()) for role in roles(PLACE)}


def tags(project: str = "shop", environment: str = "dev", **more: str) -> dict[str, str]:
    told = {f"slipway:{key.replace('_', '-')}": value for key, value in more.items()}
    return {"slipway:project": project, "slipway:environment": environment} | told


MINE, PROD, DEV2 = tags(), tags(environment="prod"), tags(environment="dev-2")
ADMIN = tags("shop-admin")
APP, BASE = {"slipway:project": "shop", "slipway:layer": "app"}, {"slipway:layer": "base"}
BUILDER = tags(bake="slipway-bake-shop.dev.0123456789-app")
STRANGER: dict[str, str] = {}
GROUP = f"{GROUPS}/shop-dev-1.0"
IMAGE = f"arn:aws:ec2:{REGION}::image/ami-1"
SNAPSHOT = f"arn:aws:ec2:{REGION}::snapshot/snap-1"
TARGETS = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup"
ALARM = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm"
PARAMETER = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter"


def may(role: str, action: str, resource: str, told: dict[str, Any] | None = None) -> bool:
    asked = Request(action=action, resource=resource, context=told or context())
    return allowed(POLICIES[role], asked)


def may_all(role: str, asked: Iterable[Request]) -> bool:
    return all(allowed(POLICIES[role], one) for one in asked)
