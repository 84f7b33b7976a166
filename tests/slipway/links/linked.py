"""A target, and a commit, to make links of."""

from __future__ import annotations

from slipway.model.facts import Checkout, Release
from slipway.model.target import DeployTarget

SHA = "3f2a1b7c9d0e1f2a3b4c5d6e7f8091a2b3c4d5e6"
REPOSITORY = "https://bitbucket.org/acme/shop.git"


def target() -> DeployTarget:
    return DeployTarget(
        project="shop",
        environment="prod",
        region="eu-west-1",
        aws_conn_id="aws_default",
        subnets=("subnet-1",),
        security_groups=("sg-1",),
        instance_type="t3.small",
        min_size=1,
        desired_size=1,
        max_size=2,
        health_path="/",
        health_port=80,
        health_timeout=60.0,
        soak=0.0,
        keep_old=0.0,
        target_group="shop-prod",
    )


def checkout(message: str = "Greet in colour", *, version: str = "1.4.0+42.g3f2a1b7") -> Checkout:
    return Checkout(
        release=Release(project="shop", sha=SHA, version=version),
        repository=REPOSITORY,
        ref="main",
        branch="main",
        message=message,
        author_name="Ann",
        author_email="ann@example.com",
        committed_at=1_700_000_000,
    )
