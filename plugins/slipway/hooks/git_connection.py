"""Git credentials from an Airflow connection.

A token travels as an environment variable that git reads its configuration from, an ssh key as
a file that only this process can read and that lives as long as one command: neither is ever an
argument, part of a URL or on a log line. The provider's own git hook writes to ``os.environ``,
which other threads share; this one does not.
"""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from airflow.sdk import BaseHook, Connection
from airflow.sdk.configuration import conf

from slipway.hooks.git_mirror import Credentials, GitMirror


def git_mirror(url: str, connection: str | None) -> GitMirror:
    """Open the mirror of a repository on this worker.

    :param url: the repository.
    :param connection: id of an Airflow connection with ``private_key`` (and ``known_hosts``) in
        its extra, or a token as its password; None for a public repository.
    """
    fallback = str(Path(tempfile.gettempdir()) / "slipway-mirrors")
    root = Path(conf.get("slipway", "git_mirrors", fallback=fallback))
    credentials = _credentials(url, connection) if connection else None
    return GitMirror(url=url, root=root, credentials=credentials)


def _credentials(url: str, connection_id: str) -> Credentials:
    @contextmanager
    def opened() -> Iterator[Mapping[str, str]]:
        connection = BaseHook.get_connection(connection_id)
        private_key = connection.extra_dejson.get("private_key")
        if private_key:
            with _ssh_key(private_key, connection.extra_dejson.get("known_hosts")) as environment:
                yield environment
        else:
            yield _token(url, connection)

    return opened


def _token(url: str, connection: Connection) -> dict[str, str]:
    """Git reads ``GIT_CONFIG_KEY_n`` as if it were in its configuration (git-config(1))."""
    if not connection.password:
        return {}
    pair = f"{connection.login or 'x-access-token'}:{connection.password}"
    parts = urlsplit(url)
    header = f"Authorization: Basic {base64.b64encode(pair.encode()).decode()}"
    return {
        "GIT_CONFIG_COUNT": "1",
        # For this server only: a submodule elsewhere must not be shown the token.
        "GIT_CONFIG_KEY_0": f"http.{parts.scheme}://{parts.netloc}/.extraHeader",
        "GIT_CONFIG_VALUE_0": header,
    }


@contextmanager
def _ssh_key(private_key: str, known_hosts: str | None) -> Iterator[Mapping[str, str]]:
    with tempfile.TemporaryDirectory(prefix="slipway-ssh-") as folder:
        key = Path(folder) / "key"
        key.touch(mode=0o600)
        key.write_text(private_key.strip() + "\n")
        options = f"-i {key} -o IdentitiesOnly=yes -o BatchMode=yes"
        if known_hosts:
            hosts = Path(folder) / "known_hosts"
            hosts.write_text(known_hosts.strip() + "\n")
            options += f" -o UserKnownHostsFile={hosts} -o StrictHostKeyChecking=yes"
        yield {"GIT_SSH_COMMAND": f"ssh {options}"}
