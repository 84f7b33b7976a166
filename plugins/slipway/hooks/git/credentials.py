"""How git is told who it is: in files that exist in this process's memory alone.

A token, an ssh key and the known hosts are handed over as anonymous files (memfd_create(2)), which
git and ssh open below ``/proc``. They have no name that anybody could list, take no disk, and are
gone with this process however it ends. So nothing secret is an argument, part of a URL, in an
environment or in a temporary folder.
"""

from __future__ import annotations

import base64
import os
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from slipway.exceptions import RepositoryRefused
from slipway.hooks.git.confinement import SSH
from slipway.model.git.url import parse_url

# Opens the credentials for one command, as settings in git's environment; the argument is where
# the mirror notes the hosts that it has met.
Opener = Callable[[Path], AbstractContextManager[Mapping[str, str]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """Who reads a repository.

    :param identity: tells one reader from another: what this one fetched no other one reads.
        Empty for nobody in particular.
    :param opened: opens them for one command.
    """

    identity: str
    opened: Opener


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Login:
    """What a connection holds.

    :param user: for a token; ``x-access-token`` where none is named.
    :param password: a token, or a password.
    :param private_key: an ssh key in PEM.
    :param known_hosts: lines of known_hosts(5); the only hosts that are then believed.
    :param is_bearer: the password is a token that is shown by itself.
    """

    user: str = ""
    password: str = ""
    private_key: str = ""
    known_hosts: str = ""
    is_bearer: bool = False

    @property
    def header(self) -> str:
        """What an Authorization header says for the password, after ``Basic``."""
        pair = f"{self.user or 'x-access-token'}:{self.password}"
        return base64.b64encode(pair.encode()).decode()

    @property
    def authorization(self) -> str:
        """The whole value of an Authorization header."""
        return f"Bearer {self.password}" if self.is_bearer else f"Basic {self.header}"


def check_transport(url: str, connection: str | None) -> None:
    """Refuse to send credentials where others can read them.

    :param url: the repository.
    :param connection: id of the connection that it is read with, or None.
    :raises RepositoryRefused: when it is neither https nor ssh, with the way to do it right.
    """
    if connection is not None and parse_url(url).scheme not in ("https", "ssh"):
        msg = f"{url} is not encrypted, and credentials are never sent over such a connection"
        raise RepositoryRefused(
            msg, advice=f"use an https or ssh URL, or leave out the connection {connection!r}"
        )


@contextmanager
def anonymously(hosts: Path) -> Iterator[Mapping[str, str]]:
    """Open no credentials; an ssh server is met by the key that it showed the first time.

    :param hosts: where those keys are noted.
    """
    yield {"GIT_SSH_COMMAND": _ssh("-o", "IdentityFile=none", *_first_met(hosts))}


@contextmanager
def with_token(url: str, login: Login) -> Iterator[Mapping[str, str]]:
    """Let git show a token to one repository, and to nothing that this one leads to.

    :param url: the repository, https.
    :param login: with a password.
    """
    # In a header, since git would ask for a password only after it was refused once. The whole
    # URL, since what matches it is this repository and what lies below; and no redirects, since
    # git would send the header to wherever one leads.
    settings = (
        "[http]\n\tfollowRedirects = false\n"
        f"[http {_quoted(url)}]\n"
        f"\textraHeader = {_quoted(f'Authorization: {login.authorization}')}\n"
    )
    with _in_memory(settings) as path:
        yield {"GIT_CONFIG_GLOBAL": path}


@contextmanager
def with_key(login: Login, hosts: Path) -> Iterator[Mapping[str, str]]:
    """Let ssh use one key, and no other that it may find.

    :param login: with a private key.
    :param hosts: where the keys of servers are noted, unless the login names them.
    """
    with ExitStack() as stack:
        key = stack.enter_context(_in_memory(login.private_key.strip() + "\n"))
        if login.known_hosts:
            known = stack.enter_context(_in_memory(login.known_hosts.strip() + "\n"))
            believed: tuple[str, ...] = (
                "-o",
                f"UserKnownHostsFile={known}",
                "-o",
                "GlobalKnownHostsFile=/dev/null",
                "-o",
                "StrictHostKeyChecking=yes",
            )
        else:
            believed = _first_met(hosts)
        yield {"GIT_SSH_COMMAND": _ssh("-i", key, *believed)}


NOBODY = Credentials(identity="", opened=anonymously)


def _ssh(*options: str) -> str:
    return shlex.join((*SSH, *options))


def _first_met(hosts: Path) -> tuple[str, ...]:
    # ssh_config(5) splits at spaces and expands percent signs.
    path = str(hosts).replace("%", "%%")
    return ("-o", f'UserKnownHostsFile="{path}"', "-o", "StrictHostKeyChecking=accept-new")


def _quoted(name: str) -> str:
    """Quote the middle part of a key as git-config(1) has it."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@contextmanager
def _in_memory(text: str) -> Iterator[str]:
    """Keep a text in a file without a name; gives a path to it that our children can open."""
    handle = os.memfd_create("slipway")
    try:
        os.fchmod(handle, 0o600)  # ssh does not take a key that others may read
        os.write(handle, text.encode())
        yield f"/proc/{os.getpid()}/fd/{handle}"
    finally:
        os.close(handle)
