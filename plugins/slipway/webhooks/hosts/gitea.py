"""Gitea, and Forgejo, which sends the same under Gitea's names as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from slipway.webhooks.announcement import Announcement, Ignored, other_event, pull_request, pushed
from slipway.webhooks.payload import read_json, text
from slipway.webhooks.signature import check_bare

NAME = "Gitea"
_PULL_REQUESTS = frozenset({"pull_request", "pull_request_sync"})
_ACTIONS = frozenset({"opened", "reopened", "synchronized", "closed"})


def parse(
    headers: Mapping[str, str], body: bytes, secrets: Sequence[bytes]
) -> tuple[Announcement, ...] | Ignored:
    """Read a delivery; its tests are pushes like any other.

    :param headers: by their names in small letters.
    :param body: as it came.
    :param secrets: those that are valid.
    :raises HookRefused: when it is not signed with one of them.
    :raises HookMalformed: when its payload is no JSON object.
    """
    check_bare(headers.get("x-gitea-signature"), body, secrets)
    payload, event = read_json(body), headers.get("x-gitea-event", "")
    if event == "push":
        return (pushed([ref for ref in [text(payload, "ref")] if ref]),)
    if event in _PULL_REQUESTS:
        if text(payload, "action") not in _ACTIONS:
            return Ignored(reason="the pull request got no new commit")
        return (pull_request(text(payload, "pull_request", "base", "ref")),)
    return other_event(event)
