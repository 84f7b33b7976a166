"""What aptly knows of one distribution is kept apart from what it knows of another."""

from __future__ import annotations

from unittest import mock

from slipway.hooks.apt import bucket
from slipway.hooks.apt.bucket import AptBucket
from slipway.hooks.apt.connection import AptRepository


def _bucket(distribution: str) -> AptBucket:
    repository = AptRepository(
        url="http://apt.example.com",
        bucket="apt",
        aws_conn_id="aws_default",
        region="eu-west-1",
        distribution=distribution,
        component="main",
        acl="none",
        signing_key="key",
    )
    with mock.patch.object(bucket, "AwsSession", autospec=True):
        return AptBucket(repository)


def test_who_begins_a_distribution_elsewhere_takes_nothing_from_the_others() -> None:
    """Two installations share a bucket, or a new distribution begins beside an empty engine."""
    stable, testing = _bucket("stable"), _bucket("testing")
    assert stable._state != testing._state
    stable.rights()
    store = stable._store.generate_presigned_url
    asked = [call.kwargs["Params"]["Key"] for call in store.call_args_list]
    assert asked == [stable._state, stable._state, "x"]
