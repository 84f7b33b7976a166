"""Which failures are worth another try, and how a person's mistake is told.

Airflow retries every exception but :class:`AirflowFailException`. Slipway's tree already says
whose fault a failure is; this is the one place where the two meet.

Airflow logs whatever fails a task with a traceback, twice over where one exception came from
another. Somebody's mistake in a commit or a project file is found by reading the message, and the
traceback leads away from it. structlog, through which a task logs, lets its processors change
what is logged; ours leaves the traceback out of such a mistake, and of nothing else.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException

from slipway.exceptions import InputError

if TYPE_CHECKING:
    from structlog.typing import EventDict, WrappedLogger


class PersonsMistake(AirflowFailException):
    """Fails a task for good; its message says what happened and what to do, and is all there is.

    :param message: for people.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        _leave_tracebacks_out()


@contextmanager
def no_retry_on_input_error() -> Iterator[None]:
    """Let an :class:`InputError` fail the task for good; anything else may be retried.

    A connection that nobody made is such a mistake too: no retry makes it.

    :raises AirflowFailException: with the message and the advice of the InputError.
    """
    try:
        yield
    except InputError as error:
        raise PersonsMistake(str(error)) from error
    except AirflowNotFoundException as error:
        advice = "make the connection under Admin, Connections, or in the secrets backend"
        msg = f"{error}\n  what to do: {advice}"
        raise PersonsMistake(msg) from error


def message_alone(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Log a :class:`PersonsMistake` as its message, without a traceback; a structlog processor."""
    wanted = event.get("exc_info")
    error = wanted if isinstance(wanted, BaseException) else sys.exc_info()[1] if wanted else None
    if isinstance(error, PersonsMistake):
        del event["exc_info"]
        event["event"] = str(error)
    return event


def _leave_tracebacks_out() -> None:
    """Put our processor before Airflow's, in this process; loggers made before hold this list."""
    processors = structlog.get_config()["processors"]
    if isinstance(processors, list) and message_alone not in processors:
        processors.insert(0, message_alone)
