"""Tells the cloud's refusals, which somebody must put right, from its bad moments."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from slipway.exceptions import CloudUnavailable, EnvironmentMisconfigured, SlipwayError

P = ParamSpec("P")
R = TypeVar("R")

# API error codes that pass by themselves; botocore has tried several times already.
_PASSING = frozenset(
    {
        "InternalError", "InternalFailure", "RequestLimitExceeded", "ScalingActivityInProgress",
        "ResourceContention", "ResourceInUse", "ServiceUnavailable", "Throttling",
        "ThrottlingException", "Unavailable",
    }
)  # fmt: skip
_CAPACITY = ("InsufficientInstanceCapacity", "InstanceLimitExceeded", "VcpuLimitExceeded",
             "LimitExceeded")  # fmt: skip


def understood(call: Callable[P, R]) -> Callable[P, R]:
    """Turn botocore's exceptions into Slipway's."""

    @functools.wraps(call)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return call(*args, **kwargs)
        except ClientError as error:
            raise _translated(error) from error
        except BotoCoreError as error:
            msg = f"the cloud's API does not answer: {error}"
            raise CloudUnavailable(msg, advice="nothing: the task tries again by itself") from error

    return wrapper


def _translated(error: ClientError) -> SlipwayError:
    code, said = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    msg = f"{error.operation_name} was refused: {code}: {said}"
    if code in _PASSING or status >= 500:
        return CloudUnavailable(msg, advice="nothing: the task tries again by itself")
    if any(sign in code for sign in _CAPACITY):
        advice = "ask the provider for a higher quota, or choose another instance type"
        return EnvironmentMisconfigured(msg, advice=advice)
    return EnvironmentMisconfigured(
        msg, advice="check the project file and the rights of the connection's role"
    )
