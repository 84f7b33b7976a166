"""Bitbucket Data Center, once called Server."""

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
from slipway.webhooks.payload import items, read_json, text
from slipway.webhooks.signature import check_prefixed

NAME = "Bitbucket Data Center"
_PULL_REQUESTS = frozenset(
    f"pr:{what}"
    for what in (
        "opened",
        "reopened",
        "from_ref_updated",
        "modified",
        "merged",
        "declined",
        "deleted",
    )
)


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
    check_prefixed(headers.get("x-hub-signature"), body, secrets)
    payload, event = read_json(body), headers.get("x-event-key", "")
    if event == "diagnostics:ping":
        return PING
    if event == "repo:refs_changed":
        refs = [text(change, "ref", "id") for change in items(payload, "changes")]
        return (pushed([ref for ref in refs if ref]),)
    if event in _PULL_REQUESTS:
        return (pull_request(text(payload, "pullRequest", "toRef", "displayId")),)
    return other_event(event)
