"""Keeps web pages away from the API.

The API asks for no password, and a page that somebody merely looks at may send requests to
127.0.0.1, under that name or under one of its own that resolves to it. No AWS client sends what
every browser adds, nor another ``Host`` than the endpoint's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

Application: TypeAlias = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
HOSTS = frozenset({"127.0.0.1", "localhost"})
# What browsers say of the page that a request comes from (Fetch, Fetch Metadata).
_OF_A_PAGE = ("HTTP_ORIGIN", "HTTP_SEC_FETCH_SITE", "HTTP_SEC_FETCH_MODE")


def without_browsers(application: Application) -> Application:
    """Return the application behind a check that answers 403 to web pages.

    :param application: WSGI application.
    """

    def checked(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        refusal = _refusal(environ)
        if refusal is None:
            return application(environ, start_response)
        start_response("403 Forbidden", [("Content-Type", "text/plain; charset=utf-8")])
        return [f"{refusal}\n".encode()]

    return checked


def _refusal(environ: dict[str, Any]) -> str | None:
    name = str(environ.get("HTTP_HOST", "")).rpartition(":")[0] or environ.get("HTTP_HOST", "")
    if str(name).lower() not in HOSTS:
        return "the embedded cloud answers to 127.0.0.1 and localhost alone"
    if from_a_page(environ):
        return "the embedded cloud is not for web pages"
    return None


def from_a_page(environ: dict[str, Any]) -> bool:
    """Say whether a browser sends the request for a page."""
    return any(header in environ for header in _OF_A_PAGE)
