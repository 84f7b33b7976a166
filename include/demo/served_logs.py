"""Answers Airflow's UI, which asks a running task's host for what the task has logged.

The demo's processes share one folder, in which the UI has read every log already. Airflow's own
log servers would listen on every interface, and without any the UI tells of an error in each log
that it shows.
"""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from include.demo import paths


def host() -> str:
    """Return where a task's logs are asked for; Airflow calls it for the name of this host."""
    return "127.0.0.1"


class NothingElse(BaseHTTPRequestHandler):
    """Has no further log of any task."""

    def do_GET(self) -> None:
        """Answer that there is nothing to add."""
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the UI asks every other second."""


def server(port: int) -> ThreadingHTTPServer:
    """Listen on loopback.

    :param port: 0 takes a free one.
    """
    return ThreadingHTTPServer((host(), port), NothingElse)


if __name__ == "__main__":
    server(paths.LOG_PORT).serve_forever()
