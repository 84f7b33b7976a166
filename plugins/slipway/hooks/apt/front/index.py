"""What aptly writes below ``dists/``, from its first file until machines find it."""

from __future__ import annotations

import hashlib
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from slipway.hooks.apt.front.s3 import Bucket

FOLDER = "dists/"
_AT_ONCE = 8
_QUICKER = (409, 412)
# aptly links each file by four hashes. apt looks by the strongest that it knows, and every apt that
# looks by a hash at all knows these.
_BY_HASH = re.compile(r"/by-hash/([^/]+)/([0-9a-f]+)$")
_LINKS = ("SHA256", "SHA512")
_HASHES = ("md5", "sha1", "sha256", "sha512")
_XML = "http://s3.amazonaws.com/doc/2006-03-01/"


class Lost(Exception):
    """Somebody else publishes by now."""


@dataclass(frozen=True)
class File:
    """One file of the index.

    :param body: its content.
    :param headers: that it is stored with.
    """

    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True)
class Before:
    """The distribution as it is while nobody else publishes.

    :param etags: of its files, by their keys.
    :param signed: its InRelease file; empty where there is none.
    """

    etags: dict[str, str]
    signed: bytes

    @classmethod
    def of(cls, bucket: Bucket, folder: str) -> Before:
        """Look, and look at what is signed first: by its file all the others are guarded."""
        found = bucket.patiently("GET", f"{folder}InRelease")
        etags: dict[str, str] = {}
        # A plus and a blank are one name to aptly.
        for prefix in sorted({folder, folder.replace("+", " ")}):
            etags |= _listed(bucket, prefix)
        if found.status == 200:
            etags[f"{folder}InRelease"] = found.headers["etag"]
        return cls(etags, found.body if found.status == 200 else b"")


def _listed(bucket: Bucket, prefix: str) -> dict[str, str]:
    etags, query = {}, {"list-type": "2", "prefix": prefix}
    while True:
        answer = bucket.patiently("GET", "", query=query.items())
        if answer.status != 200:
            msg = f"{prefix} was not listed: {answer.status} {answer.body[:300]!r}"
            raise OSError(msg)
        page = ElementTree.fromstring(answer.body)  # noqa: S314 - what S3 answers
        for one in page.iter(f"{{{_XML}}}Contents"):
            etags[one.findtext(f"{{{_XML}}}Key", "")] = one.findtext(f"{{{_XML}}}ETag", "")
        token = page.findtext(f"{{{_XML}}}NextContinuationToken")
        if not token:
            return etags
        query["continuation-token"] = token


class Index:
    """What aptly writes below ``dists/``, until it goes up.

    :param bucket: where it goes.
    :param folder: of the distribution, ``dists/stable/``.
    """

    def __init__(self, bucket: Bucket, folder: str) -> None:
        self.files: dict[str, File] = {}
        self._removed: set[str] = set()
        self._linked: dict[str, File] = {}
        self._by_digest: dict[str, File] = {}
        self._bucket, self._folder = bucket, folder

    def put(self, key: str, file: File) -> None:
        """Keep a file."""
        self.files[key] = file
        for name in _HASHES:
            digest = hashlib.new(name, file.body, usedforsecurity=False).hexdigest()
            self._by_digest[digest] = file

    def copy(self, source: str, key: str) -> bool:
        """Copy a file; False where it is none of this publication's."""
        if source in self.files:
            self.files[key] = self.files[source]
        return source in self.files

    def has(self, key: str) -> bool:
        """Tell whether a file is there. One that is asked for by its hash is then, and goes up."""
        by_hash = _BY_HASH.search(key)
        if by_hash and by_hash[2] in self._by_digest:
            if by_hash[1] in _LINKS:
                self._linked[key] = self._by_digest[by_hash[2]]
            return True
        return key in self.files

    def remove(self, key: str) -> None:
        """Remove a file, now or once this publication is there."""
        if self.files.pop(key, None) is None:
            self._removed.add(key)

    def upload(self, before: Before, is_held: Callable[[], bool], signed: bytes) -> None:
        """Let machines find it.

        :param before: what they find now.
        :param is_held: tells whether it is still this one's turn.
        :param signed: the Release file that was signed: aptly put it there before.
        :raises Lost: when somebody else publishes.
        """
        for key in [key for key in self.files if _name(key) == "Release" and self._is_top(key)]:
            self.files[key] = File(signed, self.files[key].headers)
        new = [key for key in self._linked if key not in before.etags]
        with ThreadPoolExecutor(_AT_ONCE) as pool:

            def go(keys: Iterable[str]) -> None:
                list(pool.map(lambda key: self._replace(key, before), keys))

            list(pool.map(lambda key: self._write(key, self._linked[key]), new))
            if not is_held():
                raise Lost
            # Whoever comes after a publisher that is killed here goes by what the indexes say.
            go(key for key in self.files if not self._is_top(key))
            go(key for key in self.files if self._is_top(key) and _name(key) == "InRelease")
            go(key for key in self.files if self._is_top(key) and _name(key) != "InRelease")
        self._bucket.remove(self._removed | self._outdated(before, signed))

    def _is_top(self, key: str) -> bool:
        # Not its name: one with a plus is stored under two.
        return key.count("/") == self._folder.count("/")

    def _outdated(self, before: Before, signed: bytes) -> set[str]:
        """Return the links by hashes that neither this publication nor the one before names."""
        named = before.signed + signed
        links = {key: found[2] for key in before.etags if (found := _BY_HASH.search(key))}
        # aptly's own notes on them are in nobody's way.
        return {key for key, digest in links.items() if digest.encode() not in named}

    def _write(self, key: str, file: File, condition: dict[str, str] | None = None) -> int:
        headers = {**file.headers, **(condition or {})}
        answer = self._bucket.patiently("PUT", key, headers=headers, body=file.body)
        if answer.status in _QUICKER and condition:
            return answer.status
        if answer.status >= 300:
            msg = f"{key} was not stored: {answer.status} {answer.body[:300]!r}"
            raise OSError(msg)
        return answer.status

    def _replace(self, key: str, before: Before) -> None:
        file, etag = self.files[key], before.etags.get(key)
        condition = {"if-match": etag} if etag else {"if-none-match": "*"}
        refused = self._write(key, file, condition) in _QUICKER
        # Or our own first try arrived, and its answer did not.
        if refused and self._bucket.patiently("GET", key).body != file.body:
            raise Lost


def _name(key: str) -> str:
    return key.rpartition("/")[2]
