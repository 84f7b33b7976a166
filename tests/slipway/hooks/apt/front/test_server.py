"""What aptly asks of S3: the index stays in memory, packages go through."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from slipway.hooks.apt.front.index import Index
from slipway.hooks.apt.front.s3 import Bucket
from slipway.hooks.apt.front.server import Server

PACKAGE = "pool/main/s/shop/shop_1.0+2 x_all.deb"


@pytest.fixture
def server(bucket: Bucket) -> Iterator[Server]:
    server = Server(bucket, Index(bucket, "dists/stable/"), "somebody")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def _client(server: Server, user: str = "somebody") -> Any:
    make: Any = boto3.client
    return make(
        "s3",
        endpoint_url=f"http://127.0.0.1:{server.server_port}",
        region_name="eu-west-1",
        aws_access_key_id=user,
        aws_secret_access_key=user,
    )


@pytest.mark.parametrize("user", ["else", "somebody-else", ""])
def test_nobody_else_on_the_machine_writes_through_it(
    server: Server, name: str, store: Any, user: str
) -> None:
    client = _client(server, user or "x")
    with pytest.raises(ClientError, match=r"403|AccessDenied"):
        client.put_object(Bucket=name, Key=PACKAGE, Body=b"evil")
    with pytest.raises(ClientError, match=r"403|AccessDenied"):
        client.put_object(Bucket=name, Key="dists/stable/InRelease", Body=b"evil")
    assert not server.index.files
    assert "Contents" not in store.list_objects_v2(Bucket=name)


def test_the_index_stays_where_it_is_until_it_is_signed(
    server: Server, name: str, store: Any
) -> None:
    client, key = _client(server), "dists/stable/main/binary-amd64/Packages"
    client.put_object(Bucket=name, Key=f"{key}.tmp", Body=b"x" * 70_000, ACL="public-read")
    client.copy_object(Bucket=name, Key=key, CopySource=f"{name}/{key}.tmp")
    client.delete_object(Bucket=name, Key=f"{key}.tmp")
    assert "Contents" not in store.list_objects_v2(Bucket=name)
    assert list(server.index.files) == [key]
    kept = server.index.files[key]
    assert kept.body == b"x" * 70_000
    assert kept.headers["x-amz-acl"] == "public-read"
    client.head_object(Bucket=name, Key=key)
    with pytest.raises(ClientError, match="404"):
        client.head_object(Bucket=name, Key=f"{key}.tmp")


@pytest.mark.parametrize("size", [0, 1, 3_000_000])
def test_packages_go_through_with_all_that_they_are_stored_with(
    server: Server, name: str, store: Any, size: int
) -> None:
    client = _client(server)
    kind, meta = "application/vnd.debian.binary-package", {"Md5": "abc"}
    client.put_object(Bucket=name, Key=PACKAGE, Body=b"y" * size, ContentType=kind, Metadata=meta)
    found = store.get_object(Bucket=name, Key=PACKAGE)
    assert found["Body"].read() == b"y" * size
    assert (found["ContentType"], found["Metadata"]) == (kind, {"md5": "abc"})
    through = client.head_object(Bucket=name, Key=PACKAGE)
    assert (through["ETag"], through["ContentLength"]) == (found["ETag"], size)
    listed = client.list_objects(Bucket=name, Prefix="pool/", MaxKeys=1000)
    assert [one["Key"] for one in listed["Contents"]] == [PACKAGE]


def test_a_large_package_is_not_kept_waiting(server: Server, name: str) -> None:
    head = (
        f"PUT /{name}/dists/stable/Packages HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
        "Authorization: AWS4-HMAC-SHA256 Credential=somebody/x\r\nContent-Length: 3\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.server_port), timeout=20) as connection:
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100")
        connection.sendall(b"abc")
        assert connection.recv(100).startswith(b"HTTP/1.1 200")


def test_a_bucket_that_does_not_answer_is_for_aptly_to_ask_again(server: Server) -> None:
    server.bucket = Bucket("http://127.0.0.1:9/apt", "eu-west-1", {})
    with pytest.raises(ClientError, match=r"503|Unavailable"):
        _client(server).head_object(Bucket="apt", Key=PACKAGE)
