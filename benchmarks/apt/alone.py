"""aptly alone, as somebody would use it who has one machine for it: the benchmark's yardstick."""

from __future__ import annotations

import gzip
import io
import json
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import docker

REGION = "eu-west-1"
IMAGE = "slipway/toolbox:1"
_KEY = """
export GNUPGHOME=/tmp/gnupg && mkdir -m 700 $GNUPGHOME
gpg --batch --quiet --passphrase '' --quick-generate-key bench ed25519 sign never
gpg --batch --armor --export-secret-keys
"""
_BEGIN = """
set -e
mkdir -m 700 /root/.gnupg; gpg --batch --quiet --import /work/key
aptly -config=/work/aptly.json repo create -distribution=stable -component=main stable
aptly -config=/work/aptly.json repo add stable /work/debs > /dev/null
aptly -config=/work/aptly.json publish repo -batch -acquire-by-hash -architectures=amd64,arm64 \
  stable s3:bench: > /dev/null
"""
_PUBLISH = """
set -e
began=$EPOCHREALTIME
aptly -config=/work/aptly.json repo add stable "/work/$1.deb" > /dev/null
aptly -config=/work/aptly.json publish update -batch stable s3:bench: > /work/log 2>&1 \
  || { cat /work/log; exit 1; }
echo "$began $EPOCHREALTIME"
"""


@contextmanager
def s3_server() -> Iterator[str]:
    """Serve S3 until the block ends, in a process of its own; yields its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    argv = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    silent = subprocess.DEVNULL
    process = subprocess.Popen(argv, stdout=silent, stderr=silent)  # noqa: S603 - our own words
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def make_bucket(endpoint: str, bucket: str) -> None:
    """Make a bucket of the S3 server."""
    make: Any = boto3.client
    store = make(
        "s3",
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="bench",
        aws_secret_access_key="bench",  # noqa: S106
    )
    where = {"LocationConstraint": REGION}
    store.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)


def deb(name: str) -> bytes:
    """Build a package by hand: an ar of a format's number and two tars."""
    control = (
        f"Package: {name}\nVersion: 1.0\nArchitecture: all\nSection: misc\nPriority: optional\n"
        f"Maintainer: A <a@b.example>\nHomepage: https://{name}.example\n"
        f"Depends: adduser, python3 (>= 3.11)\nDescription: {name}\n A service.\n"
    )
    parts = {
        "debian-binary": b"2.0\n",
        "control.tar.gz": gzip.compress(tar({"control": control.encode()}), mtime=0),
        "data.tar.gz": gzip.compress(tar({}), mtime=0),
    }
    packed = b"!<arch>\n"
    for part, content in parts.items():
        packed += f"{part:16}{0:<12}{0:<6}{0:<6}{'100644':8}{len(content):<10}`\n".encode()
        packed += content + b"\n" * (len(content) % 2)
    return packed


def tar(files: dict[str, bytes]) -> bytes:
    """Pack files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def signing_key() -> str:
    """Return a new private key, ASCII-armoured, without a passphrase."""
    client = docker.from_env()
    made = client.containers.run(IMAGE, ["sh", "-ec", _KEY], network_mode="none", remove=True)
    return bytes(made).decode()


class AptlyAlone:
    """A container with aptly in it, which runs as long as the block lasts.

    :param installation: on its label.
    :param endpoint: of the S3 server.
    :param bucket: that it publishes into; made here.
    :param key: private, ASCII-armoured.
    """

    def __init__(self, installation: str, endpoint: str, bucket: str, key: str) -> None:
        make_bucket(endpoint, bucket)
        place = {"region": REGION, "bucket": bucket, "endpoint": endpoint, "acl": "public-read"}
        config = {
            "rootDir": "/aptly",
            "gpgProvider": "gpg",
            "skipContentsPublishing": True,
            "S3PublishEndpoints": {"bench": {**place, "plusWorkaround": True}},
        }
        self._files = {"aptly.json": json.dumps(config).encode(), "key": key.encode()}
        self._installation = installation
        self._container: Any = None

    def __enter__(self) -> AptlyAlone:
        keys = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
        self._container = docker.from_env().containers.create(
            IMAGE,
            ["sleep", "86400"],
            network_mode="host",
            environment=keys,
            labels={"slipway.installation": self._installation, "slipway.kind": "tool"},
        )
        self._container.put_archive("/work", tar(self._files))
        self._container.start()
        return self

    def __exit__(self, *told: object) -> None:
        self._container.remove(force=True)

    def fill(self, packages: int) -> None:
        """Publish so many packages at once.

        :param packages: how many.
        """
        debs = {f"debs/pkg{number}.deb": deb(f"pkg{number}") for number in range(packages)}
        self._container.put_archive("/work", tar(debs))
        self._run(_BEGIN)

    def publish(self, name: str) -> float:
        """Publish one more package; returns the seconds that aptly took, without the way there.

        :param name: the package's.
        """
        self._container.put_archive("/work", tar({f"{name}.deb": deb(name)}))
        began, _, ended = self._run(_PUBLISH, name).partition(" ")
        return float(ended) - float(began)

    def _run(self, script: str, *words: str) -> str:
        code, said = self._container.exec_run(["bash", "-c", script, "bench", *words])
        if code:
            sys.exit(f"aptly alone failed:\n{said.decode()[-2000:]}")
        return str(said.decode())


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    sys.exit("the S3 server of the benchmark does not answer")
