"""A git server that asks for a token, and connections that have it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from unittest import mock

import pytest
from airflow.sdk import BaseHook, Connection
from airflow.sdk.exceptions import AirflowNotFoundException

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "canary-5f3a"
CONNECTIONS = {
    "token": Connection(conn_id="token", conn_type="git", login="ada", password=TOKEN),
    "other": Connection(conn_id="other", conn_type="git", login="eve", password="other-one"),
    "repository": Connection(conn_id="repository", conn_type="generic", password=TOKEN),
    "empty": Connection(conn_id="empty", conn_type="git"),
}


@pytest.fixture(autouse=True)
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def get(conn_id: str) -> Connection:
        try:
            return CONNECTIONS[conn_id]
        except KeyError:
            raise AirflowNotFoundException(conn_id) from None

    monkeypatch.setenv("AIRFLOW__SLIPWAY__GIT_MIRRORS", str(tmp_path / "mirrors"))
    with mock.patch.object(BaseHook, "get_connection", autospec=True, side_effect=get):
        yield


def spy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, body: str) -> Path:
    """Put a program of ours before the one of this name."""
    folder = tmp_path / "bin"
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return program
