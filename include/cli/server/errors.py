"""What can be wrong with Airflow's server, or with what is asked of it."""

from __future__ import annotations

from slipway.exceptions import InputError, TransientError


class LoginMissing(InputError):
    """There is no server, no token, or one that the server does not take."""


class RequestRefused(InputError):
    """The server does not do what it is asked, or not for this person.

    :param message: what is wrong, for people.
    :param advice: what can be done; may be empty.
    :param status: of HTTP, where it was the server that said so.
    """

    def __init__(self, message: str, *, advice: str = "", status: int = 0) -> None:
        super().__init__(message, advice=advice)
        self.status = status


class RunUnknown(InputError):
    """No run, DAG, task or question is what somebody named."""


class ServerAway(TransientError):
    """Nobody answers there, or nobody who knows what to say."""
