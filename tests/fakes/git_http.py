"""A web server on loopback that serves real repositories, notes what it is shown, and redirects."""

from __future__ import annotations

import os
import ssl
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class GitWeb:
    """One server.

    :param authorization: what a request must show; empty for a public server.
    :param redirects: path -> the URL that it sends everybody to.
    :param seen: (path, Authorization) of each request.
    """

    base: Path
    url: str = ""
    authorization: str = ""
    redirects: dict[str, str] = field(default_factory=dict)
    seen: list[tuple[str, str | None]] = field(default_factory=list)

    @property
    def shown(self) -> list[str]:
        """The credentials that it was shown."""
        return [header for _, header in self.seen if header is not None]


def make_authority(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for 127.0.0.1 and localhost that signs itself; returns it and its key."""
    certificate, key = folder / "ca.pem", folder / "ca.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", str(key),
         "-out", str(certificate), "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


@contextmanager
def git_web(base: Path, tls: tuple[Path, Path] | None = None) -> Iterator[GitWeb]:
    """Serve the repositories below a folder."""
    web = GitWeb(base=base)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(web))
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    web.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(web: GitWeb) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            web.seen.append((path, self.headers.get("Authorization")))
            goal = next((to for at, to in web.redirects.items() if path.startswith(at)), None)
            if goal is not None:
                self.send_response(302)
                self.send_header("Location", goal + (f"?{query}" if query else ""))
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif web.authorization and self.headers.get("Authorization") != web.authorization:
                self.send_response(401)
                self.send_header("WWW-Authenticate", "Basic realm=x")
                self.send_header("Content-Length", "0")
                self.end_headers()
            else:
                self._answer(path, query)

        def do_POST(self) -> None:
            self.do_GET()

        def _answer(self, path: str, query: str) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            done = subprocess.run(
                ["git", "http-backend"], input=body, capture_output=True, check=True,
                env={
                    "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(web.base),
                    "GIT_HTTP_EXPORT_ALL": "1", "REQUEST_METHOD": self.command, "PATH_INFO": path,
                    "QUERY_STRING": query, "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                    "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                    "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                    "GIT_CONFIG_GLOBAL": "/dev/null",
                },
            )  # fmt: skip
            head, _, content = done.stdout.partition(b"\r\n\r\n")
            fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
            self.send_response(int(fields.pop("Status", "200").split()[0]))
            for name, value in fields.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
