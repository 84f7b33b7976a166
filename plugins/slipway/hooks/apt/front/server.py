"""S3 as aptly sees it."""

from __future__ import annotations

import hashlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from urllib.parse import parse_qsl, unquote, urlsplit

from slipway.hooks.apt.front.index import FOLDER, File, Index
from slipway.hooks.apt.front.s3 import Answer, Bucket, Source

_COPIED = (
    b'<CopyObjectResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    b'<ETag>"0"</ETag></CopyObjectResult>'
)
# Of a request, the signature and what belongs to it are of this way alone; the same of an answer.
_OWN = ("x-amz-date", "x-amz-content-sha256", "x-amz-security-token")
_STORED = ("content-type", "content-md5", "range")
_HOP = ("connection", "keep-alive", "transfer-encoding", "content-length", "date", "server")
_AWAY = Answer(503, {}, b"<Error><Code>ServiceUnavailable</Code></Error>")


class Server(ThreadingHTTPServer):
    """Listens on loopback, for one aptly alone.

    :param bucket: asked for all that belongs to no index.
    :param index: what is written.
    :param user: the access key that aptly has; whoever has another one is turned away.
    """

    daemon_threads = True

    def __init__(self, bucket: Bucket, index: Index, user: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bucket, self.index, self.user = bucket, index, user


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    # An answer is one packet: else each waits for the other side's receipt.
    wbufsize = 1 << 16
    disable_nagle_algorithm = True

    def do(self) -> None:
        where = urlsplit(self.path)
        key = unquote(where.path).lstrip("/").partition("/")[2]
        query = parse_qsl(where.query, keep_blank_values=True)
        if f"Credential={self.server.user}/" not in self.headers.get("Authorization", ""):
            self.close_connection = True
            self._say(Answer(403, {}, b"<Error><Code>AccessDenied</Code></Error>"))
        else:
            self._say((None if query else self._from_index(key)) or self._from_bucket(key, query))

    do_GET = do_HEAD = do_PUT = do_DELETE = do_POST = do  # noqa: N815 - as http.server calls them

    def handle_expect_100(self) -> bool:
        """Let a large body come at once: aptly would wait for a second."""
        goes_on = super().handle_expect_100()
        self.wfile.flush()
        return goes_on

    def log_message(self, *_: object) -> None:
        """Say nothing: aptly says what it does."""

    def _from_index(self, key: str) -> Answer | None:
        index = self.server.index
        if self.command == "DELETE":
            index.remove(key)
            return Answer(204, {}, b"")
        if not key.startswith(FOLDER):
            return None
        if self.command == "PUT":
            return self._put(key)
        if self.command == "HEAD" and index.has(key):
            return Answer(200, {}, b"")
        return None

    def _put(self, key: str) -> Answer | None:
        source = self.headers.get("x-amz-copy-source")
        if source:
            source = unquote(source).lstrip("/").partition("/")[2]
            return Answer(200, {}, _COPIED) if self.server.index.copy(source, key) else None
        body = self.rfile.read(self._length())
        self.server.index.put(key, File(body, self._kept()))
        etag = hashlib.md5(body, usedforsecurity=False).hexdigest()
        return Answer(200, {"etag": f'"{etag}"'}, b"")

    def _from_bucket(self, key: str, query: list[tuple[str, str]]) -> Answer:
        headers, length = self._kept(), self._length()
        body: bytes | Source = b""
        if length:
            # A package may be larger than memory.
            headers["content-length"] = str(length)
            body = _Part(self.rfile, length)
        digest = self.headers.get("x-amz-content-sha256", "") if length else ""
        try:
            return self.server.bucket.send(
                self.command, key, query=query, headers=headers, body=body, digest=digest
            )
        except OSError:
            # aptly tries again by itself.
            self.close_connection = True
            return _AWAY

    def _kept(self) -> dict[str, str]:
        given = {name.lower(): value for name, value in self.headers.items()}
        return {
            name: value
            for name, value in given.items()
            if name in _STORED or (name.startswith("x-amz-") and name not in _OWN)
        }

    def _length(self) -> int:
        return int(self.headers.get("Content-Length") or 0)

    def _say(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            if name not in _HOP:
                self.send_header(name, value)
        length = str(len(answer.body))
        if self.command == "HEAD":
            length = answer.headers.get("content-length", length)
        if answer.status not in (204, 304):
            self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)


class _Part:
    """The part of a connection that is one request's body."""

    def __init__(self, file: BufferedIOBase, length: int) -> None:
        self._file, self._left = file, length

    def read(self, size: int = -1, /) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        piece = self._file.read(wanted) if wanted else b""
        self._left -= len(piece)
        return piece
