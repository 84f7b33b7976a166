"""A bucket, a real aptly, and what a machine's apt sees of it."""

from __future__ import annotations

import gzip
import io
import json
import os
import urllib.request
from collections.abc import Callable

import pytest

from slipway.hooks.apt.aptly import Aptly, Signed
from slipway.hooks.apt.connection import apt_repository
from slipway.hooks.aws.connection import account
from slipway.hooks.docker.engine import ContainerEngine
from slipway.hooks.tars import pack
from slipway.model.container import ContainerSpec
from slipway.model.deb_version import without_epoch
from tests.integration.packages.packaging import guestbooks

engine, s3, repository_url = (
    guestbooks.engine,
    guestbooks.s3,
    guestbooks.repository_url,
)


VERIFY = """
export GNUPGHOME=/dev/shm/gnupg; mkdir -m 700 $GNUPGHOME
gpg --batch --quiet --import key.asc
gpg --batch --verify InRelease && gpg --batch --verify Release.gpg Release
"""


def make_deb(name: str, version: str, text: str = "x", architecture: str = "all") -> bytes:
    """Build a package by hand: an ar of a format's number and two tars."""
    control = (
        f"Package: {name}\nVersion: {version}\nArchitecture: {architecture}\n"
        f"Maintainer: A <a@b.example>\nDescription: {text}\n"
    )
    parts = {
        "debian-binary": b"2.0\n",
        "control.tar.gz": _tar({"control": control}),
        "data.tar.gz": _tar({}),
    }
    packed = b"!<arch>\n"
    for part, content in parts.items():
        packed += f"{part:16}{0:<12}{0:<6}{0:<6}{'100644':8}{len(content):<10}`\n".encode()
        packed += content + b"\n" * (len(content) % 2)
    return packed


def _tar(files: dict[str, str]) -> bytes:
    return gzip.compress(pack({name: text.encode() for name, text in files.items()}), mtime=0)


@pytest.fixture
def aptly(engine: ContainerEngine, repository_url: str) -> Callable[[], Aptly]:
    def make() -> Aptly:
        repository = apt_repository("slipway_apt")
        return Aptly(
            engine=engine,
            repository=repository,
            labels={},
            account=account(repository.aws_conn_id, repository.region, "s3"),
            name=f"slipway-{engine.installation}-aptly",
        )

    return make


def publish(aptly: Aptly, name: str, version: str, text: str = "x") -> Signed:
    file = f"{name}_{without_epoch(version)}_all.deb"
    return aptly.publish(file, io.BytesIO(make_deb(name, version, text)), lambda _: None)


@pytest.fixture
def use_key(monkeypatch: pytest.MonkeyPatch, repository_url: str) -> Callable[[str], None]:
    def use(key: str) -> None:
        connection = json.loads(os.environ["AIRFLOW_CONN_SLIPWAY_APT"])
        changed = json.dumps({**connection, "password": key})
        monkeypatch.setenv("AIRFLOW_CONN_SLIPWAY_APT", changed)

    return use


def get(url: str, file: str) -> bytes:
    with urllib.request.urlopen(f"{url}/dists/stable/{file}") as answer:
        found: bytes = answer.read()
        return found


def verified(engine: ContainerEngine, url: str, key: str) -> list[str]:
    """Check both signatures as gpg does."""
    lines: list[str] = []
    names = ("InRelease", "Release", "Release.gpg")
    files = {name: get(url, name) for name in names} | {"key.asc": key.encode()}
    spec = ContainerSpec(
        name=f"slipway-{engine.installation}-verify",
        image="slipway/toolbox:1",
        network="none",
        entrypoint=("sh",),
        argv=("-ec", VERIFY),
        labels={"slipway.kind": "tool"},
        working_dir="/work",
    )
    result = engine.run_tool(
        spec, files=pack(files), files_at="/work", timeout=60, log=lines.append
    )
    assert result.exit_code == 0, lines
    return lines
