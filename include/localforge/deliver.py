"""Tells webhooks what happened: signed, at once, and twice more where that fails.

As Bitbucket Cloud does, and with its limits: what is larger than 256 KB is not sent at all.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Iterator
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, ProxyHandler, Request, build_opener

from include.localforge.state import ForgeHome

# Bytes of a payload; how often it is sent; seconds until an answer must have come.
LARGEST, ATTEMPTS, PATIENCE = 256_000, 3, 10.0


class _NoRedirect(HTTPRedirectHandler):
    """Takes no webhook elsewhere."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow nothing."""


def deliver(home: ForgeHome, repository: str, event: str, payload: dict[str, Any]) -> Iterator[str]:
    """Tell every webhook of a repository that asks for an event; gives a line on each.

    :param home: the host's.
    :param repository: its full name.
    :param event: as Bitbucket calls it, ``repo:push``.
    :param payload: what is sent.
    """
    body = json.dumps(payload).encode()
    for hook_id, hook in home.hooks(repository).items():
        if not hook["active"] or event not in hook["events"]:
            continue
        if len(body) > LARGEST:
            yield f"webhook to {hook['url']}: more than {LARGEST} bytes are not sent"
            continue
        yield _told(home, repository, event, hook_id, hook, body)


def _told(
    home: ForgeHome, repository: str, event: str, hook_id: str, hook: dict[str, Any], body: bytes
) -> str:
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Bitbucket-Webhooks/2.0",
        "X-Event-Key": event,
        "X-Hook-UUID": hook_id.strip("{}"),
        "X-Request-UUID": str(uuid.uuid4()),
    }
    if hook["secret"]:
        signature = hmac.new(hook["secret"].encode(), body, hashlib.sha256).hexdigest()
        headers["X-Hub-Signature"] = f"sha256={signature}"
    answer = ""
    for attempt in range(1, ATTEMPTS + 1):
        began = time.time()
        answer = _post(hook["url"], body, {**headers, "X-Attempt-Number": str(attempt)})
        fact = {"repository": repository, "event": event, "at": began, "attempt": attempt}
        home.add("deliveries", {**fact, "url": hook["url"], "answer": answer})
        if answer.startswith("2"):
            break
    return f"webhook to {hook['url']}: {answer}"


def _post(url: str, body: bytes, headers: dict[str, str]) -> str:
    """Send it once, and return what came back: a status of HTTP, or what went wrong."""
    # Nobody's proxy stands between two processes of one machine.
    opener = build_opener(ProxyHandler({}), _NoRedirect())
    try:
        with opener.open(Request(url, body, headers), timeout=PATIENCE) as answer:  # noqa: S310
            return str(answer.status)
    except HTTPError as error:
        return str(error.code)
    except (URLError, HTTPException, OSError) as error:
        return type(error).__name__
