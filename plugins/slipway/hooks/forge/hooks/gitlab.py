"""Webhooks at GitLab."""

from __future__ import annotations

from urllib.parse import quote

from slipway.hooks.forge.hooks.base import (
    MOST_DELIVERIES,
    HostHooks,
    InstalledHook,
    SentHook,
    listed,
)


class GitLabHooks(HostHooks):
    """The webhooks of a project at GitLab."""

    events = frozenset({"push_events", "tag_push_events", "merge_requests_events"})
    scopes = "the scope `api`, of somebody with the role Maintainer"

    def installed(self) -> list[InstalledHook]:
        """List them, as :meth:`HostHooks.installed` says."""
        return [
            InstalledHook(
                id=str(one.get("id", "")),
                url=str(one.get("url", "")),
                # After failures GitLab disables one by itself, for a while or until it is tested.
                active=one.get("alert_status", "executable") == "executable",
                events=frozenset(name for name in self.events if one.get(name) is True),
                problem=_problem(one.get("push_events_branch_filter"))
                or _unverified(one.get("enable_ssl_verification")),
            )
            for one in listed(self._send("GET", f"{self._hooks}?per_page=100"))
        ]

    def put(self, hook_id: str | None, url: str, secret: str) -> None:
        """Make one, or one as it should be, as :meth:`HostHooks.put` says."""
        body: dict[str, object] = {
            "url": url,
            "token": secret,
            "enable_ssl_verification": True,
            "push_events_branch_filter": "",
            **dict.fromkeys(sorted(self.events), True),
        }
        if hook_id is None:
            self._send("POST", self._hooks, body)
        else:
            self._send("PUT", f"{self._hooks}/{quote(hook_id, safe='')}", body)

    def sent(self, hook_id: str) -> list[SentHook] | None:
        """List the last ones, as :meth:`HostHooks.sent` says; an older GitLab does not tell."""
        path = f"{self._hooks}/{quote(hook_id, safe='')}/events?per_page={MOST_DELIVERIES}"
        found = self._send("GET", path, fine=404)
        if found is None:
            return None
        return [
            SentHook(
                at=str(one.get("created_at", "")),
                event=str(one.get("trigger", "")),
                answer=str(one.get("response_status", "")),
            )
            for one in listed(found)
        ]

    @property
    def _hooks(self) -> str:
        return f"/api/v4/projects/{quote(self._path, safe='')}/hooks"


def _problem(branches: object) -> str:
    return "it tells of some branches alone" if branches else ""


def _unverified(verified: object) -> str:
    return "it does not look at certificates" if verified is False else ""
