from __future__ import annotations

import io
from typing import IO, Any
from unittest import mock

import docker
import docker.errors
import pytest
import requests

from slipway.hooks.docker import archive


class _Engine:
    """Reads what it is sent, as requests does; the first folder it is asked for is not there."""

    def __init__(self) -> None:
        self.missing = True
        self.received: list[tuple[str, bytes]] = []

    def put_archive(self, container: str, path: str, data: bytes | IO[bytes]) -> bool:
        content = data if isinstance(data, bytes) else data.read()
        if path != "/" and self.missing:
            self.missing = False
            response = requests.Response()
            response.status_code = 404
            msg = "no such folder"
            raise docker.errors.NotFound(msg, response=response)
        self.received.append((path, content))
        return True


@pytest.mark.parametrize("data", [b"a tar", io.BytesIO(b"a tar")], ids=["bytes", "file"])
def test_a_file_is_sent_whole_also_when_its_folder_has_to_be_made(data: Any) -> None:
    engine = _Engine()
    client = mock.create_autospec(docker.APIClient, instance=True)
    client.put_archive.side_effect = engine.put_archive
    archive.put(client, "c", "/drone/src", data)
    assert [path for path, _ in engine.received] == ["/", "/drone/src"]
    assert engine.received[-1][1] == b"a tar"
