"""Where the apt repository is, from an Airflow connection."""

from __future__ import annotations

import re
from dataclasses import dataclass

from airflow.sdk import BaseHook
from airflow.sdk.log import mask_secret

from slipway.exceptions import EnvironmentMisconfigured

# What aptly can publish.
_DISTRIBUTION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


@dataclass(frozen=True, kw_only=True, slots=True)
class AptRepository:
    """One signed repository in an S3 bucket.

    :param url: what machines write after ``deb``.
    :param bucket: where it is published.
    :param aws_conn_id: whose bucket it is.
    :param region: of the bucket.
    :param distribution: as it stands in ``dists/``.
    :param component: of that distribution.
    :param acl: of each object; ``none`` where the bucket's policy says who may read.
    :param signing_key: private, ASCII-armoured, without a passphrase.
    """

    url: str
    bucket: str
    aws_conn_id: str
    region: str
    distribution: str
    component: str
    acl: str
    signing_key: str


def apt_repository(connection_id: str) -> AptRepository:
    """Read a connection; its key is masked in every log from here on.

    :param connection_id: host is the URL, the password the key, extra has ``bucket`` and may
        have ``aws_conn_id``, ``region``, ``distribution``, ``component``, ``acl``.
    :raises EnvironmentMisconfigured: when something is missing.
    """
    connection = BaseHook.get_connection(connection_id)
    extra = connection.extra_dejson
    if not (connection.host and connection.password and extra.get("bucket")):
        msg = f"the connection {connection_id!r} needs a host, a password and a bucket"
        raise EnvironmentMisconfigured(msg, advice="see 'On AWS' in the README")
    distribution = extra.get("distribution", "stable")
    if not _DISTRIBUTION.fullmatch(distribution):
        msg = f"the connection {connection_id!r} has the distribution {distribution!r}"
        advice = "it is one word of letters, digits and . _ + - such as stable, without a slash"
        raise EnvironmentMisconfigured(msg, advice=advice)
    for line in connection.password.splitlines():
        if line and not line.startswith("-----"):
            mask_secret(line)
    return AptRepository(
        url=connection.host.rstrip("/"),
        bucket=extra["bucket"],
        aws_conn_id=extra.get("aws_conn_id", "aws_default"),
        region=extra.get("region", "us-east-1"),
        distribution=distribution,
        component=extra.get("component", "main"),
        acl=extra.get("acl", "none"),
        signing_key=connection.password,
    )
