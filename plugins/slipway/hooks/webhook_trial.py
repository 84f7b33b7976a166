"""Whether Airflow's server takes a project's hooks: asked as a host asks by its test button."""

from __future__ import annotations

import hashlib
import hmac

import httpx

# Seconds for an answer; a host gives it no more than ten.
PATIENCE = 10.0
_BODY = b'{"test": true}'


def try_webhook(url: str, secret: str) -> int | None:
    """Send a signed test, after which nothing happens.

    :param url: where hooks are taken.
    :param secret: what they are signed with.
    :returns: the status of HTTP that it was answered, or None where nobody could be reached from
        here, which says nothing of others.
    """
    signature = hmac.new(secret.encode(), _BODY, hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json",
        "X-Event-Key": "diagnostics:ping",
        "X-Hub-Signature": f"sha256={signature}",
    }
    try:
        return httpx.post(
            url, content=_BODY, headers=headers, timeout=PATIENCE, follow_redirects=False
        ).status_code
    except (httpx.HTTPError, httpx.InvalidURL):
        return None
