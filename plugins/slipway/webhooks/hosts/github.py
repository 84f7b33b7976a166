"""GitHub, and GitHub Enterprise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from slipway.webhooks.announcement import (
    PING,
    Announcement,
    Ignored,
    other_event,
    pull_request,
    pushed,
)
from slipway.webhooks.payload import read_json, text
from slipway.webhooks.signature import check_prefixed

NAME = "GitHub"
_ACTIONS = frozenset({"opened", "reopened", "synchronize", "closed"})


def parse(
    headers: Mapping[str, str], body: bytes, secrets: Sequence[bytes]
) -> tuple[Announcement, ...] | Ignored:
    """Read a delivery.

    :param headers: by their names in small letters.
    :param body: as it came.
    :param secrets: those that are valid.
    :raises HookRefused: when it is not signed with one of them.
    :raises HookMalformed: when its payload is no JSON object.
    """
    # It sends X-Hub-Signature too, with SHA-1, which proves nothing any more.
    check_prefixed(headers.get("x-hub-signature-256"), body, secrets)
    payload, event = read_json(body), headers.get("x-github-event", "")
    if event == "ping":
        return PING
    if event == "push":
        return (pushed([ref for ref in [text(payload, "ref")] if ref]),)
    if event == "pull_request":
        if text(payload, "action") not in _ACTIONS:
            return Ignored(reason="the pull request got no new commit")
        return (pull_request(text(payload, "pull_request", "base", "ref")),)
    return other_event(event)
