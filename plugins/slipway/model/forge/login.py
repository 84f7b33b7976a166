"""One token, and the names that it goes by: git and a host's REST API ask for different ones.

Atlassian's tokens tell by their first letters what they are, so a connection works whichever of the
names it carries; where they do not, the name decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from slipway.model.forge.place import ForgeKind

# What Bitbucket Cloud takes from git as the user, beside a token of each kind.
ACCESS_TOKEN_USER, API_TOKEN_USER = "x-token-auth", "x-bitbucket-api-token-auth"
_APP_PASSWORD, _API_TOKEN, _ACCESS_TOKEN = "ATBB", "ATATT", "ATCTT"
# Where Data Center has its repositories for https.
_DATA_CENTER = re.compile(r"(?:/[^/]+)*/scm/[^/]+/[^/]+/?")
# What can be shown as it is: RFC 6750's token.
_PLAIN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
APP_PASSWORDS_ARE_GONE = (
    "Bitbucket removed app passwords on 2026-07-28; make a repository access token (Repository "
    "settings, Access tokens) and put it into the connection's password, with an empty login"
)


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class ForgeLogin:
    """What an Airflow connection holds for one host.

    :param user: the connection's login.
    :param token: the connection's password.
    :param email: of the token's owner, from the connection's extra.
    """

    user: str = ""
    token: str = ""
    email: str = ""

    @property
    def is_app_password(self) -> bool:
        """Whether it is of the kind that Bitbucket Cloud no longer takes."""
        return self.token.startswith(_APP_PASSWORD)

    @property
    def is_api_token(self) -> bool:
        """Whether Bitbucket Cloud asks for its owner's e-mail address beside it."""
        if self.token.startswith((_API_TOKEN, _ACCESS_TOKEN)):
            return self.token.startswith(_API_TOKEN)
        return bool(self.address) or self.user == API_TOKEN_USER

    @property
    def address(self) -> str:
        """The owner's e-mail address; empty where nothing says it."""
        return self.email or (self.user if "@" in self.user else "")

    def git_user(self, kind: ForgeKind | None) -> str:
        """Return the user that git names beside the token; empty for git's usual one.

        :param kind: of the host, where it is known.
        """
        if kind is not ForgeKind.BITBUCKET:
            return self.user
        if self.is_api_token:
            own_name = self.user and "@" not in self.user and self.user != ACCESS_TOKEN_USER
            return self.user if own_name else API_TOKEN_USER
        # A name beside an access token is a mistake that can be mended.
        known = self.token.startswith(_ACCESS_TOKEN)
        return ACCESS_TOKEN_USER if known or not self.user else self.user

    def is_bearer(self, path: str) -> bool:
        """Whether git shows the token by itself, with no user beside it.

        Data Center takes tokens of projects and repositories in no other way.

        :param path: of the repository's URL, https.
        """
        is_plain = _PLAIN.fullmatch(self.token) is not None
        is_nobodys = self.user in ("", ACCESS_TOKEN_USER)
        return is_nobodys and is_plain and _DATA_CENTER.fullmatch(path) is not None
