"""Webhooks at Bitbucket Cloud, whose deliveries its own page alone shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from slipway.hooks.forge.hooks.base import (
    MOST_PAGES,
    NAME,
    HostHooks,
    InstalledHook,
    listed,
    words,
)

_AT_ONCE = 100


class BitbucketCloudHooks(HostHooks):
    """The webhooks of a repository at bitbucket.org."""

    events = frozenset(
        {
            "repo:push",
            "pullrequest:created",
            "pullrequest:updated",
            "pullrequest:fulfilled",
            "pullrequest:rejected",
        }
    )
    scopes = "the permission Webhooks (scopes `read:webhook:bitbucket`, `write:webhook:bitbucket`)"

    def installed(self) -> list[InstalledHook]:
        """List them, as :meth:`HostHooks.installed` says."""
        return [
            InstalledHook(
                id=str(one.get("uuid", "")),
                url=str(one.get("url", "")),
                active=one.get("active") is True,
                events=words(one.get("events")),
                problem="it does not look at certificates"
                if one.get("skip_cert_verification") is True
                else "",
            )
            for one in self._pages()
        ]

    def put(self, hook_id: str | None, url: str, secret: str) -> None:
        """Make one, or one as it should be, as :meth:`HostHooks.put` says."""
        body = {
            "description": NAME,
            "url": url,
            "active": True,
            "skip_cert_verification": False,
            "events": sorted(self.events),
            "secret": secret,
        }
        if hook_id is None:
            self._send("POST", self._hooks, body)
        else:
            self._send("PUT", f"{self._hooks}/{quote(hook_id, safe='')}", body)

    @property
    def _hooks(self) -> str:
        return f"/2.0/repositories/{self.repository}/hooks"

    def _pages(self) -> Iterator[Any]:
        for page in range(1, MOST_PAGES + 1):
            answer = self._send("GET", f"{self._hooks}?pagelen={_AT_ONCE}&page={page}")
            found = listed(answer.get("values") if isinstance(answer, dict) else None)
            yield from found
            if len(found) < _AT_ONCE:
                return
