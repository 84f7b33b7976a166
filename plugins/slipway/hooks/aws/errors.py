"""Tells the cloud's refusals, which somebody must put right, from its bad moments."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
)

from slipway.exceptions import CloudUnavailable, EnvironmentMisconfigured, SlipwayError

P = ParamSpec("P")
R = TypeVar("R")

# Seconds that a bad moment may last before a task gives up and Airflow takes its turn, and
# between two tries. botocore has tried several times of its own accord before each.
PATIENCE, PAUSE = 60.0, 2.0
# API error codes that pass by themselves; botocore has tried several times already.
_PASSING = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "RequestLimitExceeded",
        "ScalingActivityInProgress",
        "ResourceContention",
        "ResourceInUse",
        "ServiceUnavailable",
        "Throttling",
        "ThrottlingException",
        "Unavailable",
    }
)
_CAPACITY = (
    "InsufficientInstanceCapacity",
    "InstanceLimitExceeded",
    "VcpuLimitExceeded",
    "LimitExceeded",
)
_INCOMPLETE = (NoCredentialsError, NoRegionError, ParamValidationError, PartialCredentialsError)


def translate_errors(call: Callable[P, R]) -> Callable[P, R]:
    """Turn botocore's exceptions into Slipway's."""

    @functools.wraps(call)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return call(*args, **kwargs)
        except ClientError as error:
            raise _translated(error) from error
        except _INCOMPLETE as error:
            msg = f"the cloud cannot be asked: {error}"
            advice = "complete the Airflow connection, or correct the project file"
            raise EnvironmentMisconfigured(msg, advice=advice) from error
        except BotoCoreError as error:
            msg = f"the cloud's API does not answer: {error}"
            raise CloudUnavailable(msg, advice="nothing: the task tries again by itself") from error

    return wrapper


def retry_transient(call: Callable[P, R]) -> Callable[P, R]:
    """Turn botocore's exceptions into Slipway's, and wait up to a minute for a bad moment to pass.

    :param call: may be made twice with the same effect as once.
    """
    once = translate_errors(call)

    @functools.wraps(call)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return once(*args, **kwargs)
            except CloudUnavailable:
                if time.monotonic() >= deadline:
                    raise
            time.sleep(PAUSE)

    return wrapper


def is_missing(error: ClientError) -> bool:
    """Tell whether AWS says that a thing is not there, or not any more.

    Auto Scaling has no code of its own for it (:mod:`slipway.hooks.fleet.missing_group`).
    """
    code = str(error.response["Error"]["Code"])
    return "NotFound" in code or code == "InvalidAMIID.Unavailable"


def _translated(error: ClientError) -> SlipwayError:
    code, said = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    msg = f"{error.operation_name} was refused: {code}: {said}"
    # AWS answers a lack of machines with status 500, yet it seldom passes within a minute.
    if code not in _PASSING and any(sign in code for sign in _CAPACITY):
        advice = "ask the provider for a higher quota, or choose another instance type"
        return EnvironmentMisconfigured(msg, advice=advice)
    if code in _PASSING or status >= 500:
        return CloudUnavailable(msg, advice="nothing: the task tries again by itself")
    return EnvironmentMisconfigured(
        msg, advice="check the project file and the rights of the connection's role"
    )
