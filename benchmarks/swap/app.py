"""The little service that benchmarks/swap delivers; it is copied into the machine image.

Says on each path which release it is. ``/slow?seconds=3`` takes its time. A release called *bad*
is never healthy; one called *sick* is, until it has served visitors for a while: then its health
check fails, although it goes on answering.
"""

from __future__ import annotations

import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

PORT, HEALTH, SICK_AFTER = 8000, "/health", 4.0
INSTANCE = Path("/etc/slipway/instance.env")


class Handler(BaseHTTPRequestHandler):
    """Answers GET on connections that stay open."""

    protocol_version = "HTTP/1.1"
    version = "unknown"
    first_visit: float | None = None

    def do_GET(self) -> None:
        """Answer with the release."""
        asked = urlsplit(self.path)
        if asked.path == HEALTH:
            self._answer(200 if self._healthy() else 503)
            return
        if Handler.first_visit is None:
            Handler.first_visit = time.monotonic()
        time.sleep(float(parse_qs(asked.query).get("seconds", ["0"])[0]))
        self._answer(200)

    def log_message(self, *_: object) -> None:
        """Say nothing: the journal would be most of the work."""

    def _healthy(self) -> bool:
        if self.version.startswith("bad"):
            return False
        begun = Handler.first_visit
        ill = begun is not None and time.monotonic() - begun > SICK_AFTER
        return not (self.version.startswith("sick") and ill)

    def _answer(self, status: int) -> None:
        body = self.version.encode()
        head = f"HTTP/1.1 {status} -\r\nContent-Length: {len(body)}\r\n\r\n"
        # In one piece: two small writes would meet the delayed acknowledgement.
        self.wfile.write(head.encode() + body)


def main() -> None:
    """Serve the release that the launch named, after the seconds that the first argument gives."""
    time.sleep(float(sys.argv[1]))
    told = dict(line.split("=", 1) for line in INSTANCE.read_text().splitlines())
    Handler.version = told["SLIPWAY_VERSION"]
    ThreadingHTTPServer.request_queue_size = 256
    ThreadingHTTPServer(("", PORT), Handler).serve_forever()


if __name__ == "__main__":
    main()
