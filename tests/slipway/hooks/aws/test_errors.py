from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from slipway.exceptions import CloudUnavailable, EnvironmentMisconfigured
from slipway.hooks.aws import errors as cloud_failure
from slipway.hooks.aws.errors import retry_transient, translate_errors


def _refused(code: str, status: int = 400) -> ClientError:
    response = {
        "Error": {"Code": code, "Message": "m"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
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
        (_refused("InsufficientInstanceCapacity", 500), EnvironmentMisconfigured),
        (NoCredentialsError(), EnvironmentMisconfigured),
    ],
)
def test_refusals_and_bad_moments(error: Exception, expected: type[Exception]) -> None:
    @translate_errors
    def call() -> None:
        raise error

    with pytest.raises(expected):
        call()


def test_a_quota_says_what_to_do() -> None:
    error = _refused("VcpuLimitExceeded")

    @translate_errors
    def call() -> None:
        raise error

    with pytest.raises(EnvironmentMisconfigured, match="higher quota"):
        call()


class _Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    clock = _Clock()
    monkeypatch.setattr(cloud_failure, "time", clock)
    return clock


def test_patience_rides_out_half_a_minute(clock: _Clock) -> None:
    @retry_transient
    def call() -> str:
        if clock.now < 30:
            raise EndpointConnectionError(endpoint_url="http://x")
        return "back"

    assert call() == "back"
    assert 30 <= clock.now < 35


def test_patience_ends_after_a_minute(clock: _Clock) -> None:
    @retry_transient
    def call() -> None:
        raise EndpointConnectionError(endpoint_url="http://x")

    with pytest.raises(CloudUnavailable, match="does not answer"):
        call()
    assert 60 <= clock.now < 65


def test_a_refusal_is_not_waited_for(clock: _Clock) -> None:
    refusal = _refused("ValidationError")

    @retry_transient
    def call() -> None:
        raise refusal

    with pytest.raises(EnvironmentMisconfigured):
        call()
    assert clock.now == 0
