"""Serves the API on loopback and a unix socket for this machine, and on another for the gateway."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from waitress.server import create_server

SOCKET = "api.sock"
# Requests are answered one at a time anyway; connections stay open in between, as AWS's do.
_SETTINGS: dict[str, Any] = {"threads": 8, "connection_limit": 1000, "ident": None}


def short_path(folder: Path, name: str) -> str:
    """Return a path of a file in a folder that fits into a unix socket's 108 bytes.

    The folder stays open for the life of the process, which is what makes the path work.
    """
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    return f"/proc/self/fd/{descriptor}/{name}"


class ApiServers:
    """The two servers.

    :param host: WSGI application for this machine.
    :param port: its port on 127.0.0.1.
    :param machines: WSGI application for the gateway.
    :param folder: where its socket ``api.sock`` appears.
    :param host_folder: where a socket of that name appears for containers of this machine's own,
        which have no way to its loopback.
    """

    def __init__(
        self,
        *,
        host: Callable[..., Any],
        port: int,
        machines: Callable[..., Any],
        folder: Path,
        host_folder: Path,
    ) -> None:
        self._servers = [
            create_server(host, host="127.0.0.1", port=port, **_SETTINGS),
            _on_socket(host, host_folder),
            _on_socket(machines, folder),
        ]

    def start(self) -> None:
        """Begin to answer."""
        for server in self._servers:
            threading.Thread(target=server.run, daemon=True, name="api").start()

    def stop(self) -> None:
        """Stop accepting."""
        for server in self._servers:
            server.task_dispatcher.shutdown()
            server.close()


def _on_socket(application: Callable[..., Any], folder: Path) -> Any:
    path = short_path(folder, SOCKET)
    (folder / SOCKET).unlink(missing_ok=True)
    return create_server(application, unix_socket=path, unix_socket_perms="600", **_SETTINGS)
