"""Which failures are worth another try.

Airflow retries every exception but :class:`AirflowFailException`. Slipway's tree already says
whose fault a failure is; this is the one place where the two meet.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException

from slipway.exceptions import InputError


@contextmanager
def explained() -> Iterator[None]:
    """Let an :class:`InputError` fail the task for good; anything else may be retried.

    A connection that nobody made is such a mistake too: no retry makes it.

    :raises AirflowFailException: with the message and the advice of the InputError.
    """
    try:
        yield
    except InputError as error:
        raise AirflowFailException(str(error)) from error
    except AirflowNotFoundException as error:
        advice = "make the connection under Admin, Connections, or in the secrets backend"
        msg = f"{error}\n  what to do: {advice}"
        raise AirflowFailException(msg) from error
