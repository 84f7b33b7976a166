"""A receiver of metrics: OpenTelemetry's over HTTP, as a collector is one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)


@dataclass
class Receiver:
    """What came.

    :param port: where it listens, on 127.0.0.1.
    :param values: (name, tags) -> value; of a histogram (number, sum).
    """

    port: int = 0
    values: dict[tuple[str, tuple[tuple[str, str], ...]], Any] = field(default_factory=dict)

    def take(self, body: bytes) -> None:
        """Read one export."""
        request = ExportMetricsServiceRequest.FromString(body)
        for resource in request.resource_metrics:
            for scope in resource.scope_metrics:
                for metric in scope.metrics:
                    self._note(metric)

    def of(self, name: str) -> dict[tuple[tuple[str, str], ...], Any]:
        """Return the series of a metric, by their tags."""
        return {tags: value for (found, tags), value in self.values.items() if found == name}

    def _note(self, metric: Any) -> None:
        points = getattr(metric, metric.WhichOneof("data")).data_points
        for point in points:
            tags = tuple(sorted((one.key, one.value.string_value) for one in point.attributes))
            whole = hasattr(point, "scale")
            value = (
                (point.count, point.sum)
                if whole
                else (getattr(point, point.WhichOneof("value")) if point else 0)
            )
            self.values[(metric.name, tags)] = value


@contextmanager
def listening() -> Iterator[Receiver]:
    """Receive while the block lasts."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
