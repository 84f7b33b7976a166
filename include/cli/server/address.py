"""Where Airflow's server is, and as whom it is asked."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from include.cli.server.errors import LoginMissing

URL, TOKEN, TOKEN_FILE = "SLIPWAY_SERVER", "SLIPWAY_TOKEN", "SLIPWAY_TOKEN_FILE"
USER, PASSWORD, ALLOW_HTTP = "SLIPWAY_USER", "SLIPWAY_PASSWORD", "SLIPWAY_ALLOW_HTTP"
HOW = (
    f"set {URL}, such as https://airflow.example.com, and {TOKEN} (or {TOKEN_FILE}, or {USER} and "
    f"{PASSWORD}); docs/shell.md says where a token comes from"
)
# Of the demo's shell file (include/demo/airflow_environment).
_BASE, _PASSWORDS = "AIRFLOW__API__BASE_URL", "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """A server, and a person's login.

    :param url: without its last slash.
    :param token: of Airflow's; empty where user and password are exchanged for one.
    :param user: the login; empty with a token.
    :param password: the login's.
    """

    url: str
    token: str = field(default="", repr=False)
    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def is_here(self) -> bool:
        """Tell whether the server is this machine's own."""
        return is_loopback(urlsplit(self.url).hostname or "")


def address_of(environ: Mapping[str, str], demo: Path | None = None) -> Address | None:
    """Return the server that somebody means, None where nobody has said any.

    :param environ: the shell's variables.
    :param demo: the shell file of a demo, which is meant where no variable names a server.
    :raises LoginMissing: when there is a server and no login, or one to which no token must be
        sent.
    """
    url = environ.get(URL, "").strip().rstrip("/")
    if url:
        _check_url(url, allow_http=environ.get(ALLOW_HTTP, "") not in ("", "0"))
        return _with_login(url, environ)
    if demo is not None and demo.is_file():
        return _of_demo(demo)
    return None


def required(environ: Mapping[str, str], demo: Path | None = None) -> Address:
    """Return the server that somebody means.

    :param environ: the shell's variables.
    :param demo: the shell file of a demo.
    :raises LoginMissing: when there is none, or no login.
    """
    found = address_of(environ, demo)
    if found is None:
        msg = "it is not known where Airflow's server is"
        raise LoginMissing(msg, advice=HOW)
    return found


def is_loopback(host: str) -> bool:
    """Tell whether a name or address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _check_url(url: str, *, allow_http: bool) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        msg = f"{URL} is no address of a server: {url!r}"
        raise LoginMissing(msg, advice="it looks like https://airflow.example.com")
    if parts.username or parts.password:
        msg = f"{URL} has a login in it, which ends up in logs"
        raise LoginMissing(msg, advice=f"set {TOKEN}, or {USER} and {PASSWORD}, instead")
    if parts.scheme == "http" and not is_loopback(parts.hostname) and not allow_http:
        msg = f"{url} would be sent the token unencrypted"
        advice = f"use https, or set {ALLOW_HTTP}=1 where the way there is safe (a VPN, say)"
        raise LoginMissing(msg, advice=advice)


def _with_login(url: str, environ: Mapping[str, str]) -> Address:
    token = environ.get(TOKEN, "").strip()
    file = environ.get(TOKEN_FILE, "")
    if not token and file:
        try:
            token = Path(file).expanduser().read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            msg = f"the token cannot be read from {file}"
            raise LoginMissing(msg, advice=f"write it there, or set {TOKEN}") from error
    user, password = environ.get(USER, ""), environ.get(PASSWORD, "")
    if not token and not (user and password):
        msg = f"there is no login for {url}"
        raise LoginMissing(msg, advice=HOW)
    if token and not (token.isascii() and token.isprintable() and " " not in token):
        msg = "the token is none: it has blanks or other characters that no token has"
        raise LoginMissing(msg, advice=f"look at {TOKEN} or {TOKEN_FILE}")
    return Address(url=url, token=token, user=user, password=password)


def _of_demo(file: Path) -> Address:
    """Return the server and the login of a demo, as it left them.

    :raises LoginMissing: when it left none.
    """
    words = shlex.split(file.read_text(), comments=True)
    found = dict(word.partition("=")[::2] for word in words if "=" in word)
    try:
        ((user, password),) = json.loads(Path(found[_PASSWORDS]).read_text()).items()
        url = found[_BASE].rstrip("/")
    except (KeyError, OSError, ValueError) as error:
        msg = "the demo in this folder has no login"
        raise LoginMissing(msg, advice=f"start it with `make demo`, or {HOW}") from error
    return Address(url=url, user=str(user), password=str(password))
