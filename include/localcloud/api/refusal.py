"""The answer to what the cloud does not do, in a form that AWS's clients can read as well."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from xml.sax.saxutils import escape


def refuse(start_response: Callable[..., Any], message: str) -> Iterable[bytes]:
    """Answer a WSGI request with 403.

    :param start_response: WSGI's.
    :param message: says what is answered instead.
    """
    start_response("403 Forbidden", [("Content-Type", "text/xml; charset=utf-8")])
    error = f"<Code>AccessDenied</Code><Message>{escape(message)}</Message>"
    return [f"<ErrorResponse><Error>{error}</Error></ErrorResponse>\n".encode()]
