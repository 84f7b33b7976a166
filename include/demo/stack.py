"""Starts and stops what the demo stands on: cloud, git server, Airflow."""

from __future__ import annotations

import json
import shutil
import socket
import sys
import time
from pathlib import Path
from typing import Any

from include.demo import airflow_environment, git_host, login, paths, processes
from include.demo.airflow_api import DemoFailed
from include.demo.progress import say
from include.demo.signing_key import make_signing_key
from include.localcloud import infrastructure

PYTHON = sys.executable
# airflow standalone would start these four as well, but with log servers on every interface.
AIRFLOW = {
    "api-server": ("api-server", "--host", "127.0.0.1"),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}
PORTS = (
    paths.CLOUD_PORT,
    paths.GIT_PORT,
    paths.FORGE_PORT,
    paths.UI_PORT,
    paths.LOG_PORT,
    *paths.LISTENERS.values(),
)


def check_ports() -> None:
    """Refuse to start on ports that somebody else uses.

    :raises DemoFailed: naming the ports.
    """
    taken = [f"127.0.0.1:{port}" for port in PORTS if _answers(port)]
    # Airflow's name stands for this address as well, and a browser asks there first.
    if _answers(paths.UI_PORT, "::1"):
        taken.append(f"[::1]:{paths.UI_PORT}")
    if taken:
        msg = f"{', '.join(taken)} is taken; stop what listens there, then try again"
        raise DemoFailed(msg)


def start_cloud() -> str:
    """Start the embedded cloud and wait until it answers.

    :returns: the URL at which its machines reach it.
    """
    say("starting the embedded cloud")
    paths.CLOUD.mkdir(mode=0o700, parents=True, exist_ok=True)
    processes.start(
        "cloud",
        [
            PYTHON,
            "-m",
            "include.localcloud",
            "serve",
            "--home",
            str(paths.CLOUD),
            "--installation",
            paths.INSTALLATION,
            "--port",
            str(paths.CLOUD_PORT),
            "--region",
            paths.REGION,
        ],
        {},
    )
    facts = _wait_for_facts(paths.CLOUD / "cloud.json", "cloud", timeout=120)
    return str(facts["gateway"])


def start_git_server() -> None:
    """Serve every repository below ``.slipway/git`` at git://127.0.0.1:9418/."""
    paths.GIT.mkdir(parents=True, exist_ok=True)
    processes.start(
        "git-daemon",
        [
            "git",
            "daemon",
            "--export-all",
            "--reuseaddr",
            "--listen=127.0.0.1",
            f"--port={paths.GIT_PORT}",
            f"--base-path={paths.GIT}",
            str(paths.GIT),
        ],
        {},
    )


def lay_landscape() -> dict[str, str]:
    """Make what an infrastructure team would: network, balancers, databases, bucket.

    :returns: the databases' URLs by Airflow connection id.
    """
    say("laying out network, load balancers, databases and the apt bucket")
    return lay_guestbook(paths.ENDPOINT, paths.INSTALLATION, paths.LISTENERS)


def lay_guestbook(endpoint: str, installation: str, listeners: dict[str, int]) -> dict[str, str]:
    """Make the guestbook's place in an embedded cloud.

    :param endpoint: URL of its API.
    :param installation: the cloud's name.
    :param listeners: a port on 127.0.0.1 for each environment.
    :returns: the databases' URLs by Airflow connection id.
    """
    return infrastructure.lay_project(
        endpoint=endpoint,
        region=paths.REGION,
        installation=installation,
        project="guestbook",
        listeners=listeners,
        app_port=8000,
        health_path="/healthz",
    )


def start_airflow(*, gateway: str, databases: dict[str, str]) -> None:
    """Start Airflow's four processes on loopback.

    :param gateway: what :func:`start_cloud` returned.
    :param databases: what :func:`lay_landscape` returned.
    """
    say("starting Airflow")
    login.make()
    variables = airflow_environment.environment(
        signing_key=make_signing_key(),
        gateway=gateway,
        databases=databases,
        forge_token=git_host.token(),
    )
    variables |= airflow_environment.pool_setting()
    airflow_environment.save(variables)
    airflow = str(Path(PYTHON).parent / "airflow")
    processes.start("migrate-db", [airflow, "db", "migrate"], variables)
    while processes.alive("migrate-db"):
        time.sleep(0.2)
    airflow_environment.save_pools()
    # Beside the others: until it has ended, what needs a pool waits.
    processes.start("pools", [airflow, "pools", "import", str(paths.POOLS)], variables)
    processes.start("served-logs", [PYTHON, "-m", "include.demo.served_logs"], variables)
    for name, arguments in AIRFLOW.items():
        processes.start(name, [airflow, *arguments], variables)
    git_host.begin_webhook(variables)


def stop_all() -> None:
    """Stop the processes of an earlier demo and forget its state; images and .venv stay."""
    processes.stop(
        *AIRFLOW, "served-logs", "migrate-db", "pools", "git-daemon", *git_host.PROCESSES
    )
    # Last, since the others use it.
    processes.stop("cloud")
    for folder in paths.STATE:
        shutil.rmtree(folder, ignore_errors=True)
    paths.ENVIRONMENT.unlink(missing_ok=True)


def _wait_for_facts(file: Path, process: str, *, timeout: float) -> dict[str, Any]:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline and processes.alive(process):
        if file.exists():
            facts: dict[str, Any] = json.loads(file.read_text())
            return facts
        time.sleep(0.2)
    msg = f"{process} did not start:\n{processes.last_lines(process)}"
    raise DemoFailed(msg)


def _answers(port: int, address: str = "127.0.0.1") -> bool:
    try:
        with socket.create_connection((address, port), timeout=1):
            return True
    except OSError:
        return False
