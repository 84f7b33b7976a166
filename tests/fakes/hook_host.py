"""A web server on loopback that plays the webhook API of any git host, and remembers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

# Kind -> the path of its hooks, and the name of a hook's id.
PATHS = {
    "bitbucket": ("/2.0/repositories/acme/shop/hooks", "uuid"),
    "bitbucket_server": ("/rest/api/latest/projects/acme/repos/shop/webhooks", "id"),
    "github": ("/repos/acme/shop/hooks", "id"),
    "gitlab": ("/api/v4/projects/acme%2Fshop/hooks", "id"),
    "gitea": ("/api/v1/repos/acme/shop/hooks", "id"),
}
# Kind -> where the last deliveries of a hook are, and what stands there.
SENT: dict[str, tuple[str, Any]] = {
    "bitbucket_server": (
        "/latest",
        {
            "event": "repo:refs_changed",
            "start": 1_772_366_400_000,
            "result": {"description": "202", "outcome": "SUCCESS"},
        },
    ),
    "github": (
        "/deliveries",
        [
            {
                "delivered_at": "2026-03-01T12:00:00Z",
                "event": "push",
                "status": "OK",
                "status_code": 202,
            }
        ],
    ),
    "gitlab": (
        "/events",
        [
            {
                "created_at": "2026-03-01T12:00:00Z",
                "trigger": "push_hooks",
                "response_status": "202",
            }
        ],
    ),
}


@dataclass
class HookHost:
    """One host.

    :param kind: which.
    :param hooks: what it has, by id; secrets are kept apart, as hosts do.
    :param seen: method, path and Authorization of each request.
    :param answers: status and body that are given in place of the right ones, one after the other.
    """

    kind: str
    url: str = ""
    hooks: dict[str, dict[str, Any]] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    seen: list[tuple[str, str, str | None]] = field(default_factory=list)
    answers: list[tuple[int, bytes]] = field(default_factory=list)
    made: int = 0

    def add(self, url: str, **more: Any) -> str:
        """Have a hook there already."""
        self.made += 1
        hook_id = f"{{{self.made}}}" if self.kind == "bitbucket" else str(self.made)
        where = {"config": {"url": url, "content_type": "json"}}
        flat = {"url": url}
        hook = where if self.kind in ("github", "gitea") else flat
        self.hooks[hook_id] = {"active": True, **hook, **more}
        return hook_id

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """Do what a host does."""
        root, name = PATHS[self.kind]
        plain = path.partition("?")[0]
        if not plain.startswith(root):
            return 404, {"message": "Not Found"}
        hook_id, _, rest = unquote(plain[len(root) :].lstrip("/")).partition("/")
        if rest:
            suffix, sent = SENT.get(self.kind, ("", None))
            return (200, sent) if suffix == f"/{rest}" else (404, {})
        if method == "GET":
            found = [{**hook, name: one} for one, hook in self.hooks.items()]
            return 200, {"values": found} if self.kind.startswith("bitbucket") else found
        if method == "DELETE":
            del self.hooks[hook_id]
            return 204, None
        if method == "POST":
            hook_id = self.add("")
        self._set(hook_id, body)
        return 201, {name: hook_id}

    def _set(self, hook_id: str, body: Any) -> None:
        holders = (body, body.get("config", {}), body.get("configuration", {}))
        for holder in holders:
            for key in ("secret", "token"):
                if key in holder:
                    self.secrets[hook_id] = holder.pop(key)
        self.hooks[hook_id].update(body)


@contextmanager
def hook_host(kind: str) -> Iterator[HookHost]:
    """Play one host."""
    host = HookHost(kind=kind)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"host": host}))
    host.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    host: HookHost

    def do_GET(self) -> None:
        self.host.seen.append((self.command, self.path, self.headers.get("Authorization")))
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.host.answers:
            status, said = self.host.answers.pop(0)
        else:
            status, found = self.host.answer(
                self.command, self.path, json.loads(data) if data else None
            )
            said = b"" if found is None else json.dumps(found).encode()
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", f"{self.host.url}/elsewhere")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
