"""From a repository's place to its webhooks."""

from __future__ import annotations

from typing import Any

from slipway.exceptions import ForgeRefused
from slipway.hooks.forge.base import Purpose
from slipway.hooks.forge.connection import open_forge
from slipway.hooks.forge.hooks.base import HostHooks, Send
from slipway.hooks.forge.hooks.bitbucket_cloud import BitbucketCloudHooks
from slipway.hooks.forge.hooks.bitbucket_server import BitbucketServerHooks
from slipway.hooks.forge.hooks.gitea import GiteaHooks
from slipway.hooks.forge.hooks.github import GitHubHooks
from slipway.hooks.forge.hooks.gitlab import GitLabHooks
from slipway.model.forge.place import ForgeKind, ForgePlace

# Kind of host -> what people call it, and its webhooks.
KINDS: dict[ForgeKind, tuple[str, type[HostHooks]]] = {
    ForgeKind.BITBUCKET: ("Bitbucket Cloud", BitbucketCloudHooks),
    ForgeKind.BITBUCKET_SERVER: ("Bitbucket Data Center", BitbucketServerHooks),
    ForgeKind.GITHUB: ("GitHub", GitHubHooks),
    ForgeKind.GITLAB: ("GitLab", GitLabHooks),
    ForgeKind.GITEA: ("Gitea", GiteaHooks),
}


def open_hooks(place: ForgePlace, *, secret: str = "") -> HostHooks:
    """Open the webhooks of a repository; nothing is asked yet.

    :param place: the repository.
    :param secret: of the hooks, which no message may hold.
    :raises ForgeRefused: when there is no such connection, or its login cannot be right.
    """
    hooks = KINDS[place.kind][1]
    # A token that may set statuses need not be one that may make hooks.
    purpose = Purpose(
        scopes=hooks.scopes,
        subject="webhooks",
        otherwise="make the hook by hand, as docs/webhooks.md says",
    )
    forge = open_forge(place, purpose)
    return hooks(send=_hiding(secret, forge.send), path=place.path)


def _hiding(secret: str, send: Send) -> Send:
    """Keep a secret out of what a host says, which may repeat what it was told."""

    def sent(method: str, path: str, body: object = None, *, fine: int = 0) -> Any:
        try:
            return send(method, path, body, fine=fine)
        except ForgeRefused as error:
            if not secret or secret not in str(error):
                raise
            told = [text.replace(secret, "***") for text in (error.message, error.advice)]
            raise ForgeRefused(told[0], advice=told[1]) from None

    return sent
