"""What visitors and the load balancer get."""

from __future__ import annotations

import threading
import unittest
import urllib.error
import urllib.request
from http.server import ThreadingHTTPServer

from hello import Hello


class TestHello(unittest.TestCase):
    """Asks a service of its own."""

    def setUp(self) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Hello)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def get(self, path: str) -> str:
        url = f"http://127.0.0.1:{self.server.server_port}{path}"
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.read().decode()

    def test_visitors_are_greeted(self) -> None:
        self.assertIn("Hello from", self.get("/"))

    def test_it_is_well(self) -> None:
        self.assertEqual(self.get("/healthz"), "well\n")

    def test_there_is_nothing_else(self) -> None:
        with self.assertRaises(urllib.error.HTTPError) as refused:
            self.get("/favicon.ico")
        self.assertEqual(refused.exception.code, 404)
        refused.exception.close()


if __name__ == "__main__":
    unittest.main()
