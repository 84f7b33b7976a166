"""Serves the API on loopback for this machine, and on a unix socket for the gateway."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server

SOCKET = "api.sock"


class _QuietHandler(MotoRequestHandler):
    """Writes nothing for each request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: a fleet asks many times a second."""


def short_path(folder: Path, name: str) -> str:
    """Return a path of a file in a folder that fits into a unix socket's 108 bytes.

    The folder stays open for the life of the process, which is what makes the path work.
    """
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    return f"/proc/self/fd/{descriptor}/{name}"


class ApiServers:
    """The two servers, each with a thread for every request.

    :param application: WSGI application.
    :param port: port on 127.0.0.1.
    :param folder: where the socket ``api.sock`` appears.
    """

    def __init__(self, application: Callable[..., Any], *, port: int, folder: Path) -> None:
        path = short_path(folder, SOCKET)
        (folder / SOCKET).unlink(missing_ok=True)
        self._servers = [
            _make(application, "127.0.0.1", port),
            _make(application, f"unix://{path}", 0),
        ]
        (folder / SOCKET).chmod(0o666)

    def start(self) -> None:
        """Begin to answer."""
        for server in self._servers:
            threading.Thread(target=server.serve_forever, daemon=True, name="api").start()

    def stop(self) -> None:
        """Stop accepting."""
        for server in self._servers:
            server.shutdown()
            server.server_close()


def _make(application: Callable[..., Any], host: str, port: int) -> BaseWSGIServer:
    return make_server(host, port, application, threaded=True, request_handler=_QuietHandler)
