"""Real git repositories, served by a real git daemon on loopback."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import slipway.model.git.repository
from tests.airflow_processes import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

IDENTITY = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "PATH": "/usr/bin:/bin",
}


class Repository:
    """A repository that a test commits to and a mirror reads through the daemon."""

    def __init__(self, path: Path, url: str) -> None:
        self.path = path
        self.url = url
        self._clock = 1_700_000_000
        self.git("init", "--quiet", "--initial-branch=main", str(path), cwd=path.parent)

    @property
    def source(self) -> slipway.model.git.repository.Repository:
        """The repository as operators are told of it."""
        return slipway.model.git.repository.Repository(url=self.url)

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        done = subprocess.run(
            ["git", *arguments],
            cwd=cwd or self.path,
            env=self._environment(),
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def commit(self, message: str = "change", **files: str) -> str:
        for name, content in files.items():
            target = self.path / name.replace("__", "/").replace("_dot_", ".")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content)
        self._clock += 60
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def _environment(self) -> dict[str, str]:
        stamp = f"{self._clock} +0000"
        return {**IDENTITY, "GIT_AUTHOR_DATE": stamp, "GIT_COMMITTER_DATE": stamp}


@contextmanager
def git_daemon(base: Path) -> Iterator[str]:
    """Serve every repository below a folder on loopback; gives the base URL."""
    port = free_port()
    process = subprocess.Popen(
        [
            "git",
            "daemon",
            "--export-all",
            f"--base-path={base}",
            "--listen=127.0.0.1",
            f"--port={port}",
            "--reuseaddr",
            str(base),
        ],
        start_new_session=True,
    )
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"git://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
