"""Webhooks at Gitea and Forgejo, whose deliveries their own page alone shows."""

from __future__ import annotations

from urllib.parse import quote

from slipway.hooks.forge.hooks.base import HostHooks, InstalledHook, inner, listed, words


class GiteaHooks(HostHooks):
    """The webhooks of a repository at a Gitea or Forgejo."""

    events = frozenset({"push", "pull_request", "pull_request_sync"})
    scopes = "the permission `write:repository`, of somebody who administers the repository"

    def installed(self) -> list[InstalledHook]:
        """List them, as :meth:`HostHooks.installed` says."""
        return [
            InstalledHook(
                id=str(one.get("id", "")),
                url=str(inner(one, "config").get("url", "")),
                active=one.get("active") is True,
                events=words(one.get("events")),
                problem=_problem(one.get("branch_filter"), inner(one, "config")),
            )
            for one in listed(self._send("GET", f"{self._hooks}?limit=50"))
        ]

    def put(self, hook_id: str | None, url: str, secret: str) -> None:
        """Make one, or one in place of another, as :meth:`HostHooks.put` says.

        Not every version takes another secret for a hook that it has.
        """
        body = {
            "type": "gitea",
            "active": True,
            "events": sorted(self.events),
            "branch_filter": "*",
            "config": {
                "url": url,
                "content_type": "json",
                "http_method": "post",
                "secret": secret,
            },
        }
        self._send("POST", self._hooks, body)
        if hook_id is not None:
            self._send("DELETE", f"{self._hooks}/{quote(hook_id, safe='')}", fine=404)

    @property
    def _hooks(self) -> str:
        return f"/api/v1/repos/{self.repository}/hooks"


def _problem(branches: object, config: object) -> str:
    if branches not in (None, "", "*"):
        return "it tells of some branches alone"
    kind = config.get("content_type", "json") if isinstance(config, dict) else "json"
    return "" if kind == "json" else f"it sends {kind} in place of json"
