"""Webhooks at GitHub, and at GitHub Enterprise."""

from __future__ import annotations

from urllib.parse import quote

from slipway.hooks.forge.hooks.base import (
    MOST_DELIVERIES,
    HostHooks,
    InstalledHook,
    SentHook,
    inner,
    listed,
    words,
)


class GitHubHooks(HostHooks):
    """The webhooks of a repository at GitHub."""

    events = frozenset({"push", "pull_request"})
    scopes = "the permission Webhooks: read and write (`admin:repo_hook` of a classic token)"

    def installed(self) -> list[InstalledHook]:
        """List them, as :meth:`HostHooks.installed` says."""
        return [
            InstalledHook(
                id=str(one.get("id", "")),
                url=str(inner(one, "config").get("url", "")),
                active=one.get("active") is True,
                events=words(one.get("events")),
                problem=_problem(str(inner(one, "config").get("content_type", ""))),
            )
            for one in listed(self._send("GET", f"{self._hooks}?per_page=100"))
        ]

    def put(self, hook_id: str | None, url: str, secret: str) -> None:
        """Make one, or one as it should be, as :meth:`HostHooks.put` says."""
        body = {
            "active": True,
            "events": sorted(self.events),
            "config": {"url": url, "content_type": "json", "secret": secret, "insecure_ssl": "0"},
        }
        if hook_id is None:
            self._send("POST", self._hooks, {"name": "web", **body})
        else:
            self._send("PATCH", f"{self._hooks}/{quote(hook_id, safe='')}", body)

    def sent(self, hook_id: str) -> list[SentHook] | None:
        """List the last ones, as :meth:`HostHooks.sent` says."""
        path = f"{self._hooks}/{quote(hook_id, safe='')}/deliveries?per_page={MOST_DELIVERIES}"
        return [
            SentHook(
                at=str(one.get("delivered_at", "")),
                event=str(one.get("event", "")),
                answer=f"{one.get('status_code', '')} {one.get('status', '')}".strip(),
            )
            for one in listed(self._send("GET", path))
        ]

    @property
    def _hooks(self) -> str:
        return f"/repos/{self.repository}/hooks"


def _problem(content_type: str) -> str:
    return "" if content_type == "json" else f"it sends {content_type or 'form'} in place of json"
