"""ClientToken: the second request with the same token gets the first one's answer.

moto ignores tokens, so a retry after a lost answer would launch twice. AWS answers the retry
with what the first request made, and refuses a token that comes back with other parameters.
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

ACTIONS = frozenset({"RunInstances", "CreateLaunchTemplate", "CreateLaunchTemplateVersion"})
_FORM = "application/x-www-form-urlencoded"
_MISMATCH = (
    "<?xml version='1.0' encoding='utf-8'?><Response><Errors><Error>"
    "<Code>IdempotentParameterMismatch</Code>"
    "<Message>The client token was used before with other parameters.</Message>"
    "</Error></Errors><RequestID>slipway</RequestID></Response>"
)


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def ok(self) -> bool:
        return self.status.startswith("2")


class Tokens:
    """Remembers the answers to requests that carried a client token."""

    def __init__(self) -> None:
        self._answers: dict[tuple[str, str], tuple[dict[str, str], Answer]] = {}

    def recall(self, form: dict[str, str]) -> Answer | None:
        """Return the answer to give instead of asking moto, if there is one."""
        key = _key(form)
        if key is None or key not in self._answers:
            return None
        first, answer = self._answers[key]
        if first == form:
            return answer
        headers = [("Content-Type", "text/xml")]
        return Answer("400 Bad Request", headers, _MISMATCH.encode())

    def remember(self, form: dict[str, str], answer: Answer) -> None:
        """Keep the answer of a request that worked; one that failed may be tried again."""
        key = _key(form)
        if key is not None and answer.ok:
            self._answers[key] = (form, answer)


def read_form(environ: dict[str, Any]) -> dict[str, str]:
    """Return the form of a request in AWS's query protocol, leaving the body readable."""
    if not str(environ.get("CONTENT_TYPE", "")).startswith(_FORM):
        return {}
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = io.BytesIO(body)
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def collect(parts: Iterable[bytes]) -> bytes:
    """Read a WSGI answer to its end and close it."""
    try:
        return b"".join(parts)
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()


def _key(form: dict[str, str]) -> tuple[str, str] | None:
    action, token = form.get("Action", ""), form.get("ClientToken", "")
    return (action, token) if token and action in ACTIONS else None
