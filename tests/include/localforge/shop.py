"""A small Bitbucket with one repository in it."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from include.localforge import post_receive
from include.localforge.serve import make_app
from include.localforge.state import ForgeHome
from slipway.model.forge.place import ForgeKind, ForgePlace
from slipway.model.forge.status import CommitStatus, StatusState

TOKEN, SECRET, SHOP = "ATCTT3xFfGN0-of-a-test", "0123456789abcdef" * 2, "acme/shop"


PAGE = "http://localhost:8080/dags/shop/runs/r/tasks/test"


class Repository:
    """A bare repository of the host's, and a work tree that pushes to it."""

    def __init__(self, home: ForgeHome, tree: Path) -> None:
        self.home, self.tree = home, tree
        bare = home.bare(SHOP)
        bare.parent.mkdir(parents=True)
        self.git("init", "--quiet", "--bare", "--initial-branch=main", str(bare), at=bare.parent)
        post_receive.install(home, SHOP)
        tree.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        self.git("remote", "add", "origin", str(bare))

    def commit(self, message: str = "One") -> str:
        # An argument cannot be as long as a message.
        said = self.tree / "message"
        said.write_text(message)
        self.git("commit", "--quiet", "--allow-empty", "--file", str(said))
        return self.git("rev-parse", "HEAD")

    def push(self, *refs: str) -> str:
        return self.git("push", "origin", *refs)

    def git(self, *words: str, at: Path | None = None) -> str:
        who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
        done = subprocess.run(
            ["git", *who, *words], cwd=at or self.tree, check=True, capture_output=True, text=True
        )
        return done.stdout.strip() or done.stderr


@pytest.fixture
def home(tmp_path: Path) -> ForgeHome:
    found = ForgeHome(folder=tmp_path / "forge", git=tmp_path / "git")
    found.folder.mkdir()
    found.token_file.write_text(TOKEN)
    return found


@pytest.fixture
def repository(home: ForgeHome, tmp_path: Path) -> Repository:
    return Repository(home, tmp_path / "tree")


@pytest.fixture
def url(home: ForgeHome, repository: Repository) -> Iterator[str]:
    config = uvicorn.Config(make_app(home), host="127.0.0.1", port=0, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def place(url: str, monkeypatch: pytest.MonkeyPatch) -> ForgePlace:
    connection = {"conn_type": "generic", "password": TOKEN}
    monkeypatch.setenv("AIRFLOW_CONN_SHOP", json.dumps(connection))
    return ForgePlace(kind=ForgeKind.BITBUCKET, server=url, path=SHOP, connection="shop")


class Receiver(BaseHTTPRequestHandler):
    """Keeps what it is sent, and answers as it is told to."""

    got: list[tuple[dict[str, str], bytes]]
    answers: list[int]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.answers.pop(0) if self.answers else 202)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""


@pytest.fixture
def receiver() -> Iterator[Any]:
    kind = type("One", (Receiver,), {"got": [], "answers": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    kind.url = f"http://127.0.0.1:{server.server_port}/slipway/hooks/shop"  # type: ignore[attr-defined]
    yield kind
    server.shutdown()
    server.server_close()
    thread.join()


def status(sha: str, **fields: Any) -> CommitStatus:
    known = {"project": "shop", "stage": "test", "state": StatusState.SUCCESSFUL, "url": PAGE}
    return CommitStatus(**{**known, "sha": sha, "text": "2 tests, 0.1 s", **fields})
