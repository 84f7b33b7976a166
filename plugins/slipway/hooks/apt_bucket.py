"""The published side of the apt repository: a bucket, and the Release file in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.config import Config

from slipway.exceptions import ToolFailed
from slipway.hooks.apt_connection import AptRepository
from slipway.hooks.aws_session import AwsSession

# So often it is signed anew: a day's failures, or a month's, do no harm.
RENEW_AFTER = timedelta(days=1)
# Bytes. A repository of thousands of packages has a Release file of some kilobytes.
_LARGEST = 1 << 20
# Seconds: longer than a publication waits and takes.
_UPLOAD = 3600


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleaseFile:
    """What the published Release file says of itself.

    :param signed: when.
    :param valid_until: how long machines trust it; None for ever, as earlier versions wrote it.
    """

    signed: datetime
    valid_until: datetime | None

    def due(self, now: datetime) -> bool:
        """Tell whether it is to be signed anew."""
        return self.valid_until is None or now - self.signed >= RENEW_AFTER


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """The right to write one object, for an hour.

    :param headers: that are to be sent with it.
    """

    url: str
    headers: dict[str, str]


class AptBucket:
    """The bucket of a repository.

    :param repository: whose.
    """

    def __init__(self, repository: AptRepository) -> None:
        session = AwsSession(aws_conn_id=repository.aws_conn_id, region_name=repository.region)
        # The older kind of signature, boto3's own choice for URLs, is not known in every region.
        self._store: Any = session.client("s3", Config(signature_version="s3v4"))
        self._repository = repository
        self._folder = f"dists/{repository.distribution}"

    def release(self) -> ReleaseFile | None:
        """Read the signed Release file; None where nothing was published yet."""
        try:
            found = self._store.get_object(
                Bucket=self._repository.bucket, Key=f"{self._folder}/InRelease"
            )
        except self._store.exceptions.NoSuchKey:
            return None
        return read_release(found["Body"].read(_LARGEST).decode(errors="replace"))

    def upload(self) -> Upload:
        """Return the right to write the Release file that stands beside its signature."""
        params = {"Bucket": self._repository.bucket, "Key": f"{self._folder}/Release"}
        headers = {"Content-Type": "binary/octet-stream"}
        if self._repository.acl not in ("", "none"):
            params["ACL"] = headers["x-amz-acl"] = self._repository.acl
        url = self._store.generate_presigned_url("put_object", Params=params, ExpiresIn=_UPLOAD)
        return Upload(url=url, headers=headers)


def read_release(text: str) -> ReleaseFile | None:
    """Read the two times of a Release file, signed or not; None where it has no date.

    :raises ToolFailed: for a time that is none.
    """
    times = {
        name: _time(name, value)
        for name, value in re.findall(r"^(Date|Valid-Until): (.+?)\r?$", text, re.MULTILINE)
    }
    if "Date" not in times:
        return None
    return ReleaseFile(signed=times["Date"], valid_until=times.get("Valid-Until"))


def _time(name: str, value: str) -> datetime:
    try:
        found = parsedate_to_datetime(value)
    except (ValueError, OverflowError) as error:
        msg = f"the repository's Release file has the {name} {value[:80]!r}, which is no time"
        advice = "publish a package anew, which writes it; find out who writes to the bucket"
        raise ToolFailed(msg, advice=advice) from error
    # One without a zone, or with -0000, is meant in UTC.
    return found if found.tzinfo else found.replace(tzinfo=UTC)
