"""The published side of the apt repository: a bucket, and the Release file in it."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from slipway.exceptions import ToolFailed
from slipway.hooks.apt.connection import AptRepository
from slipway.hooks.apt.index import AptIndex, architectures, read_packages
from slipway.hooks.apt.lock import RepositoryLock
from slipway.hooks.aws.errors import translate_errors
from slipway.hooks.aws.session import AwsSession

# So often it is signed anew: a day's failures, or a month's, do no harm.
RENEW_AFTER = timedelta(days=1)
# Bytes. A repository of thousands of packages has a Release file of some kilobytes.
_LARGEST = 1 << 20
_DISTS, _IN_RELEASE = "dists/", "InRelease"
# Not below what machines look for: whose turn it is, and what aptly knows of a distribution. Each
# has a state of its own: two installations may publish into one bucket, and whoever begins a
# distribution elsewhere knows nothing of the others.
_LOCK, _STATE = ".slipway/lock.json", ".slipway/{}/aptly.tar"
_ABSENT = (404,)
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


class AptBucket:
    """The bucket of a repository.

    :param repository: whose.
    """

    def __init__(self, repository: AptRepository) -> None:
        session = AwsSession(aws_conn_id=repository.aws_conn_id, region_name=repository.region)
        # The older kind of signature, boto3's own choice for URLs, is not known in every region.
        self._store: Any = session.client("s3", Config(signature_version="s3v4"))
        self._repository = repository
        self._folder = f"{_DISTS}{repository.distribution}"
        self._state = _STATE.format(repository.distribution)

    def release(self) -> ReleaseFile | None:
        """Read the signed Release file; None where nothing was published yet.

        :raises EnvironmentMisconfigured: when the bucket is not there, or not to be read.
        :raises CloudUnavailable: when it does not answer.
        """
        text = self.signed()
        return None if text is None else read_release(text)

    def signed(self) -> str | None:
        """Return the text of the signed Release file; None where nothing was published yet."""
        found = self._get(f"{self._folder}/{_IN_RELEASE}", _LARGEST)
        return None if found is None else found.decode(errors="replace")

    def index(self) -> AptIndex:
        """Read what machines find, for each architecture; nothing where nothing was published."""
        found = {}
        for architecture in architectures(self.signed() or ""):
            where = f"{self._folder}/{self._repository.component}/binary-{architecture}"
            packed = self._get(f"{where}/Packages.gz")
            if packed is not None:
                text = gzip.decompress(packed).decode(errors="replace")
                found[architecture] = read_packages(text)
        return AptIndex(packages=found)

    @translate_errors
    def distributions(self) -> list[str]:
        """List the distributions that were published there, a thousand at most."""
        found = self._store.list_objects_v2(
            Bucket=self._repository.bucket, Prefix=_DISTS, Delimiter="/"
        )
        folders = [one["Prefix"] for one in found.get("CommonPrefixes", ())]
        return [folder.removeprefix(_DISTS).rstrip("/") for folder in folders]

    @translate_errors
    def _get(self, key: str, limit: int | None = None) -> bytes | None:
        try:
            found = self._store.get_object(Bucket=self._repository.bucket, Key=key)
        except self._store.exceptions.NoSuchKey:
            return None
        content: bytes = found["Body"].read(limit)
        return content

    def lock(self, owner: str) -> RepositoryLock:
        """Return the lock on the whole bucket: its distributions have one aptly, and one pool.

        :param owner: who publishes.
        """
        return RepositoryLock(self._store, bucket=self._repository.bucket, key=_LOCK, owner=owner)

    @translate_errors
    def state(self) -> str:
        """Return which state the bucket has of the distribution, by its ETag; empty for none."""
        try:
            found = self._store.head_object(Bucket=self._repository.bucket, Key=self._state)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] not in _ABSENT:
                raise
            return ""
        return str(found["ETag"])

    def rights(self) -> dict[str, str]:
        """Return where the index and the lock are, and the rights to aptly's state, as URLs."""
        asked = {"fetch": "get_object", "store": "put_object"}
        rights = {name: self._url(call, self._state) for name, call in asked.items()}
        # Under whatever name of a host boto3 asks for it.
        bucket = self._url("get_object", "x").partition("?")[0].removesuffix("/x")
        return {**rights, "bucket": bucket, "folder": f"{self._folder}/", "lock": _LOCK}

    def _url(self, call: str, key: str) -> str:
        params = {"Bucket": self._repository.bucket, "Key": key}
        url: str = self._store.generate_presigned_url(call, Params=params, ExpiresIn=_UPLOAD)
        return url


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
