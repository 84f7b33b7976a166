"""Servers of Git LFS that never end, that lead elsewhere, and what they leave behind."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import pytest

from slipway.exceptions import LargeFilesElsewhere, RepositoryUnreachable
from slipway.hooks.git.credentials import NOBODY
from slipway.hooks.git.store import MirrorStore
from slipway.hooks.git_lfs import inner_addresses
from slipway.hooks.git_lfs import objects as git_lfs_objects
from slipway.hooks.git_lfs.objects import LfsObjects, Pointer
from slipway.hooks.git_lfs.server import Endpoint, NotThere, check_depth

CONTENT = b"a model"
POINTER = Pointer(oid=hashlib.sha256(CONTENT).hexdigest(), size=len(CONTENT))
Answer = Callable[[socket.socket], None]


@contextlib.contextmanager
def _server(*answers: Answer) -> Iterator[str]:
    """Serve connections on loopback, the last answer from then on."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        left = list(answers)
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                answer = left.pop(0) if len(left) > 1 else left[0]
                threading.Thread(target=handle, args=(connection, answer), daemon=True).start()

    def handle(connection: socket.socket, answer: Answer) -> None:
        with connection, contextlib.suppress(OSError):
            connection.recv(1 << 16)
            answer(connection)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def _dripping(head: bytes) -> Answer:
    def answer(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            time.sleep(0.05)
            connection.sendall(b" ")

    return answer


def _saying(href: str) -> Answer:
    def answer(connection: socket.socket) -> None:
        actions = {"download": {"href": href}}
        body = json.dumps({"objects": [{"oid": POINTER.oid, "actions": actions}]}).encode()
        head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
        connection.sendall(head + body)

    return answer


def _objects(url: str, tmp_path: Path) -> LfsObjects:
    store = MirrorStore(url=f"{url}/x", root=tmp_path / "mirrors", credentials=NOBODY)
    store.path.mkdir(parents=True, exist_ok=True)
    return LfsObjects(store)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n",
    ],
)
def test_an_answer_that_drips_has_a_deadline(
    head: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_lfs_objects, "_ANSWER", 0.5)
    began = time.monotonic()
    with (
        _server(_dripping(head)) as url,
        pytest.raises(RepositoryUnreachable, match=r"^f lies in .*the server took too long"),
    ):
        _objects(url, tmp_path).fetch({"f": POINTER})
    assert time.monotonic() - began < 10


def test_a_file_that_drips_has_a_deadline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_lfs_objects, "TIMEOUT", 1.0)
    large = Pointer(oid=POINTER.oid, size=1 << 20)
    answers: list[Answer] = []
    with _server(lambda c: answers.pop(0)(c)) as url:
        answers += [_saying(f"{url}/f"), _dripping(b"HTTP/1.1 200 OK\r\n\r\n")]
        objects = _objects(url, tmp_path)
        began = time.monotonic()
        with pytest.raises(RepositoryUnreachable, match="the server took too long"):
            objects.fetch({"f": large})
    assert time.monotonic() - began < 10
    assert not list((tmp_path / "mirrors").glob("*.git/lfs/*"))


def test_how_much_came_from_elsewhere_is_not_told(tmp_path: Path) -> None:
    answers: list[Answer] = []

    def secret(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345")

    with _server(lambda c: answers.pop(0)(c)) as url:
        answers += [_saying(f"{url}/internal"), secret]
        with pytest.raises(LargeFilesElsewhere) as refused:
            _objects(url, tmp_path).fetch({"f": POINTER})
    assert refused.value.message.endswith("what came is not what its pointer says")
    assert "5" not in refused.value.message.partition("from http")[2].partition(": ")[2]


@pytest.mark.parametrize("place", ["127.0.0.1:1", "169.254.169.254", "metadata.google.internal"])
def test_a_server_without_encryption_leads_to_no_other_place(place: str, tmp_path: Path) -> None:
    with (
        _server(_saying(f"http://{place}/computeMetadata/v1/")) as url,
        pytest.raises(LargeFilesElsewhere, match="not encrypted"),
    ):
        _objects(url, tmp_path).fetch({"f": POINTER})


PLACES = {
    "git.example": "93.184.216.34",
    "git.corp": "10.0.0.1",
    "store.corp": "10.0.0.2",
    "store.example": "93.184.216.35",
    "rebound.example": "169.254.169.254",
    "me.example": "127.0.0.1",
}


@pytest.mark.parametrize(
    ("server", "place", "taken"),
    [
        ("git.example", "store.example", True),
        ("git.corp", "store.corp", True),
        ("git.corp", "store.example", True),
        ("git.example", "git.example", True),
        ("git.example", "store.corp", False),
        ("git.example", "rebound.example", False),
        ("git.example", "me.example", False),
        ("git.corp", "rebound.example", False),
        ("git.corp", "me.example", False),
    ],
)
def test_a_server_leads_no_further_into_a_network_than_it_lies_itself(
    server: str, place: str, taken: bool
) -> None:
    async def depth(host: str) -> inner_addresses.Depth:
        return inner_addresses.depth_of(PLACES[host])

    with mock.patch("slipway.hooks.git_lfs.server.depth_of_host", side_effect=depth):
        for endpoint in (
            Endpoint(url=f"https://{server}/x.git/info/lfs"),
            # Over ssh the server itself names the endpoint.
            Endpoint(url=f"https://{server}/x", host=server),
        ):
            asked = check_depth(f"https://{place}/store", endpoint)
            if taken:
                asyncio.run(asked)
            else:
                with pytest.raises(NotThere, match="within a network that it is not in"):
                    asyncio.run(asked)


def test_an_endpoint_that_ssh_named_counts_as_deep_as_the_ssh_server() -> None:
    async def depth(host: str) -> inner_addresses.Depth:
        return inner_addresses.depth_of(PLACES[host])

    named = Endpoint(url="https://store.corp/x", host="git.example")
    with (
        mock.patch("slipway.hooks.git_lfs.server.depth_of_host", side_effect=depth),
        pytest.raises(NotThere),
    ):
        asyncio.run(check_depth("https://git.corp/x", named))


def test_files_that_no_build_asks_for_any_more_are_removed(tmp_path: Path) -> None:
    objects = _objects("http://127.0.0.1:1", tmp_path)
    folder = next((tmp_path / "mirrors").glob("*.git")) / "lfs"
    folder.mkdir()
    old, used, left, begun = (folder / name for name in ("a" * 64, POINTER.oid, "tmpx", "tmpy"))
    for file, days in ((old, 31), (used, 31), (left, 2), (begun, 0)):
        file.write_bytes(CONTENT)
        then = time.time() - days * 86400
        os.utime(file, (then, then))
    assert objects.fetch({"f": POINTER}) == {"f": used}  # and so it is used
    objects.tidy()
    assert sorted(folder.iterdir()) == sorted([used, begun])


def test_a_repository_without_large_files_has_nothing_to_tidy(tmp_path: Path) -> None:
    _objects("http://127.0.0.1:1", tmp_path).tidy()
