"""Who reads a repository: Airflow connections, and which of them goes where.

The provider's own git hook writes to ``os.environ``, which other threads share; this one does not.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from airflow.sdk import BaseHook
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.log import mask_secret

from slipway.exceptions import RepositoryRefused
from slipway.hooks.git.credentials import (
    NOBODY,
    Credentials,
    Login,
    check_transport,
    with_key,
    with_token,
)
from slipway.hooks.git.folder import own_folder
from slipway.hooks.git.mirror import GitMirror
from slipway.hooks.git.proposals import FOLDER, ProposalMirror
from slipway.model.forge.login import APP_PASSWORDS_ARE_GONE, ForgeLogin
from slipway.model.forge.place import PUBLIC_HOSTS, ForgeKind, kind_of
from slipway.model.git.large_files import LargeFiles
from slipway.model.git.url import parse_url
from slipway.model.text.inert import visible

_log = logging.getLogger(__name__)


def git_mirror(
    url: str,
    connection: str | None,
    submodules: Mapping[str, str] | None = None,
    large_files: LargeFiles = LargeFiles.FETCH,
) -> GitMirror:
    """Open the mirror of a repository on this worker.

    :param url: the repository.
    :param connection: id of an Airflow connection with ``private_key`` (and ``known_hosts``) in
        its extra, or a token as its password; None for a public repository.
    :param submodules: the beginning of a submodule's URL -> id of the connection that it is read
        with. All other submodules are read without credentials.
    :param large_files: what becomes of a commit that keeps files in Git LFS.
    :raises RepositoryRefused: when the URL is not followed, or credentials must not go there.
    """
    root = mirrors_root()
    places = dict(submodules or {})

    def opened(address: str, reader: str | None) -> GitMirror:
        credentials = _credentials(address, reader) if reader else NOBODY
        return GitMirror(
            url=address,
            root=root,
            credentials=credentials,
            submodule=submodule,
            large_files=large_files,
        )

    def submodule(address: str) -> GitMirror:
        return opened(address, _reader_of(address, places))

    return opened(url, connection)


def proposal_mirror(
    url: str,
    connection: str | None,
    submodules: Mapping[str, str] | None = None,
    large_files: LargeFiles = LargeFiles.FETCH,
    *,
    stranger: bool = True,
) -> ProposalMirror:
    """Open the mirror of what is proposed for a repository on this worker.

    :param url: the repository.
    :param connection: as for :func:`git_mirror`; it reads the repository itself, and a fork that
        not everybody may read.
    :param submodules: as for :func:`git_mirror`.
    :param large_files: as for :func:`git_mirror`.
    :param stranger: whoever wrote the commit may not push here: what it names besides is read
        without credentials, and from this host or a public one alone.
    :raises RepositoryRefused: as for :func:`git_mirror`.
    """
    places = {} if stranger else dict(submodules or {})
    if stranger and connection:
        large_files = LargeFiles.POINTERS

    def submodule(address: str) -> GitMirror:
        if stranger:
            _check_host(address, url)
        return git_mirror(address, _reader_of(address, places), places, large_files)

    def readers(address: str) -> list[Credentials]:
        return [NOBODY, *([_credentials(address, connection)] if connection else [])]

    return ProposalMirror(
        url=url,
        root=own_folder(mirrors_root()) / FOLDER,
        credentials=_credentials(url, connection) if connection else NOBODY,
        submodule=submodule,
        large_files=large_files,
        readers=readers,
    )


def _check_host(address: str, url: str) -> None:
    """Let a stranger lead a worker nowhere that strangers do not come anyway."""
    try:
        host = parse_url(address).host.lower()
    except ValueError:
        return  # the mirror will refuse it, and say why
    if host not in PUBLIC_HOSTS and host != parse_url(url).host.lower():
        msg = f"a fork's submodule at {visible(host)} is not fetched"
        raise RepositoryRefused(msg, advice="push the branch to the repository itself")


def mirrors_root() -> Path:
    """Return the folder that holds this worker's mirrors, and other large files of its tasks."""
    fallback = str(Path(tempfile.gettempdir()) / "slipway-mirrors")
    return Path(conf.get("slipway", "git_mirrors", fallback=fallback))


def branch_line(*, url: str, branch: str, connection: str | None) -> list[str]:
    """List a branch's commits as they are now, along their first parents, the newest first.

    :param url: the repository.
    :param branch: the branch's name.
    :param connection: as for :func:`git_mirror`.
    :raises RepositoryUnreachable: when the server does not answer.
    :raises RefNotFound: when there is no such branch.
    """
    return git_mirror(url, connection).line(branch)


def _reader_of(url: str, places: Mapping[str, str]) -> str | None:
    """Return the connection that a submodule is read with: the one whose place is the nearest."""
    try:
        address = parse_url(url)
    except ValueError:
        return None  # the mirror will refuse it, and say why
    near = [place for place in places if address.is_below(parse_url(place))]
    return places[max(near, key=len)] if near else None


def _credentials(url: str, connection_id: str) -> Credentials:
    """Return what opens a connection's login for one command on one repository."""

    @contextmanager
    def opened(hosts: Path) -> Iterator[Mapping[str, str]]:
        login = _login(url, connection_id)
        if parse_url(url).scheme == "ssh":
            _check(login.private_key, connection_id, "extra `private_key`, as ssh URLs need")
            if not login.known_hosts and not hosts.exists():
                _log.warning(
                    "%s is believed to be who it says it is, this first time; `known_hosts` in "
                    "the extra of the connection %s would tell for sure",
                    url,
                    connection_id,
                )
            reading = with_key(login, hosts)
        else:
            _check(login.password, connection_id, "password, as https URLs need")
            reading = with_token(url, login)
        with reading as environment:
            yield environment

    check_transport(url, connection_id)
    return Credentials(identity=connection_id, opened=opened)


def _check(secret: str, connection_id: str, what: str) -> None:
    if not secret:
        msg = f"the connection {connection_id!r} has no {what}"
        raise RepositoryRefused(msg, advice="add it, or use a URL of the other kind")


def _login(url: str, connection_id: str) -> Login:
    try:
        connection = BaseHook.get_connection(connection_id)
    except AirflowNotFoundException as error:
        msg = f"Airflow has no connection {connection_id!r}, which the project file names"
        raise RepositoryRefused(msg, advice="add it, or correct the name") from error
    extra = connection.extra_dejson
    token = ForgeLogin(
        user=connection.login or "",
        token=connection.password or "",
        email=str(extra.get("email") or ""),
    )
    kind = kind_of(url)
    if kind is ForgeKind.BITBUCKET and token.is_app_password and parse_url(url).scheme != "ssh":
        msg = f"the connection {connection_id!r} holds an app password"
        raise RepositoryRefused(msg, advice=APP_PASSWORDS_ARE_GONE)
    login = Login(
        user=token.git_user(kind),
        password=token.token,
        private_key=extra.get("private_key") or "",
        known_hosts=extra.get("known_hosts") or "",
        is_bearer=token.is_bearer(parse_url(url).path),
    )
    if login.password:
        mask_secret(login.header)  # a server may repeat it in what it says
    return login
