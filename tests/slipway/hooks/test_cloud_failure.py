from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from slipway.exceptions import CloudUnavailable, EnvironmentMisconfigured
from slipway.hooks.cloud_failure import understood


def _refused(code: str, status: int = 400) -> ClientError:
    response = {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {
        "HTTPStatusCode": status}}  # fmt: skip
    return ClientError(response, "CreateAutoScalingGroup")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (_refused("Throttling"), CloudUnavailable),
        (_refused("RequestLimitExceeded", 503), CloudUnavailable),
        (_refused("SomethingNew", 500), CloudUnavailable),
        (_refused("ValidationError"), EnvironmentMisconfigured),
        (_refused("UnauthorizedOperation", 403), EnvironmentMisconfigured),
        (EndpointConnectionError(endpoint_url="http://x"), CloudUnavailable),
    ],
)
def test_refusals_and_bad_moments(error: Exception, expected: type[Exception]) -> None:
    @understood
    def call() -> None:
        raise error

    with pytest.raises(expected):
        call()


def test_a_quota_says_what_to_do() -> None:
    error = _refused("VcpuLimitExceeded")

    @understood
    def call() -> None:
        raise error

    with pytest.raises(EnvironmentMisconfigured, match="higher quota"):
        call()
