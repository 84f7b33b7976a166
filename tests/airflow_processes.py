"""An Airflow of the tests' own: its parts, each a process in a session of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from include.demo.stack import AIRFLOW as PARTS
from tests.cloud_process import ROOT

__all__ = ["PARTS", "AirflowProcesses", "addresses", "free_port"]

_PROGRAM = str(Path(sys.executable).parent / "airflow")
# Seconds in which a part may end by itself.
_STOP = 30.0


@dataclass(frozen=True, kw_only=True)
class AirflowProcesses:
    """What runs of it.

    :param home: where each part's log is written, ``scheduler.log``.
    :param environment: of every part.
    :param before: words that come before the program's, such as ``setpriv``.
    :param program: which ``airflow``; that of the tests by default.
    """

    home: Path
    environment: dict[str, str]
    before: tuple[str, ...] = ()
    program: str = _PROGRAM
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict, init=False)

    def make_database(self) -> None:
        """Make the tables, before any part is started."""
        words = [self.program, "db", "migrate"]
        subprocess.run(words, env=self.environment, check=True, capture_output=True)

    def start(self, part: str) -> None:
        """Start one of :data:`PARTS`."""
        with self.log(part).open("ab") as out:
            self._running[part] = subprocess.Popen(
                [*self.before, self.program, *PARTS[part]],
                cwd=ROOT,
                env=self.environment,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def end(self, part: str, how: signal.Signals = signal.SIGTERM) -> None:
        """End a part with all that it started."""
        process = self._running.pop(part)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP)
        with suppress(ProcessLookupError):  # it, or what it started and did not take along
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def end_all(self) -> None:
        """End all that was started."""
        for part in list(self._running):
            self.end(part)

    def log(self, part: str) -> Path:
        """Return the file that a part writes to."""
        return self.home / f"{part}.log"


def addresses(home: Path, url: str, port: int) -> dict[str, str]:
    """Return the settings that say where such an Airflow is.

    :param home: its folder, with ``dags`` and ``passwords.json`` in it.
    :param url: where its server answers.
    :param port: the server's.
    """
    return {
        "AIRFLOW_HOME": str(home / "airflow"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
    }


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
