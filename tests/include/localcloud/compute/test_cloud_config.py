"""What user data asks to write."""

from __future__ import annotations

import base64
import gzip

import pytest

from include.localcloud.compute.cloud_config import WrittenFile, written_files


def test_reads_a_file_with_owner_and_mode() -> None:
    data = b"""#cloud-config
write_files:
- path: /etc/slipway/instance.env
  content: |
    A=1
  permissions: '0640'
  owner: root:admin
"""
    [file] = written_files(data)
    path = "/etc/slipway/instance.env"
    assert file == WrittenFile(path=path, content=b"A=1\n", mode=0o640, owner="root:admin")


@pytest.mark.parametrize("permissions", ["0600", "'0600'", "0o600"])
def test_reads_every_way_to_write_a_mode(permissions: str) -> None:
    data = f"#cloud-config\nwrite_files: [{{path: /x, permissions: {permissions}}}]"
    assert written_files(data.encode())[0].mode == 0o600


def test_decodes_content() -> None:
    packed = base64.b64encode(gzip.compress(b"hello")).decode()
    data = f"#cloud-config\nwrite_files: [{{path: /x, encoding: gz+b64, content: {packed}}}]"
    assert written_files(data.encode())[0].content == b"hello"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"#!/bin/sh\necho",
        b"\x1f\x8b\x00",
        b"#cloud-config\n",
        b"#cloud-config\n-",
        b"#cloud-config\nwrite_files: [",
        b"#cloud-config\nwrite_files: [{content: x}]",
    ],
)
def test_a_machine_boots_in_spite_of_bad_user_data(data: bytes) -> None:
    assert written_files(data) == []
