"""Repository URLs: which are followed, how they are shown, and which lie below which.

Nobody's password belongs into a URL: it would be in project files, commits, logs and the
``origin`` of every workspace.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_URL = re.compile(r"(?P<scheme>(?i:https?|ssh|git))://(?P<authority>[^\s/?#]+)(?P<path>/\S*)?")
_SCP = re.compile(r"(?P<user>(?!-)[\w.-]+)@(?P<host>(?!-)[\w.-]+):(?P<path>(?!-)\S+)")
# Without a user; an `@` further on would be one with a password, `::` names a program of git's.
_SCP_OF_NOBODY = re.compile(r"(?P<host>(?!-)[\w.-]+):(?P<path>(?!-|:|//)[^\s@]+)")
_HOST = re.compile(r"(?!-)[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]")
_PORT = re.compile(r"[0-9]{1,5}")
_USER = re.compile(r"(?!-)[\w.+-]+")
# A path that every program reads alike: nothing that is escaped, repeated or leads upwards.
_PLAIN_PATH = re.compile(r"/?(?:(?!\.\.?(?:/|$))[\w.~+@-]+/)*(?:(?!\.\.?$)[\w.~+@-]+)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class GitUrl:
    """A repository's address, in its parts.

    :param scheme: ``https``, ``http``, ``ssh`` or ``git``; ``host:path`` is ssh as well.
    :param user: who logs in, for ssh alone.
    :param host: name or address.
    :param port: as it is written; empty for the scheme's own.
    :param path: with its leading slash, where it has one.
    """

    scheme: str
    user: str
    host: str
    port: str
    path: str

    def is_below(self, prefix: GitUrl) -> bool:
        """Tell whether this lies below another address, or is it.

        :param prefix: a server, or a folder on it.
        """
        mine = (self.scheme, self.user, self.host.lower(), self.port)
        theirs = (prefix.scheme, prefix.user, prefix.host.lower(), prefix.port)
        if mine != theirs or not _PLAIN_PATH.fullmatch(self.path):
            return False
        folder = prefix.path.rstrip("/")
        if not folder:
            return True
        same = self.path.removesuffix(".git") == folder.removesuffix(".git")
        return same or self.path.startswith(f"{folder}/")


def parse_url(url: str) -> GitUrl:
    """Read a repository's URL.

    :param url: ``https://``, ``http://``, ``ssh://``, ``git://``, ``user@host:path`` or
        ``host:path``.
    :raises ValueError: when it is another kind, or holds a login; the message shows no password.
    """
    if scp := _SCP.fullmatch(url):
        return GitUrl(scheme="ssh", port="", **scp.groupdict())
    if scp := _SCP_OF_NOBODY.fullmatch(url):
        return GitUrl(scheme="ssh", user="", port="", **scp.groupdict())
    whole = _URL.fullmatch(url)
    if whole is None:
        msg = (
            f"{redacted(url)!r} is not a repository URL that Slipway follows; "
            "use an https, ssh or git URL"
        )
        raise ValueError(msg)
    scheme, authority = whole["scheme"].lower(), whole["authority"]
    login, at, place = authority.rpartition("@")
    if at and (scheme != "ssh" or not _USER.fullmatch(login)):
        user = f"{login.partition(':')[0]}@" if scheme == "ssh" else ""
        plain = f"{scheme}://{user}{place}" + redacted(whole["path"] or "")
        msg = (
            f"{redacted(url)!r} holds a login; write {plain!r}, and put user and password, or the "
            "key, into an Airflow connection"
        )
        raise ValueError(msg)
    host, colon, port = place.rpartition(":")
    if not colon or place.endswith("]"):
        host, colon, port = place, "", ""
    if not _HOST.fullmatch(host) or (colon and not _PORT.fullmatch(port)):
        msg = f"{redacted(url)!r} does not name a server; write scheme://host/path"
        raise ValueError(msg)
    return GitUrl(scheme=scheme, user=login, host=host, port=port, path=whole["path"] or "")


def with_plain_scheme(url: str) -> str:
    """Return a URL with its scheme in small letters, as git has to have it.

    :param url: of any kind, well-formed or not.
    """
    whole = _URL.fullmatch(url)
    return url if whole is None else whole["scheme"].lower() + url[whole.end("scheme") :]


def redacted(url: str) -> str:
    """Return a URL without anything that may be a login.

    :param url: of any kind, well-formed or not.
    """
    scheme, separator, rest = url.partition("://")
    before, separator, rest = (scheme, separator, rest) if separator else ("", "", scheme)
    _, at, after = rest.rpartition("@")
    return f"{before}{separator}***@{after}" if at else url
