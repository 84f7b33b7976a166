"""Which failures are worth another try.

Airflow retries every exception but :class:`AirflowFailException`. Slipway's tree already says
whose fault a failure is; this is the one place where the two meet.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowFailException

from slipway.exceptions import InputError


@contextmanager
def explained() -> Iterator[None]:
    """Let an :class:`InputError` fail the task for good; anything else may be retried.

    :raises AirflowFailException: with the message and the advice of the InputError.
    """
    try:
        yield
    except InputError as error:
        raise AirflowFailException(str(error)) from error
