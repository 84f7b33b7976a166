"""Which host a delivery is from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from slipway.webhooks.announcement import Announcement, Ignored
from slipway.webhooks.hosts import bitbucket_cloud, bitbucket_server, gitea, github, gitlab

# (headers by their names in small letters, body, valid secrets) -> what is said.
Parser = Callable[[Mapping[str, str], bytes, Sequence[bytes]], tuple[Announcement, ...] | Ignored]


@dataclass(frozen=True, kw_only=True, slots=True)
class Host:
    """A kind of git host.

    :param name: for people.
    :param parse: reads its deliveries.
    :param signs: a header that its deliveries have and that those of the hosts after it have not.
    """

    name: str
    parse: Parser
    signs: str


# In this order: Gitea also sends the headers of GitHub, and both Bitbuckets name their event alike.
HOSTS = (
    Host(name=gitea.NAME, parse=gitea.parse, signs="x-gitea-event"),
    Host(name=gitlab.NAME, parse=gitlab.parse, signs="x-gitlab-event"),
    Host(name=github.NAME, parse=github.parse, signs="x-github-event"),
    Host(name=bitbucket_cloud.NAME, parse=bitbucket_cloud.parse, signs="x-hook-uuid"),
    Host(name=bitbucket_server.NAME, parse=bitbucket_server.parse, signs="x-event-key"),
)


def host_of(headers: Mapping[str, str]) -> Host:
    """Tell which host a delivery is from; what is from none is read as GitHub's, and refused.

    :param headers: by their names in small letters.
    """
    return next((host for host in HOSTS if host.signs in headers), HOSTS[2])
