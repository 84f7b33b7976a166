"""A web server on loopback that serves real repositories, notes what it is shown, and redirects."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass
class GitWeb:
    """One server.

    :param authorization: what a request must show; empty for a public server.
    :param redirects: path -> the URL that it sends everybody to.
    :param seen: (path, Authorization) of each request.
    :param lfs: the content of each object of Git LFS, by its sha256.
    :param lfs_action: makes what the server says of where an object is.
    """

    base: Path
    url: str = ""
    authorization: str = ""
    redirects: dict[str, str] = field(default_factory=dict)
    seen: list[tuple[str, str | None]] = field(default_factory=list)
    lfs: dict[str, bytes] = field(default_factory=dict)
    lfs_action: Callable[[str, str], dict[str, Any]] | None = None

    @property
    def shown(self) -> list[str]:
        """The credentials that it was shown."""
        return [header for _, header in self.seen if header is not None]


def make_authority(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for 127.0.0.1 and localhost that signs itself; returns it and its key."""
    certificate, key = folder / "ca.pem", folder / "ca.key"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-keyout",
            str(key),
            "-out",
            str(certificate),
            "-addext",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
        ],
        check=True,
        capture_output=True,
    )
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
    return type("Handler", (_Handler,), {"web": web})


class _Handler(BaseHTTPRequestHandler):
    web: GitWeb

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        self.web.seen.append((path, self.headers.get("Authorization")))
        goal = next((to for at, to in self.web.redirects.items() if path.startswith(at)), None)
        if goal is not None:
            self.send_response(302)
            self.send_header("Location", goal + (f"?{query}" if query else ""))
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif path.startswith("/store/"):
            self._content(self.web.lfs.get(path.rpartition("/")[2]))
        elif self.web.authorization and self.headers.get("Authorization") != self.web.authorization:
            self.send_response(401)
            self.send_header("WWW-Authenticate", "Basic realm=x")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif path.endswith("/info/lfs/objects/batch"):
            self._batch(path.removesuffix("/objects/batch"))
        elif "/info/lfs/" in path:
            self._content(self.web.lfs.get(path.rpartition("/")[2]))
        else:
            self._answer(path, query)

    def do_POST(self) -> None:
        self.do_GET()

    def _batch(self, endpoint: str) -> None:
        """Say where objects are, as docs/api/batch.md of git-lfs has it."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        said: list[dict[str, Any]] = []
        for asked in body["objects"]:
            oid = asked["oid"]
            if self.web.lfs_action is not None:
                said.append({"oid": oid, **self.web.lfs_action(oid, f"{self.web.url}{endpoint}")})
            elif oid in self.web.lfs:
                href = f"{self.web.url}{endpoint}/objects/{oid}"
                said.append({"oid": oid, "actions": {"download": {"href": href}}})
            else:
                said.append({"oid": oid, "error": {"code": 404, "message": "gone"}})
        self._content(json.dumps({"transfer": "basic", "objects": said}).encode())

    def _content(self, content: bytes | None) -> None:
        self.send_response(200 if content is not None else 404)
        self.send_header("Content-Length", str(len(content or b"")))
        self.end_headers()
        self.wfile.write(content or b"")

    def _answer(self, path: str, query: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        done = subprocess.run(
            ["git", "http-backend"],
            input=body,
            capture_output=True,
            check=True,
            env={
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": str(self.web.base),
                "GIT_HTTP_EXPORT_ALL": "1",
                "REQUEST_METHOD": self.command,
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_CONFIG_GLOBAL": "/dev/null",
            },
        )
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
