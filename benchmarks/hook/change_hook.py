"""Buildbot's change hook to its first step running: what webhooks are measured beside.

Buildbot comes from PyPI into an environment of its own in the given folder: one master, its own
local worker, one builder whose only step notes when it runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

_VERSION = "4.3.0"
_PACKAGES = [f"{name}=={_VERSION}" for name in ("buildbot", "buildbot-worker", "buildbot-www")]
_CONFIG = """
from buildbot.plugins import *
note = ["sh", "-c", 'touch "$0/$1"', {begun!r}, util.Property("revision")]
BuildmasterConfig = {{
    "workers": [worker.LocalWorker("local")],
    "protocols": {{"null": {{}}}},
    "schedulers": [schedulers.SingleBranchScheduler(
        name="all", change_filter=util.ChangeFilter(branch="main"), builderNames=["one"])],
    "builders": [util.BuilderConfig(
        name="one", workernames=["local"],
        factory=util.BuildFactory([steps.ShellCommand(command=note)]))],
    "www": {{"port": "tcp:{port}:interface=127.0.0.1", "change_hook_dialects": {{"base": True}}}},
    "db": {{"db_url": "sqlite:///state.sqlite"}},
    "buildbotURL": "http://127.0.0.1:{port}/",
    "buildbotNetUsageData": None,
}}
"""


class ChangeHook:
    """A Buildbot of the benchmark's own.

    :param home: a folder of its own.
    :param port: for its web server, on loopback.
    """

    def __init__(self, home: Path, port: int) -> None:
        self._home = home
        self._begun = home / "begun"
        self._port = port
        self._client = httpx.Client(timeout=30, trust_env=False)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Install it, start it and end it."""
        self._begun.mkdir(parents=True)
        bin_, master = self._home / "venv" / "bin", self._home / "master"
        _run(sys.executable, "-m", "venv", str(self._home / "venv"))
        _run(str(bin_ / "pip"), "install", "--quiet", *_PACKAGES)
        buildbot = str(bin_ / "buildbot")
        _run(buildbot, "create-master", "-q", str(master))
        config = _CONFIG.format(begun=str(self._begun), port=self._port)
        (master / "master.cfg").write_text(config)
        with (self._home / "log").open("ab") as log:
            process = subprocess.Popen(  # noqa: S603 - constant words
                [buildbot, "start", "--nodaemon", str(master)], stdout=log, stderr=log
            )
        try:
            self._wait_until_it_answers(process)
            yield
        finally:
            process.terminate()
            process.wait(30)

    def seconds_to_step(self, revision: str) -> float:
        """Tell of a change; returns the seconds until its build's first step runs.

        :param revision: which no change before had.
        """
        began = time.time()
        change = {"revision": revision, "branch": "main", "author": "a", "comments": "c"}
        url = f"http://127.0.0.1:{self._port}/change_hook/base"
        self._client.post(url, data=change).raise_for_status()
        file, deadline = self._begun / revision, time.monotonic() + 60
        while not file.exists():
            if time.monotonic() > deadline:
                msg = f"no step of {revision} began within a minute; see {self._home / 'log'}"
                raise SystemExit(msg)
            time.sleep(0.01)
        return file.stat().st_mtime - began

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 180
        while time.monotonic() < deadline and process.poll() is None:
            try:
                self._client.get(f"http://127.0.0.1:{self._port}/api/v2/builders")
            except httpx.TransportError:
                time.sleep(0.2)
            else:
                return
        said = (self._home / "master" / "twistd.log").read_text()[-1000:]
        msg = f"Buildbot does not answer:\n{said}"
        raise SystemExit(msg)


def _run(*words: str) -> None:
    # Its own environment: none of this checkout's modules, and nobody's proxy settings are lost.
    plain = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run(words, env=plain, check=True)  # noqa: S603 - constant words
