"""Git hosts: which there are, and where a repository lies on one.

A URL that git clones from does not say everything: ``ssh://git@git.example.com:7999/SHOP/shop.git``
tells neither which host software answers there nor the port of its pages.
"""

from __future__ import annotations

import dataclasses
import re
from enum import StrEnum

from slipway.model.fact import Fact
from slipway.model.git.url import parse_url


class ForgeKind(StrEnum):
    """Whose REST API a host speaks."""

    BITBUCKET = "bitbucket"
    BITBUCKET_SERVER = "bitbucket_server"
    GITHUB = "github"
    GITLAB = "gitlab"
    GITEA = "gitea"


# Hosts that everybody shares, also as they are called for ssh on port 443: kind, and server.
PUBLIC_HOSTS = {
    "bitbucket.org": (ForgeKind.BITBUCKET, "https://api.bitbucket.org"),
    "altssh.bitbucket.org": (ForgeKind.BITBUCKET, "https://api.bitbucket.org"),
    "github.com": (ForgeKind.GITHUB, "https://api.github.com"),
    "ssh.github.com": (ForgeKind.GITHUB, "https://api.github.com"),
    "gitlab.com": (ForgeKind.GITLAB, "https://gitlab.com"),
    "altssh.gitlab.com": (ForgeKind.GITLAB, "https://gitlab.com"),
    "codeberg.org": (ForgeKind.GITEA, "https://codeberg.org"),
    "gitea.com": (ForgeKind.GITEA, "https://gitea.com"),
}
# A URL's path ends with the repository: `acme/shop`; groups of GitLab lie within each other.
_PATH = re.compile(r"(?P<before>(?:/[\w.~+-]+)*?)/(?P<owner>[\w.~+-]+)/(?P<name>[\w.+-]+)")
_NOWHERE = frozenset({".", ".."})


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ForgePlace(Fact):
    """A repository at its host.

    :param kind: whose API it is.
    :param server: where that begins, ``https://api.bitbucket.org``, without a slash at its end.
    :param path: of the repository, as the API has it: ``acme/shop``, ``SHOP/shop``.
    :param connection: id of the Airflow connection with the token.
    """

    kind: ForgeKind
    server: str
    path: str
    connection: str


def kind_of(url: str) -> ForgeKind | None:
    """Return whose API the host of a repository speaks, where its name says so.

    :param url: of the repository, as git takes it.
    """
    known = PUBLIC_HOSTS.get(parse_url(url).host.lower())
    return known[0] if known else None


def place_of(
    url: str, *, connection: str, kind: ForgeKind | None = None, server: str | None = None
) -> ForgePlace:
    """Find a repository's place at its host.

    :param url: of the repository, as git takes it.
    :param connection: id of the Airflow connection with the token.
    :param kind: whose API it is; as the host's name says where it is None.
    :param server: where it begins; as the URL says where it is None.
    :raises ValueError: when the URL does not say it, with what to add to the project file.
    """
    address = parse_url(url)
    known = PUBLIC_HOSTS.get(address.host.lower())
    kind = kind or (known[0] if known else None)
    if kind is None:
        msg = (
            f"nothing tells what {address.host} is; add `forge: bitbucket_server`, `github`, "
            "`gitlab` or `gitea`"
        )
        raise ValueError(msg)
    path = f"/{address.path.strip('/')}".removesuffix(".git")
    found = _PATH.fullmatch(path)
    if found is None or _NOWHERE & set(path.split("/")):
        msg = f"{url} does not end with an owner and a repository, as they do at a {kind} host"
        raise ValueError(msg)
    before, owner, name = found["before"], found["owner"], found["name"]
    if server is None:
        if known:
            server = known[1]
        else:
            port = f":{address.port}" if address.port and address.scheme == "https" else ""
            server = f"https://{address.host}{port}"
            if kind is ForgeKind.BITBUCKET_SERVER:
                # It may lie below a path; what clones over https has `scm` behind that.
                server += before.removesuffix("/scm")
    if kind is ForgeKind.GITLAB:
        owner = f"{before}/{owner}".lstrip("/")
    return ForgePlace(
        kind=kind, server=server.rstrip("/"), path=f"{owner}/{name}", connection=connection
    )
