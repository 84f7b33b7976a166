"""Slipway's own way of publishing, as the operator goes it."""

from __future__ import annotations

import io
import json
import os
import time
from typing import Any

from benchmarks.apt import alone as apt_alone
from slipway.hooks.apt import script
from slipway.hooks.apt.aptly import Aptly
from slipway.hooks.apt.bucket import AptBucket
from slipway.hooks.apt.connection import apt_repository
from slipway.hooks.aws.connection import account
from slipway.hooks.tools.toolbox import WORK

# Many packages at once, as nobody publishes them: only to have a repository of that size.
_FILL = f"""
aptly repo create -distribution="$1" -component="$2" "$1"
aptly repo add "$1" {WORK} > /dev/null
python3 "$STATE" store "$RIGHTS" "$root" /tmp
"""


class Publisher:
    """Publishes into a bucket of its own.

    :param engine: where the containers run.
    :param endpoint: of the S3 server.
    :param bucket: made here.
    :param key: private, ASCII-armoured.
    """

    def __init__(self, engine: Any, endpoint: str, bucket: str, key: str) -> None:
        apt_alone.make_bucket(endpoint, bucket)
        connection = {
            "conn_type": "generic",
            "host": f"{endpoint}/{bucket}",
            "password": key,
            "extra": {"bucket": bucket, "region": apt_alone.REGION, "acl": "public-read"},
        }
        os.environ["AIRFLOW_CONN_SLIPWAY_APT"] = json.dumps(connection)
        self._engine = engine

    def fill(self, packages: int) -> None:
        """Publish so many packages at once.

        :param packages: how many.
        """
        debs = {f"pkg{n}.deb": io.BytesIO(apt_alone.deb(f"pkg{n}")) for n in range(packages)}
        aptly = self._aptly("fill")
        bucket = AptBucket(aptly.repository)
        with bucket.lock("fill").held(print) as token:
            steps = script.PREPARE + _FILL + script.PUBLISH
            lines: list[str] = []
            ended = aptly._run(steps, bucket, token, {}, lines.append, debs)
        if ended.exit_code:
            raise SystemExit("\n".join(lines[-20:]))

    def publish(self, name: str) -> float:
        """Publish one more package as a task does; returns the seconds.

        :param name: the package's.
        """
        began = time.monotonic()
        packed = io.BytesIO(apt_alone.deb(name))
        self._aptly(name).publish(f"{name}_1.0_all.deb", packed, lambda _: None)
        return time.monotonic() - began

    def lacks(self, names: list[str]) -> list[str]:
        """Return the packages that machines do not find.

        :param names: that were published.
        """
        found = AptBucket(apt_repository("slipway_apt")).index().names()
        return sorted({f"{name}_1.0_all" for name in names} - set(found))

    def _aptly(self, name: str) -> Aptly:
        repository = apt_repository("slipway_apt")
        return Aptly(
            engine=self._engine,
            repository=repository,
            account=account(repository.aws_conn_id, repository.region, "s3"),
            name=f"slipway-bench-apt-{name}",
            labels={},
        )
