"""Buildbot, from a change that its hook is told of to the end of a build's steps.

It comes from PyPI into an environment of its own in the given folder: one master, its own local
worker, one builder that runs shell commands one after the other. The last of them notes its end.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from benchmarks.yardsticks.environment import environment

_VERSION = "4.3.0"
_PACKAGES = [f"{name}=={_VERSION}" for name in ("buildbot", "buildbot-worker", "buildbot-www")]
_CONFIG = """
from buildbot.plugins import *
*before, last = {commands!r}
note = ["sh", "-c", last + ' && touch "$0/$1"', {ended!r}, util.Property("revision")]
every = [*(["sh", "-c", one] for one in before), note]
BuildmasterConfig = {{
    "workers": [worker.LocalWorker("local")],
    "protocols": {{"null": {{}}}},
    "schedulers": [schedulers.SingleBranchScheduler(
        name="all", change_filter=util.ChangeFilter(branch="main"), builderNames=["one"])],
    "builders": [util.BuilderConfig(
        name="one", workernames=["local"],
        factory=util.BuildFactory([steps.ShellCommand(command=one) for one in every]))],
    "www": {{"port": "tcp:{port}:interface=127.0.0.1", "change_hook_dialects": {{"base": True}}}},
    "db": {{"db_url": "sqlite:///state.sqlite"}},
    "buildbotURL": "http://127.0.0.1:{port}/",
    "buildbotNetUsageData": None,
}}
"""


class Buildbot:
    """A Buildbot of a benchmark's own.

    :param home: a folder of its own.
    :param port: for its web server, on loopback.
    :param commands: for the shell, a step each.
    """

    def __init__(self, home: Path, port: int, commands: Sequence[str] = ("true",)) -> None:
        self._home = home
        self._ended = home / "ended"
        self._port = port
        self._commands = list(commands)
        self._client = httpx.Client(timeout=30, trust_env=False)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Install it, start it and end it."""
        self._ended.mkdir(parents=True)
        master = self._home / "master"
        buildbot = str(environment(self._home / "venv", *_PACKAGES) / "buildbot")
        subprocess.run([buildbot, "create-master", "-q", str(master)], check=True)  # noqa: S603
        config = _CONFIG.format(ended=str(self._ended), port=self._port, commands=self._commands)
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

    def seconds_to_end(self, revision: str) -> float:
        """Tell of a change; returns the seconds until its build's last command has run.

        :param revision: which no change before had.
        """
        began = time.time()
        change = {"revision": revision, "branch": "main", "author": "a", "comments": "c"}
        url = f"http://127.0.0.1:{self._port}/change_hook/base"
        self._client.post(url, data=change).raise_for_status()
        file, deadline = self._ended / revision, time.monotonic() + 60
        while not file.exists():
            if time.monotonic() > deadline:
                msg = f"no build of {revision} ended within a minute; see {self._home / 'log'}"
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
