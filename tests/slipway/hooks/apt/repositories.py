"""An apt repository."""

from __future__ import annotations

from slipway.hooks.apt.connection import AptRepository

REPOSITORY = AptRepository(
    url="http://apt",
    bucket="apt",
    aws_conn_id="aws_default",
    region="eu-west-1",
    distribution="stable",
    component="contrib",
    acl="none",
    signing_key="",
)
