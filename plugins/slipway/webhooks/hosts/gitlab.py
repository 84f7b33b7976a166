"""GitLab, which signs nothing: it sends the secret itself along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slipway.webhooks.announcement import Announcement, Ignored, other_event, pull_request, pushed
from slipway.webhooks.payload import part, read_json, text
from slipway.webhooks.signature import check_token

NAME = "GitLab"
_PUSHES = frozenset({"Push Hook", "Tag Push Hook"})
_ACTIONS = frozenset({"open", "reopen", "merge", "close"})


def parse(
    headers: Mapping[str, str], body: bytes, secrets: Sequence[bytes]
) -> tuple[Announcement, ...] | Ignored:
    """Read a delivery; its tests are pushes like any other.

    :param headers: by their names in small letters.
    :param body: as it came.
    :param secrets: those that are valid.
    :raises HookRefused: when the token is none of them.
    :raises HookMalformed: when its payload is no JSON object.
    """
    check_token(headers.get("x-gitlab-token"), secrets)
    payload, event = read_json(body), headers.get("x-gitlab-event", "")
    if event in _PUSHES:
        return (pushed([ref for ref in [text(payload, "ref")] if ref]),)
    if event == "Merge Request Hook":
        if not _has_commits(payload):
            return Ignored(reason="the merge request got no new commit")
        return (pull_request(text(payload, "object_attributes", "target_branch")),)
    return other_event(event)


def _has_commits(payload: Any) -> bool:
    """Tell an update with commits, which names the commit before, from one of words."""
    action = text(payload, "object_attributes", "action")
    updated = action == "update" and bool(part(payload, "object_attributes", "oldrev"))
    return updated or action in _ACTIONS
