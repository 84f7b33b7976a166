"""Roles, and what is decided about each."""

from __future__ import annotations

from pathlib import Path

from include.iam.policy_document import Place
from tests.include.iam import shop

ROOT = Path(__file__).resolve().parents[4]
PLACE = Place(
    project="shop",
    environment="dev",
    region="eu-west-1",
    profiles=("shop-dev-app",),
    target_groups=("shop-dev",),
    load_balancers=("shop-dev-classic",),
    subnets=("subnet-0a", "slipway-b"),
    security_groups=("sg-0a",),
    neighbours=("shop-dev-2",),
    also=shop.PLACE.also,
)
