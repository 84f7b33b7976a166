"""Says hello, and which version of it does."""

from __future__ import annotations

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Hello(BaseHTTPRequestHandler):
    """Answers visitors, and the load balancer's question after the service's health."""

    def do_GET(self) -> None:
        """Answer; /healthz is what the project file names under ``health``."""
        words = {"/": f"Hello from {version()}!\n", "/healthz": "well\n"}.get(self.path)
        body = (words or "There is no such page.\n").encode()
        self.send_response(200 if words else 404)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def version() -> str:
    """Return the release, which each machine of Slipway's is told."""
    return os.environ.get("SLIPWAY_VERSION", "my own machine")


if __name__ == "__main__":
    ThreadingHTTPServer(("", int(os.environ.get("PORT", "8000"))), Hello).serve_forever()
