"""Groups that somebody deletes between a look and the change that follows it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec

from botocore.exceptions import ClientError

P = ParamSpec("P")


def is_gone(error: ClientError) -> bool:
    """Say whether Auto Scaling means a group that is gone: it has no code of its own for it."""
    return "not found" in str(error).lower()


def unless_gone(call: Callable[P, None]) -> Callable[P, None]:
    """Let a change of a group pass that is gone; the next look decides what follows from it."""

    @functools.wraps(call)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            call(*args, **kwargs)
        except ClientError as error:
            if not is_gone(error):
                raise

    return wrapper
