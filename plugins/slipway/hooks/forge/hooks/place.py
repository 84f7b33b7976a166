"""Which host a repository is at, and where that host's REST API begins."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from slipway.exceptions import ForgeRefused, RepositoryRefused
from slipway.hooks.forge.connection import forge_login
from slipway.hooks.forge.hooks.api import HostApi
from slipway.hooks.forge.hooks.base import HostHooks
from slipway.hooks.forge.hooks.bitbucket_cloud import BitbucketCloudHooks
from slipway.hooks.forge.hooks.bitbucket_server import BitbucketServerHooks
from slipway.hooks.forge.hooks.gitea import GiteaHooks
from slipway.hooks.forge.hooks.github import GitHubHooks
from slipway.hooks.forge.hooks.gitlab import GitLabHooks
from slipway.model.forge.login import ForgeLogin
from slipway.model.forge.place import PUBLIC_HOSTS
from slipway.model.git.url import GitUrl, parse_url

# Kind of host -> what people call it, and its webhooks.
KINDS: dict[str, tuple[str, type[HostHooks]]] = {
    "bitbucket": ("Bitbucket Cloud", BitbucketCloudHooks),
    "bitbucket_server": ("Bitbucket Data Center", BitbucketServerHooks),
    "github": ("GitHub", GitHubHooks),
    "gitlab": ("GitLab", GitLabHooks),
    "gitea": ("Gitea", GiteaHooks),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class HookPlace:
    """A repository at its host.

    :param kind: one of ``KINDS``.
    :param server: where the host's API begins.
    :param path: the repository's, as that API has it.
    """

    kind: str
    server: str
    path: str

    @property
    def host(self) -> str:
        """What people call the host."""
        return KINDS[self.kind][0]


def hook_place(url: str, *, kind: str = "", server: str = "") -> HookPlace:
    """Find a repository's place at its host.

    :param url: the repository, as git takes it.
    :param kind: one of ``KINDS``; as the host's name says where it is empty.
    :param server: where its API begins; as the URL says where it is empty.
    :raises RepositoryRefused: when the URL does not say it.
    """
    address = parse_url(url)
    known = PUBLIC_HOSTS.get(address.host.lower(), ("", ""))
    kind = kind or known[0]
    if kind not in KINDS:
        msg = f"nothing tells what kind of host {address.host} is"
        raise RepositoryRefused(msg, advice=f"add --forge with one of {', '.join(KINDS)}")
    parts = [part for part in address.path.removesuffix(".git").split("/") if part]
    if len(parts) < 2 or {".", ".."} & set(parts):
        msg = f"{url} does not end with an owner and a repository, as they do at {KINDS[kind][0]}"
        raise RepositoryRefused(msg, advice="make the hook by hand, as docs/webhooks.md says")
    path = "/".join(parts if kind == "gitlab" else parts[-2:])
    server = (server or known[1] or _server(address, kind, parts[:-2])).rstrip("/")
    if not server.startswith(("https://", "http://127.0.0.1:", "http://localhost:")):
        msg = f"{server} is not encrypted, and a token is never sent there"
        raise RepositoryRefused(msg, advice="give --forge-url with https://")
    return HookPlace(kind=kind, server=server, path=path)


def open_hooks(place: HookPlace, connection_id: str, *, secret: str = "") -> HostHooks:
    """Open the webhooks of a repository; nothing is asked yet.

    :param place: the repository.
    :param connection_id: of the Airflow connection whose password is the token.
    :param secret: of the hooks, which no message may hold.
    :raises RepositoryRefused: when there is no such connection, or no token in it.
    """
    try:
        login = forge_login(connection_id)
    except ForgeRefused as error:
        raise RepositoryRefused(error.message, advice=error.advice) from error
    hooks = KINDS[place.kind][1]
    api = HostApi(
        server=place.server,
        authorization=_authorization(place.kind, login),
        connection=connection_id,
        scopes=hooks.scopes,
        hidden=(login.token, secret),
    )
    return hooks(send=api.send, path=place.path)


def _server(address: GitUrl, kind: str, before: list[str]) -> str:
    """Take the host of a URL for that of its API; git's port is the API's for https alone."""
    port = f":{address.port}" if address.port and address.scheme in ("https", "http") else ""
    scheme = "http" if address.scheme == "http" else "https"
    below = [part for part in before if part != "scm"] if kind == "bitbucket_server" else []
    return "/".join([f"{scheme}://{address.host}{port}", *below])


def _authorization(kind: str, login: ForgeLogin) -> str:
    """Show a token as its host wants it; Atlassian's API tokens go beside their owner's address."""
    if kind == "bitbucket" and login.is_api_token and login.address:
        return f"Basic {base64.b64encode(f'{login.address}:{login.token}'.encode()).decode()}"
    return f"token {login.token}" if kind == "gitea" else f"Bearer {login.token}"
