"""Bitbucket Cloud."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slipway.model.event import HEADS, TAGS
from slipway.webhooks.announcement import Announcement, Ignored, other_event, pull_request, pushed
from slipway.webhooks.payload import items, part, read_json, text
from slipway.webhooks.signature import check_prefixed

NAME = "Bitbucket Cloud"
_PULL_REQUESTS = frozenset(
    f"pullrequest:{what}" for what in ("created", "updated", "fulfilled", "rejected")
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
    # The name that GitHub once had its SHA-1 under; here the prefix says SHA-256.
    check_prefixed(headers.get("x-hub-signature"), body, secrets)
    payload, event = read_json(body), headers.get("x-event-key", "")
    if event == "repo:push":
        refs = [_ref(change) for change in items(payload, "push", "changes")]
        return (pushed([ref for ref in refs if ref]),)
    if event in _PULL_REQUESTS:
        return (pull_request(text(payload, "pullrequest", "destination", "branch", "name")),)
    return other_event(event)


def _ref(change: Any) -> str:
    """Name the ref that was changed; one that is gone has no ``new``."""
    found = part(change, "new") or part(change, "old")
    name = text(found, "name")
    return f"{TAGS if text(found, 'type') == 'tag' else HEADS}{name}" if name else ""
