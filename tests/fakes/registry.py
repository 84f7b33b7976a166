"""A container registry in memory: enough of the distribution API to pull from, with a login."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
_CONFIG = "application/vnd.docker.container.image.v1+json"


@dataclass
class Registry:
    """What it has, who may have it, and what was asked.

    :param logins: first part of a repository's name -> who may read it; others are for everybody.
    """

    address: str = ""
    logins: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    blobs: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def publish(self, name: str, files: Mapping[str, bytes]) -> str:
        """Put an image of one layer under ``repository:tag``, and return its digest."""
        layer = io.BytesIO()
        with tarfile.open(fileobj=layer, mode="w") as tar:
            for path, content in files.items():
                entry = tarfile.TarInfo(path)
                entry.size, entry.mode = len(content), 0o755
                tar.addfile(entry, io.BytesIO(content))
        data = layer.getvalue()
        config = {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Cmd": ["/run"]},
            "rootfs": {"type": "layers", "diff_ids": [self._keep(data, _LAYER)]},
        }
        packed = json.dumps(config).encode()
        manifest = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": _described(self._keep(packed, _CONFIG), packed, _CONFIG),
            "layers": [_described(self._keep(data, _LAYER), data, _LAYER)],
        }
        self.tags[name] = self._keep(json.dumps(manifest).encode(), _MANIFEST)
        return self.tags[name]

    def _keep(self, data: bytes, kind: str) -> str:
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        self.blobs[digest] = (kind, data)
        return digest


def _described(digest: str, data: bytes, kind: str) -> dict[str, Any]:
    return {"mediaType": kind, "size": len(data), "digest": digest}


class _Handler(BaseHTTPRequestHandler):
    """Answers for the registry that its server has."""

    server: _Server

    def do_GET(self) -> None:
        self.server.served.requests.append(f"{self.command} {self.path}")
        if not self._may():
            self._answer(401, b"{}", "application/json")
        elif self.path == "/v2/":
            self._answer(200, b"{}", "application/json")
        else:
            self._hand_out()

    def do_HEAD(self) -> None:
        self.do_GET()

    def _may(self) -> bool:
        logins, owner = self.server.served.logins, self.path.split("/")[2]
        if owner not in logins:
            # `/v2/` itself tells Docker whether there are logins at all.
            return bool(owner) or not logins or "Authorization" in self.headers
        token = base64.b64encode(":".join(logins[owner]).encode()).decode()
        return self.headers.get("Authorization") == f"Basic {token}"

    def _hand_out(self) -> None:
        served = self.server.served
        repository, _, reference = self.path.removeprefix("/v2/").rpartition("/")
        repository = repository.rpartition("/")[0]
        digest = served.tags.get(f"{repository}:{reference}", reference)
        kind, data = served.blobs.get(digest, ("", b""))
        self._answer(200 if kind else 404, data or b"{}", kind or "application/json", digest)

    def _answer(self, code: int, data: bytes, kind: str, digest: str = "") -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        if code == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="registry"')
        if digest.startswith("sha256:"):
            self.send_header("Docker-Content-Digest", digest)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    """A server that knows what it serves."""

    def __init__(self, served: Registry) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.served = served


@contextmanager
def registry(logins: Mapping[str, tuple[str, str]]) -> Iterator[Registry]:
    """Serve a registry on a free port of this machine, where Docker takes plain http."""
    server = _Server(Registry(logins=logins))
    server.served.address = f"127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.served
    finally:
        server.shutdown()
        server.server_close()
