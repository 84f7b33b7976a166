"""Makes a machine ready: system packages, a Docker engine, the virtual environment.

Runs on the system's Python before anything is installed, so it uses the standard library alone.
It looks at everything first; if something is missing that it cannot install, it says what and
how, and has changed nothing.
"""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
HOME = ROOT / ".slipway"
VENV = ROOT / ".venv"
ENGINE_SOCKET = "/var/run/docker.sock"
INSTALLER = "requirements-uv.txt"
REQUIREMENTS = ("requirements.txt", "requirements-dev.txt", "constraints.txt", INSTALLER)
# What an editable Slipway in .venv depends on: its entry points and the folders on the path.
PROJECT = ("pyproject.toml",)
OLDEST_PYTHON = (3, 11)
# Command -> the Debian package that has it.
COMMANDS = {"git": "git", "mmdebstrap": "mmdebstrap"}
# What only some tests need: ``python -m include.demo.prerequisites chromium``.
MORE = {"chromium": "chromium"}


class EngineConnection(http.client.HTTPConnection):
    """HTTP over Docker's socket."""

    def connect(self) -> None:
        """Connect to the socket in place of a TCP port."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(5)
        self.sock.connect(ENGINE_SOCKET)


def engine_answers() -> bool:
    """Tell whether a Docker engine answers on its usual socket."""
    try:
        connection = EngineConnection("docker")
        connection.request("GET", "/_ping")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False


def missing_packages(more: Sequence[str] = ()) -> list[str]:
    """List the Debian packages that this machine lacks.

    :param more: commands of :data:`MORE` that are needed as well.
    """
    needed = COMMANDS | {command: MORE[command] for command in more}
    missing = [package for command, package in needed.items() if not shutil.which(command)]
    if not engine_answers() and not shutil.which("dockerd"):
        missing.append("docker.io")
    if not VENV.exists() and not _has_module("ensurepip"):
        missing.append("python3-venv")
    return missing


def obstacles(missing: list[str]) -> list[str]:
    """Say what stands in the way and cannot be cleared from here.

    :param missing: what :func:`missing_packages` found.
    """
    found = []
    if sys.version_info < OLDEST_PYTHON:
        found.append(
            "Python 3.11 or newer is needed: apt-get install python3.11, PYTHON=python3.11"
        )
    can_install = os.geteuid() == 0 and shutil.which("apt-get")
    if missing and not can_install:
        found += [f"{name} is missing: as root, apt-get install {name}" for name in missing]
    if not engine_answers() and "docker.io" not in missing and os.geteuid() != 0:
        found.append("the Docker engine is not running: as root, systemctl start docker")
    return found


def install(packages: list[str]) -> None:
    """Install Debian packages.

    :param packages: their names.
    :raises SystemExit: when apt-get fails, with what it said.
    """
    _say(f"installing {', '.join(packages)}")
    apt = ["apt-get", "-o", "DPkg::Lock::Timeout=120"]
    _run([*apt, "update", "-q"], "apt-get update")
    options = ["install", "-y", "-q", "--no-install-recommends"]
    _run([*apt, *options, *packages], "apt-get install")


def start_engine() -> None:
    """Start the Docker engine, by systemd where it runs the machine, by hand elsewhere.

    :raises SystemExit: when it does not answer within a minute.
    """
    _say("starting the Docker engine")
    if Path("/run/systemd/system").exists():
        _run(["systemctl", "start", "docker"], "systemctl start docker")
    else:
        _start_by_hand()
    for _ in range(120):
        if engine_answers():
            return
        time.sleep(0.5)
    sys.exit(f"the Docker engine does not answer; see {HOME / 'log' / 'dockerd.log'}")


def make_venv() -> None:
    """Create ``.venv`` from the pinned requirements, with Slipway in it, unless it is up to date.

    Everything is compared with its hash, the installer too; what has none is refused.
    """
    if _is_new("slipway-requirements", REQUIREMENTS):
        _install_requirements()
        _note("slipway-requirements", REQUIREMENTS)
    if _is_new("slipway-project", PROJECT):
        _say("installing Slipway itself into .venv, as it lies here")
        editable = ["install", "--quiet", "--no-deps", "--no-build-isolation", "-e", str(ROOT)]
        python = ["--python", str(VENV / "bin" / "python")]
        _run([str(VENV / "bin" / "uv"), "pip", *editable, *python], "uv pip install -e .")
        _note("slipway-project", PROJECT)


def _digest(names: tuple[str, ...]) -> str:
    return sha256(b"".join((ROOT / name).read_bytes() for name in names)).hexdigest()


def _is_new(stamp: str, names: tuple[str, ...]) -> bool:
    """Tell whether files are others than when they were last noted in ``.venv``."""
    noted = VENV / stamp
    return not noted.exists() or noted.read_text() != _digest(names)


def _note(stamp: str, names: tuple[str, ...]) -> None:
    (VENV / stamp).write_text(_digest(names))


def _install_requirements() -> None:
    _say("creating .venv from requirements-dev.txt and constraints.txt")
    _run([sys.executable, "-m", "venv", "--clear", str(VENV)], "python -m venv")
    installer = ["install", "-q", "--require-hashes", "-r", str(ROOT / INSTALLER)]
    _run([str(VENV / "bin" / "pip"), *installer], "pip install uv")
    # uv leaves bytecode to the first import, which every task process would then pay for.
    _run(
        [
            str(VENV / "bin" / "uv"),
            "pip",
            "install",
            "--quiet",
            "--compile-bytecode",
            "--python",
            str(VENV / "bin" / "python"),
            "--require-hashes",
            "-r",
            str(ROOT / "requirements-dev.txt"),
            "-c",
            str(ROOT / "constraints.txt"),
        ],
        "uv pip install",
    )


def main(more: Sequence[str] = ()) -> None:
    """Look first, then install.

    :param more: commands of :data:`MORE` that are needed as well.
    """
    missing = missing_packages(more)
    if found := obstacles(missing):
        sys.exit("This machine is not ready, and nothing was changed:\n  " + "\n  ".join(found))
    HOME.mkdir(mode=0o700, exist_ok=True)
    HOME.chmod(0o700)
    if missing:
        install(missing)
    if not engine_answers():
        start_engine()
    make_venv()


def _start_by_hand() -> None:
    # Not before the Python is known to be new enough.
    from include.demo import processes

    processes.start("dockerd", ["dockerd", "--host", f"unix://{ENGINE_SOCKET}"], {})


def _has_module(name: str) -> bool:
    from importlib.util import find_spec

    return find_spec(name) is not None


def _run(argv: list[str], what: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(  # noqa: S603 - constant words and paths of this clone
        argv,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    )
    if done.returncode:
        sys.exit(f"{what} failed:\n{done.stdout[-2000:]}")


def _say(text: str) -> None:
    sys.stdout.write(f"  {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
