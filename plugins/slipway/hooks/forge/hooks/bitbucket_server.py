"""Webhooks at Bitbucket Data Center, which remembers the last delivery alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from slipway.hooks.forge.hooks.base import (
    NAME,
    HostHooks,
    InstalledHook,
    SentHook,
    inner,
    listed,
    words,
)


class BitbucketServerHooks(HostHooks):
    """The webhooks of a repository at a Bitbucket Data Center."""

    events = frozenset(
        {"repo:refs_changed", "pr:opened", "pr:from_ref_updated", "pr:merged", "pr:declined"}
    )
    scopes = "the permission Repository admin"

    def installed(self) -> list[InstalledHook]:
        """List them, as :meth:`HostHooks.installed` says."""
        answer = self._send("GET", f"{self._hooks}?limit=1000")
        return [
            InstalledHook(
                id=str(one.get("id", "")),
                url=str(one.get("url", "")),
                active=one.get("active") is True,
                events=words(one.get("events")),
                problem="it does not look at certificates"
                if one.get("sslVerificationRequired") is False
                else "",
            )
            for one in listed(answer.get("values") if isinstance(answer, dict) else None)
        ]

    def put(self, hook_id: str | None, url: str, secret: str) -> None:
        """Make one, or one as it should be, as :meth:`HostHooks.put` says."""
        body = {
            "name": NAME,
            "url": url,
            "active": True,
            "sslVerificationRequired": True,
            "events": sorted(self.events),
            "configuration": {"secret": secret},
        }
        if hook_id is None:
            self._send("POST", self._hooks, body)
        else:
            self._send("PUT", f"{self._hooks}/{quote(hook_id, safe='')}", body)

    def sent(self, hook_id: str) -> list[SentHook] | None:
        """List the last one, as :meth:`HostHooks.sent` says."""
        path = f"{self._hooks}/{quote(hook_id, safe='')}/latest"
        found = self._send("GET", path, fine=404)
        if not isinstance(found, dict):
            return []
        result = inner(found, "result")
        said = f"{result.get('outcome', '')} {result.get('description', '')}".strip()
        return [SentHook(at=_time(found), event=str(found.get("event", "")), answer=said)]

    @property
    def _hooks(self) -> str:
        project, _, name = self._path.rpartition("/")
        return (
            f"/rest/api/latest/projects/{quote(project, safe='~')}"
            f"/repos/{quote(name, safe='')}/webhooks"
        )


def _time(found: dict[str, Any]) -> str:
    start = found.get("start")
    try:
        return f"{datetime.fromtimestamp(float(str(start)) / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (ValueError, OverflowError, OSError):
        return ""
