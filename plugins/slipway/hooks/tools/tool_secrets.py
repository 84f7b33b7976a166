"""Secrets as the files that tools read them from, so that none stands in an environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from slipway.exceptions import EnvironmentMisconfigured
from slipway.hooks.tools.toolbox import SECRETS

_AWS, _POSTGRES = "aws-credentials", "pgpass"
# goose trusts whom the system trusts; libpq has to be told to.
_AUTHORITIES = {"PGSSLROOTCERT": "/etc/ssl/certs/ca-certificates.crt"}
_AWS_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


@dataclass(frozen=True, kw_only=True, slots=True)
class HandedOver:
    """What a tool is given: what anybody may read, and what only it may.

    :param environment: names the files, among others.
    :param files: name -> content, below ``/run/secrets``.
    """

    environment: Mapping[str, str]
    files: Mapping[str, str] = field(default_factory=dict, repr=False)


def aws_credentials(environment: Mapping[str, str]) -> HandedOver:
    """Part an account's keys from its settings; every AWS SDK reads the file that is named.

    :param environment: credentials and region, as AWS SDKs read them.
    """
    plain = {name: value for name, value in environment.items() if name not in _AWS_KEYS}
    keys = {name.lower(): environment[name] for name in _AWS_KEYS if environment.get(name)}
    lines = ["[default]", *(f"{name} = {value}" for name, value in keys.items())]
    return HandedOver(
        environment={**plain, "AWS_SHARED_CREDENTIALS_FILE": f"{SECRETS}/{_AWS}"},
        files={_AWS: "\n".join(lines) + "\n"},
    )


def postgres_password(url: str) -> tuple[str, HandedOver]:
    """Part a database's URL from its password; libpq and goose read the file that is named.

    :param url: with its password.
    :returns: the URL without it, and the rest.
    :raises EnvironmentMisconfigured: for a password that such a file cannot hold.
    """
    parts = urlsplit(url)
    login, at, address = parts.netloc.rpartition("@")
    user, _, quoted = login.partition(":")
    trusted = _AUTHORITIES if "sslmode=verify" in parts.query else {}
    if not quoted:
        return url, HandedOver(environment=trusted)
    password = unquote(quoted)
    if password != password.rstrip() or set(password) & set("\r\n\0"):
        msg = "the database's password ends with a blank, or has a line break in it"
        raise EnvironmentMisconfigured(msg, advice="give the role another password")
    escaped = password.replace("\\", "\\\\").replace(":", "\\:")
    # The file serves one connection, to the one database that the URL names.
    return parts._replace(netloc=f"{user}{at}{address}").geturl(), HandedOver(
        environment={**trusted, "PGPASSFILE": f"{SECRETS}/{_POSTGRES}"},
        files={_POSTGRES: f"*:*:*:*:{escaped}\n"},
    )
