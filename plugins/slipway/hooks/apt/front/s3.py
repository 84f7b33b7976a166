"""The bucket itself, of which Python alone is asked: the toolbox has no AWS SDK of its own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Protocol
from urllib.parse import quote, urlsplit
from xml.sax.saxutils import escape

_TIMEOUT, _TRIES, _MANY = 60, 5, 1000


class Source(Protocol):
    """A body that is read piece by piece."""

    def read(self, size: int = -1, /) -> bytes:
        """Return the next piece."""
        ...


@dataclass(frozen=True)
class Answer:
    """What the bucket answers.

    :param status: of HTTP.
    :param headers: their names in small letters.
    :param body: its content.
    """

    status: int
    headers: dict[str, str]
    body: bytes


class Bucket:
    """The bucket itself, asked in the name of the account (AWS Signature Version 4).

    :param base: URL of the bucket, without a slash at its end.
    :param region: that the signature is for.
    :param keys: as AWS SDKs read them from the environment's file.
    """

    def __init__(self, base: str, region: str, keys: dict[str, str]) -> None:
        self._base, self._region, self._keys = urlsplit(base), region, keys
        self._own = threading.local()

    def send(
        self,
        method: str,
        key: str,
        *,
        query: Iterable[tuple[str, str]] = (),
        headers: dict[str, str] | None = None,
        body: bytes | Source = b"",
        digest: str = "",
    ) -> Answer:
        """Ask once.

        :param method: of HTTP.
        :param key: of the object; empty for the bucket itself.
        :param query: names and values of the URL's query.
        :param headers: beside those of the signature.
        :param body: its bytes, or a file.
        :param digest: SHA-256 of the body, where that is a file.
        :raises OSError: when there is no answer.
        """
        path = quote(f"{self._base.path}/{key}" if key else self._base.path or "/", safe="/-_.~")
        words = "&".join(f"{_word(name)}={_word(value)}" for name, value in sorted(query))
        digest = digest or hashlib.sha256(body if isinstance(body, bytes) else b"").hexdigest()
        signed = self._signed(method, path, words, digest, headers or {})
        try:
            return self._ask(method, f"{path}?{words}" if words else path, body, signed)
        except HTTPException as error:
            raise OSError(str(error)) from error

    def patiently(self, method: str, key: str, **more: Any) -> Answer:
        """Ask, and ask again where the bucket is busy or away."""
        for tried in range(1, _TRIES + 1):
            try:
                answer = self.send(method, key, **more)
                if answer.status < 500 or tried == _TRIES:
                    return answer
            except OSError:
                if tried == _TRIES:
                    raise
            time.sleep(0.1 * 2**tried)
        raise AssertionError

    def remove(self, keys: Iterable[str]) -> None:
        """Remove objects, a thousand at a time, as far as that goes: nobody looks for them."""
        left = sorted(keys)
        while left:
            named = "".join(f"<Object><Key>{escape(key)}</Key></Object>" for key in left[:_MANY])
            body = f"<Delete>{named}<Quiet>true</Quiet></Delete>".encode()
            summed = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
            headers = {"content-md5": summed}
            self.patiently("POST", "", query=[("delete", "")], headers=headers, body=body)
            del left[:_MANY]

    def _ask(
        self, method: str, where: str, body: bytes | Source, headers: dict[str, str]
    ) -> Answer:
        kept: HTTPConnection | None = getattr(self._own, "connection", None)
        self._own.connection = None
        connection = kept or self._connect()
        try:
            connection.request(method, where, body, headers)
            found = connection.getresponse()
        except (OSError, HTTPException):
            connection.close()
            # It was closed for standing idle. A file is read by now, and its sender sends it again.
            if kept is None or not isinstance(body, bytes):
                raise
            return self._ask(method, where, body, headers)
        given = {name.lower(): value for name, value in found.getheaders()}
        answer = Answer(found.status, given, found.read())
        self._own.connection = connection
        return answer

    def _connect(self) -> HTTPConnection:
        kind = HTTPSConnection if self._base.scheme == "https" else HTTPConnection
        return kind(self._base.netloc, timeout=_TIMEOUT)

    def _signed(
        self, method: str, path: str, words: str, digest: str, headers: dict[str, str]
    ) -> dict[str, str]:
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        given = {"host": self._base.netloc, "x-amz-date": now, "x-amz-content-sha256": digest}
        if token := self._keys.get("aws_session_token"):
            given["x-amz-security-token"] = token
        given |= {name.lower(): value for name, value in headers.items()}
        names = sorted(name for name in given if name == "host" or name.startswith("x-amz-"))
        canonical = [method, path, words, *(f"{n}:{given[n].strip()}" for n in names), ""]
        asked = "\n".join([*canonical, ";".join(names), digest])
        scope = f"{now[:8]}/{self._region}/s3/aws4_request"
        summed = hashlib.sha256(asked.encode()).hexdigest()
        key = f"AWS4{self._keys.get('aws_secret_access_key', '')}".encode()
        for part in (*scope.split("/"), f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{summed}"):
            key = hmac.digest(key, part.encode(), "sha256")
        given["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={self._keys.get('aws_access_key_id', '')}/{scope}, "
            f"SignedHeaders={';'.join(names)}, Signature={key.hex()}"
        )
        return given


def _word(text: str) -> str:
    return quote(text, safe="-_.~")
