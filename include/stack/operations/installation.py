"""An installation that Compose runs, and its commands."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[3]
_LONG = 3600.0
# The way out of this machine, for builds.
PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
# Both name Airflow's database so.
DATABASE = "airflow"


class OperationFailed(Exception):
    """It was not done; the message says why, and what is to be done about it."""


def say(text: str) -> None:
    """Tell whoever waits."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


@dataclass(frozen=True, kw_only=True, slots=True)
class Installation:
    """One installation.

    :param variables: the file of what Compose is told.
    :param files: of Compose, below the clone.
    :param project: Compose's name for it; by the clone's folder where there is none.
    :param program: how Compose is called.
    :param passed_on: which of this process's variables it sees; all of them when None.
    """

    variables: Path
    files: Sequence[str] = ("docker-compose.yaml",)
    project: str = ""
    program: Sequence[str] = field(default_factory=lambda: compose_program())
    passed_on: Sequence[str] | None = None

    def compose(
        self,
        *arguments: str,
        source: IO[bytes] | None = None,
        target: IO[bytes] | None = None,
        timeout: float = _LONG,
    ) -> None:
        """Run a command of Compose.

        :param arguments: as in a shell.
        :param source: what it reads; nothing by default.
        :param target: what it writes to; this process's stderr by default.
        :param timeout: seconds.
        :raises OperationFailed: when it fails.
        """
        self._run(arguments, stdin=source, stdout=target or sys.stderr, timeout=timeout)

    def told(self, *arguments: str) -> str:
        """Run a command of Compose and return what it says.

        :param arguments: as in a shell.
        :raises OperationFailed: when it fails.
        """
        done = self._run(arguments, stdin=None, stdout=subprocess.PIPE, timeout=300)
        return str(done.stdout.decode()).strip()

    def _run(self, arguments: Sequence[str], *, stdin: Any, **how: Any) -> Any:
        files = [word for name in self.files for word in ("-f", name)]
        project = ["-p", self.project] if self.project else []
        argv = [*self.program, *project, "--env-file", str(self.variables), *files, *arguments]
        # Compose would believe the shell before the file, whoever set a variable there for what.
        own = read_variables(self.variables)
        seen = os.environ if self.passed_on is None else self.passed_on
        environment = {name: os.environ[name] for name in seen if name in os.environ.keys() - own}
        done = subprocess.run(  # noqa: S603 - no word of it is anybody else's
            argv,
            cwd=ROOT,
            check=False,
            env=environment,
            stdin=stdin or subprocess.DEVNULL,
            **how,
        )
        if done.returncode:
            msg = f"`{self.program[0]} {' '.join(arguments[:3])} ...` failed; the reason is above"
            raise OperationFailed(msg)
        return done

    def postgres(self, script: str, *words: str) -> list[str]:
        """Return the command of Compose that runs a script beside the database.

        :param script: for its shell, which has the password, and the database's options in ``$at``.
        :param words: ``$1`` and what follows it.
        """
        password = "PGPASSWORD=$(cat /run/secrets/postgres_password); export PGPASSWORD"  # noqa: S105
        at = f"at='--host=127.0.0.1 --username={DATABASE} --dbname={DATABASE}'"
        script = f"{password}; {at}; {script}"
        return ["exec", "-T", "postgres", "sh", "-ec", script, "sh", *words]

    def query(self, sql: str) -> list[list[str]]:
        """Ask the database.

        :param sql: one question.
        :returns: its rows, each field as text.
        """
        asked = self.postgres(
            'psql $at --no-align --tuples-only --field-separator="|" -c "$1"', sql
        )
        return [line.split("|") for line in self.told(*asked).splitlines()]

    def start_database(self, patience: float = 180.0) -> None:
        """Have the database run, and answer.

        :param patience: seconds.
        :raises OperationFailed: when it does not.
        """
        self.compose("up", "-d", "postgres")
        deadline = time.monotonic() + patience
        while True:
            try:
                self.told(*self.postgres("pg_isready --quiet $at"))
            except OperationFailed:
                if time.monotonic() > deadline:
                    raise
                time.sleep(2)
            else:
                return

    def workers(self) -> int:
        """Return how many workers there are."""
        return len(self.told("ps", "-q", "worker").split())

    def secret(self, name: str) -> bytes:
        """Return one of the secrets.

        :param name: of its file.
        :raises OperationFailed: when there is none.
        """
        folder = read_variables(self.variables).get("SLIPWAY_SECRETS", "")
        try:
            return (Path(folder) / name).read_bytes().strip()
        except OSError as error:
            msg = f"{folder or 'SLIPWAY_SECRETS'}: no secret {name} ({error.strerror}); put the "
            msg += "folder of the secrets back where the variables name it"
            raise OperationFailed(msg) from error


def read_variables(file: Path) -> Mapping[str, str]:
    """Return what Compose is told by a file.

    :param file: ``NAME=value`` on each line.
    """
    lines = (line.strip() for line in file.read_text().splitlines())
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name.strip(): value.strip().strip("\"'") for name, _, value in pairs}


def build_arguments() -> list[str]:
    """Return the arguments that let a build out through this machine's proxy, if it has one."""
    names = [name for name in PROXIES if name in os.environ]
    return [word for name in names for word in ("--build-arg", name)]


def compose_program() -> Sequence[str]:
    """Return how Compose is called here: v2, or docker-compose 1.29.

    :raises OperationFailed: when there is neither.
    """
    for argv in (["docker", "compose"], ["docker-compose"]):
        try:
            done = subprocess.run([*argv, "version"], check=False, capture_output=True)  # noqa: S603
        except FileNotFoundError:
            continue
        if done.returncode == 0:
            return argv
    msg = "there is no Docker Compose on this machine; on Debian: apt-get install docker-compose"
    raise OperationFailed(msg)


def of_this_clone() -> Installation:
    """Return the stack that `make stack` started from this clone.

    :raises OperationFailed: when there is none.
    """
    from include.stack import paths

    if not paths.VARIABLES.exists():
        msg = "there is no stack of this clone (`make stack`); name another one's --variables"
        raise OperationFailed(msg)
    return Installation(
        variables=paths.VARIABLES,
        files=("docker-compose.yaml", "docker-compose.cloud.yaml"),
        project=paths.PROJECT,
    )


def of(variables: Path | None) -> Installation:
    """Return the installation that somebody means.

    :param variables: its file; the stack of this clone without one.
    :raises OperationFailed: when there is none.
    """
    if variables is None:
        return of_this_clone()
    if not variables.is_file():
        msg = f"{variables}: there is no such file; it holds what Compose is told (docs/stack.md)"
        raise OperationFailed(msg)
    return Installation(
        variables=variables.resolve(), project=os.environ.get("COMPOSE_PROJECT_NAME", "")
    )
