"""The index goes up whole, in order, and only while it is the publisher's turn."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from slipway.hooks.apt.front.index import Before, File, Index, Lost
from slipway.hooks.apt.front.s3 import Answer, Bucket

FOLDER = "dists/stable/"
PACKAGES = f"{FOLDER}main/binary-amd64/Packages"
_KIND = {"content-type": "binary/octet-stream"}


def _link(text: bytes) -> str:
    return f"{FOLDER}main/binary-amd64/by-hash/SHA256/{hashlib.sha256(text).hexdigest()}"


def _written(bucket: Bucket, text: bytes) -> tuple[Index, bytes]:
    """Write what aptly writes, whose packages are a text."""
    index = Index(bucket, FOLDER)
    index.put(f"{PACKAGES}.tmp", File(text, _KIND))
    assert index.has(_link(text))
    assert index.copy(f"{PACKAGES}.tmp", PACKAGES)
    index.remove(f"{PACKAGES}.tmp")
    release = hashlib.sha256(text).hexdigest().encode()
    for file in ("Release", "Release.gpg", "InRelease"):
        index.put(f"{FOLDER}{file}", File(release, _KIND))
    return index, release + b"\nValid-Until: soon"


def _publish(
    bucket: Bucket,
    text: bytes,
    is_held: Callable[[], bool] = lambda: True,
    before: Before | None = None,
) -> None:
    index, signed = _written(bucket, text)
    index.upload(before or Before.of(bucket, FOLDER), is_held, signed)


def _found(bucket: Bucket) -> dict[str, bytes]:
    keys = Before.of(bucket, FOLDER).etags
    return {key: bucket.send("GET", key).body for key in keys}


def test_machines_find_what_was_signed_and_the_one_before_by_its_hash(bucket: Bucket) -> None:
    for text in (b"one", b"two", b"three"):
        _publish(bucket, text)
    found = _found(bucket)
    assert found[PACKAGES] == found[_link(b"three")] == b"three"
    assert found[_link(b"two")] == b"two"  # for machines that have its InRelease
    assert _link(b"one") not in found
    assert found[f"{FOLDER}Release"].endswith(b"Valid-Until: soon")
    assert found.keys() == {
        *(f"{FOLDER}{file}" for file in ("Release", "Release.gpg", "InRelease")),
        *(PACKAGES, _link(b"two"), _link(b"three")),
    }


def test_a_publisher_whose_lock_is_somebody_elses_shows_machines_nothing(bucket: Bucket) -> None:
    _publish(bucket, b"one")
    before = _found(bucket)
    with pytest.raises(Lost):
        _publish(bucket, b"two", is_held=lambda: False)
    assert _found(bucket).items() - before.items() == {(_link(b"two"), b"two")}


@pytest.mark.parametrize("first", [b"one", None])
def test_one_that_falls_asleep_after_its_last_look_at_the_lock_is_refused(
    bucket: Bucket, first: bytes | None
) -> None:
    if first:
        _publish(bucket, first)

    def another_one_publishes() -> bool:
        _publish(bucket, b"newer")
        return True

    with pytest.raises(Lost):
        _publish(bucket, b"stale", is_held=another_one_publishes, before=Before.of(bucket, FOLDER))
    found = _found(bucket)
    assert found[PACKAGES] == b"newer"
    assert found[f"{FOLDER}InRelease"] == hashlib.sha256(b"newer").hexdigest().encode()


class Failing(Bucket):
    """Writes, and loses each answer to its first try; remembers in which order files came."""

    def __init__(self, bucket: Bucket) -> None:
        self.__dict__.update(bucket.__dict__)
        self.came: list[str] = []
        self.lose = True

    def send(self, method: str, key: str, **more: Any) -> Answer:
        answer = super().send(method, key, **more)
        if method == "PUT":
            self.came.append(key)
            if self.lose and self.came.count(key) == 1:
                msg = "no answer"
                raise OSError(msg)
        return answer


def test_an_answer_that_is_lost_is_not_taken_for_somebody_elses_doing(bucket: Bucket) -> None:
    _publish(bucket, b"one")
    _publish(Failing(bucket), b"two")
    assert _found(bucket)[PACKAGES] == b"two"


def test_whoever_is_killed_on_the_way_left_nothing_signed_that_no_index_says(
    bucket: Bucket,
) -> None:
    watched = Failing(bucket)
    watched.lose = False
    _publish(watched, b"one")
    order = [_link(b"one"), PACKAGES, f"{FOLDER}InRelease"]
    assert watched.came[:3] == order
    assert sorted(watched.came[3:]) == [f"{FOLDER}Release", f"{FOLDER}Release.gpg"]


def test_what_is_no_longer_needed_goes_last(bucket: Bucket) -> None:
    package = "pool/main/s/shop/shop_1.0+1<&> 2_all.deb"
    bucket.send("PUT", package, body=b"x")
    index, signed = _written(bucket, b"one")
    index.remove(package)
    with pytest.raises(Lost):
        index.upload(Before.of(bucket, FOLDER), lambda: False, signed)
    assert bucket.send("HEAD", package).status == 200
    index.upload(Before.of(bucket, FOLDER), lambda: True, signed)
    assert bucket.send("HEAD", package).status == 404


def test_a_distribution_with_a_plus_is_stored_as_aptly_stores_it(bucket: Bucket) -> None:
    folder = "dists/stable+new/"
    for text in (b"one", b"two"):
        index = Index(bucket, folder)
        for file in ("Release", "InRelease"):
            for key in (f"{folder}{file}", f"{folder}{file}".replace("+", " ")):
                index.put(key, File(text, _KIND))
        index.upload(Before.of(bucket, folder), lambda: True, text + b" signed")
    for key in (f"{folder}Release", "dists/stable new/Release"):
        assert bucket.send("GET", key).body == b"two signed"


def test_a_bucket_that_refuses_says_which_file_and_why(bucket: Bucket, endpoint: str) -> None:
    nowhere = Bucket(f"{endpoint}/not-there", "eu-west-1", {})
    index, signed = _written(nowhere, b"one")
    with pytest.raises(OSError, match=r"by-hash.* was not stored: 404"):
        index.upload(Before({}, b""), lambda: True, signed)
